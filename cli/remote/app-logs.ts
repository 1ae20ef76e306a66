/** The log of an app container: a role and what is wanted in, the line out. Source: cli-docker-commands §3. */
import type { Config, Role } from "../config/config.ts";
import { currentContainerId } from "./app.ts";
import { joined, program } from "./conventions.ts";
import { appFilters } from "./docker.ts";
import { filtered, followFlag, type LogOptions, RUNNING_FORMAT, rangeFlags, timestampsFlag } from "./logs.ts";
import { quote } from "./shell.ts";

export type AppLogOptions = LogOptions & {
  /** Instead of the container that runs now. */
  readonly containerId?: string | undefined;
  /** Of the newest container that has ended, in place of the one that runs. */
  readonly previous?: boolean | undefined;
};

export function logs(config: Config, role: Role, options: AppLogOptions): string {
  return joined(
    idOf(config, role, options),
    "| xargs docker logs",
    timestampsFlag(options),
    rangeFlags(options),
    followFlag(options),
    filtered(options),
  );
}

/** The container whose log is followed, and since when it runs: for `parseRunning`. */
export function currentSince(config: Config, role: Role): string {
  return `${currentContainerId(config, role)} | xargs docker inspect --type container ${RUNNING_FORMAT}`;
}

function idOf(config: Config, role: Role, { containerId, previous }: AppLogOptions): string {
  if (containerId !== undefined) return program("sh -c", quote(`echo ${quoted(containerId)}`));
  if (previous !== true) return currentContainerId(config, role);
  return `docker ps --all --quiet ${appFilters(config, role)} --filter status=exited --filter status=dead | head -1`;
}

function quoted(id: string): string {
  return /^[\w.-]+$/.test(id) ? id : quote(id);
}
