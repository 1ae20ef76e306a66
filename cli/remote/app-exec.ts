/** Commands inside app containers, running or new ones: a command in, the line of the server out. Source: cli-docker-commands §3. */
import type { Config, ContainerEnv, Role } from "../config/config.ts";
import { absoluteImage, containerName, execContainerName, NETWORK, roleEnvFile } from "../config/names.ts";
import { joined, word } from "./conventions.ts";
import { envFlags, logFlags, optionFlags, volumeFlags } from "./docker.ts";
import { envFileFlag, withEnvFile } from "./env-file.ts";

export type ExecOptions = {
  readonly version: string;
  /** A line for the server's shell, as in the original: what it quotes arrives, what it does not is expanded there. */
  readonly command: string;
  readonly env?: Readonly<Record<string, string>>;
  /** `terminal` when local stdin is one, `stdin` when it is something else. */
  readonly interactive?: "terminal" | "stdin" | undefined;
};

export type NewContainer = ExecOptions & {
  readonly env?: Readonly<Record<string, string>>;
  readonly hostEnv: ContainerEnv;
  /** Six hex digits. */
  readonly hex: string;
  readonly detach?: boolean;
};

export function execInRunning(config: Config, role: Role, options: ExecOptions): string {
  return joined(
    "docker exec",
    interactiveFlag(options.interactive),
    envFlags(options.env ?? {}),
    word(containerName(config, role, options.version)),
    options.command,
  );
}

/** With the variables that the last deploy left on the host. */
export function execInNew(config: Config, role: Role, options: NewContainer): string {
  // What the file holds is not known here: reading the secrets may ask a person for a password.
  const exported = options.hostEnv.secrets.length === 0 ? false : "unknown";
  const file = { path: roleEnvFile(config, role), exported } as const;
  const line = joined(
    "docker run",
    interactiveFlag(options.interactive),
    options.detach === true ? "--detach" : "--rm",
    `--name ${word(execContainerName(config, role, options.version, options.hex))} --network ${NETWORK}`,
    envFlags(options.hostEnv.clear),
    envFileFlag(file),
    envFlags(options.env ?? {}),
    logFlags(role.logging),
    volumeFlags(config.volumes),
    optionFlags(role.options),
    word(absoluteImage(config, options.version)),
    options.command,
  );
  return withEnvFile(file, line);
}

export function interactiveFlag(interactive: ExecOptions["interactive"]): string | undefined {
  return interactive === undefined ? undefined : interactive === "terminal" ? "-it" : "-i";
}
