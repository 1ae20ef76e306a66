/** The log of an app container: a role and what is wanted in, the line out. Source: cli-docker-commands §3. */
import type { Config, Role } from "../config/config.ts";
import { currentContainerId } from "./app.ts";
import { joined, program } from "./conventions.ts";
import { filtered, followFlag, type LogOptions, rangeFlags, timestampsFlag } from "./logs.ts";
import { quote } from "./shell.ts";

export type AppLogOptions = LogOptions & {
  /** Instead of the container that runs now. */
  readonly containerId?: string | undefined;
};

export function logs(config: Config, role: Role, options: AppLogOptions): string {
  const { containerId } = options;
  const id =
    containerId === undefined
      ? currentContainerId(config, role)
      : program("sh -c", quote(`echo ${quoted(containerId)}`));
  return joined(
    id,
    "| xargs docker logs",
    timestampsFlag(options),
    rangeFlags(options),
    followFlag(options),
    filtered(options),
  );
}

function quoted(id: string): string {
  return /^[\w.-]+$/.test(id) ? id : quote(id);
}
