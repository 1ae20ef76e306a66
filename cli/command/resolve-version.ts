/** `--version`, the environment, or git → the version of the app that this run is about. Source: config-schema §2. */
import { randomBytes } from "node:crypto";
import type { Config } from "../config/config.ts";
import { KdeployError } from "../errors.ts";
import type { Host } from "../execute/host.ts";

export type VersionQuestion = {
  readonly asked: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly config: Config;
  readonly local: Host;
  readonly notice: (text: string) => void;
};

const GIT_TIMEOUT_MS = 30_000;
/** What Docker takes as a tag; anything else would end in a command line on a server. */
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** @throws KdeployError `version-unknown` outside of a git repository, `option-invalid` for what cannot be a tag */
export async function resolveVersion({ asked, env, config, local, notice }: VersionQuestion): Promise<string> {
  if (asked !== undefined) return checkedTag(asked, "--version");
  const fromEnv = env["VERSION"];
  if (fromEnv !== undefined && fromEnv !== "") {
    notice(`version ${fromEnv} is taken from the environment variable VERSION`);
    return checkedTag(fromEnv, "VERSION");
  }
  const head = await git(local, "rev-parse HEAD");
  if (head === undefined || !/^[0-9a-f]{40,64}$/.test(head)) {
    throw new KdeployError("version-unknown", "no version: this directory is not in a git repository with a commit", {
      exitClass: "usage",
      hint: "commit, or name a version with --version",
    });
  }
  // A build from a clone of the commit does not see what is not committed.
  if (config.builder.context === undefined) return head;
  const changed = await git(local, "status --porcelain");
  return changed === undefined || changed === "" ? head : `${head}_uncommitted_${randomBytes(8).toString("hex")}`;
}

/** Of whoever runs this: git's e-mail address, else the name of the account. */
export async function resolvePerformer(local: Host): Promise<string> {
  const email = await git(local, "config user.email");
  if (email !== undefined && email !== "") return email;
  const account = await local.run("whoami", { timeoutMs: GIT_TIMEOUT_MS });
  return account.exitCode === 0 ? account.stdout.trim() : "unknown";
}

async function git(local: Host, command: string): Promise<string | undefined> {
  const { exitCode, stdout } = await local.run(`git ${command}`, { timeoutMs: GIT_TIMEOUT_MS });
  return exitCode === 0 ? stdout.trim() : undefined;
}

function checkedTag(version: string, where: string): string {
  if (TAG.test(version)) return version;
  throw new KdeployError("option-invalid", `${where} ${JSON.stringify(version)} cannot be the tag of an image`, {
    exitClass: "usage",
    hint: "letters, digits, _, . and -, at most 128, and no . or - at the beginning",
  });
}
