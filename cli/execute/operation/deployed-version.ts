/** Which version of a role is deployed on a host, running or stopped: what a command without `--version` is about. */
import type { Role } from "../../config/config.ts";
import { containerPrefix } from "../../config/names.ts";
import { currentVersion } from "../../remote/app.ts";
import { containersOfLatest } from "../../remote/app-lookup.ts";
import { listContainers, parseContainers } from "../../remote/prune.ts";
import { parseReleases, readReleases } from "../../remote/releases.ts";
import { onHosts } from "../on-hosts.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";
import { answer } from "./answers.ts";

const REPLACED = /_replaced_[0-9a-f]+$/;
const QUIETLY = { level: "debug", tolerate: true } as const;

/** As its container's name says it, which may have given way to another of the same version; undefined when nothing runs. */
export async function runningSuffix(work: Work, host: string, role: Role): Promise<string | undefined> {
  const suffix = (await answer(work, host, currentVersion(work.config, role), { level: "debug" })).trim();
  return suffix === "" ? undefined : suffix;
}

/** What runs; else what the last deploy tagged; else what was last recorded, or made. Undefined when there is nothing at all. */
export async function deployedVersion(work: Work, host: string, role: Role): Promise<string | undefined> {
  const running = await runningSuffix(work, host, role);
  if (running !== undefined) return running.replace(REPLACED, "");
  const { config } = work;
  const prefix = `${containerPrefix(config, role)}-`;
  const newest = async (line: string): Promise<string | undefined> => {
    const names = parseContainers(await answer(work, host, line, QUIETLY)).map(({ name }) => name);
    const found = names.find((name) => name.startsWith(prefix) && !REPLACED.test(name));
    return found?.slice(prefix.length);
  };
  const tagged = await newest(containersOfLatest(config, role));
  if (tagged !== undefined) return tagged;
  const recorded = parseReleases(await answer(work, host, readReleases(config), QUIETLY)).at(-1)?.version;
  return recorded ?? newest(listContainers(config, role));
}

/**
 * The one version that the selected hosts have; hosts that are new have no say.
 * @throws WorkError `nothing-deployed` when there is none, or they differ
 */
export async function commonVersion(work: Work): Promise<string> {
  const { config, selection } = work;
  const ask = async (host: string): Promise<string | undefined> => {
    const role = selection.rolesOn(host)[0] ?? config.roles.find((one) => one.hosts.some(({ name }) => name === host));
    return role === undefined ? undefined : deployedVersion(work, host, role);
  };
  const found = [...(await onHosts(work, selection.appHosts, ask))];
  const known = found.filter((one): one is [string, string] => one[1] !== undefined);
  const versions = [...new Set(known.map(([, version]) => version))];
  if (versions.length > 1) {
    throw new WorkError("nothing-deployed", "The hosts do not have the same version.", {
      details: known.map(([host, version]) => `${host}: ${version}`),
      hint: "name one with --version",
    });
  }
  const version = versions[0] ?? (await ask(selection.lockHost));
  if (version !== undefined) return version;
  throw new WorkError("nothing-deployed", "Nothing is deployed on these hosts.", {
    hint: "kdeploy deploy, or name a version with --version",
  });
}
