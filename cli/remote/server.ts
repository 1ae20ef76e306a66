/** Docker and the tool's directory on a new server. Source: cli-docker-commands §10. */
import { program } from "./conventions.ts";

export function isDockerInstalled(): string {
  return "docker -v";
}

/** Succeeds for root, and for those whom sudo asks no password. */
export function mayInstallDocker(): string {
  return '[ "${EUID:-$(id -u)}" -eq 0 ] || sudo -nl usermod >/dev/null';
}

/** Docker's own script. Fails when it cannot be fetched. */
export function installDocker(): string {
  const get = 'curl -fsSL https://get.docker.com || wget -O - https://get.docker.com || echo "exit 1"';
  return program(`sh -c '${get}' | sh`);
}

export function isRoot(): string {
  return '[ "${EUID:-$(id -u)}" -eq 0 ]';
}

export function isInDockerGroup(): string {
  return 'id -nG "${USER:-$(id -un)}" | grep -qw docker';
}

/** Counts from the next session on: see `endSession`. */
export function addToDockerGroup(): string {
  return 'sudo -n usermod -aG docker "${USER:-$(id -un)}"';
}

export function endSession(): string {
  return "kill -HUP $PPID";
}

export function makeRunDirectory(): string {
  return program("mkdir -p .kamal");
}

/** A command of the user's: one word is a program, more are a line for the shell. */
export function exec(command: string): string {
  return /\s/.test(command) ? command : program(command);
}
