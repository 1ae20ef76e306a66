/** What the user's own OpenSSH configuration says of a host: asked of `ssh -G`, which knows every rule of its files. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { HostError } from "../execute/host-error.ts";
import { SSH_G_TIMEOUT_MS } from "./limits.ts";

/** Keywords in lower case with their values, in order; keywords such as `identityfile` have several. */
export type OpensshConfig = ReadonlyMap<string, readonly string[]>;

export type OpensshQuery = {
  readonly host: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
  /** True for the standard files, else these, earlier ones first. */
  readonly files: true | readonly string[];
};

/** Undefined when this machine has no `ssh`. @throws HostError `ssh-config-invalid` */
export type AskOpenssh = (query: OpensshQuery) => Promise<OpensshConfig | undefined>;

/** One question for each host and process. */
export function cachedOpenssh(ask: AskOpenssh = askSsh): AskOpenssh {
  const answers = new Map<string, Promise<OpensshConfig | undefined>>();
  return (query) => {
    const key = JSON.stringify([query.host, query.user, query.port, query.files]);
    const known = answers.get(key) ?? ask(query);
    answers.set(key, known);
    return known;
  };
}

export async function askSsh(query: OpensshQuery): Promise<OpensshConfig | undefined> {
  const files = query.files === true ? [] : query.files.map(expandHome);
  // The program takes one file only; several are included from one.
  const folder = files.length > 1 ? await mkdtemp(join(tmpdir(), "kdeploy-")) : undefined;
  try {
    const args = ["-G"];
    if (folder !== undefined) {
      await writeFile(join(folder, "config"), files.map((file) => `Include "${resolve(file)}"\n`).join(""), {
        mode: 0o600,
      });
      args.push("-F", join(folder, "config"));
    } else if (files[0] !== undefined) args.push("-F", files[0]);
    if (query.user !== undefined) args.push("-l", query.user);
    if (query.port !== undefined) args.push("-p", String(query.port));
    const text = await output([...args, "--", query.host], query.host);
    return text === undefined ? undefined : parseOpensshConfig(text);
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

/** Reads what `ssh -G` prints: `keyword value` lines. */
export function parseOpensshConfig(text: string): OpensshConfig {
  const config = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const match = /^(\S+)\s+(.*?)\s*$/.exec(line);
    if (match === null) continue;
    const keyword = (match[1] as string).toLowerCase();
    const values = config.get(keyword);
    if (values === undefined) config.set(keyword, [match[2] as string]);
    else values.push(match[2] as string);
  }
  return config;
}

/** `~/x` and `$HOME/x` as OpenSSH means them: the home of who runs it. */
export function expandHome(path: string): string {
  const home = process.env["HOME"] ?? "";
  return path.replace(/^(?:~|\$\{?HOME\}?)(?=\/|$)/, () => home);
}

function output(args: readonly string[], host: string): Promise<string | undefined> {
  return new Promise((fulfil, reject) => {
    const child = execFile(
      "ssh",
      args,
      { timeout: SSH_G_TIMEOUT_MS, killSignal: "SIGKILL", maxBuffer: 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) fulfil(stdout);
        else if (error.code === "ENOENT") fulfil(undefined);
        else {
          const why = error.killed
            ? `ssh -G gave no answer within ${SSH_G_TIMEOUT_MS / 1000} s`
            : stderr.trim() || error.message;
          reject(
            new HostError(
              host,
              "ssh-config-invalid",
              "configuration",
              `The OpenSSH configuration for ${host} cannot be read: ${why}`,
              {
                hint: "`ssh: { config: false }` does without it.",
              },
            ),
          );
        }
      },
    );
    child.stdin?.end();
  });
}
