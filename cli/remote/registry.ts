/** Logins to registries, and the registry on this machine. Source: cli-docker-commands §8. */
import type { Registry } from "../config/config.ts";
import { LOCAL_REGISTRY_CONTAINER } from "../config/names.ts";
import { REDACTED, type Secret } from "../secret/secret.ts";
import { joined, word } from "./conventions.ts";
import type { RemoteCommand } from "./remote-command.ts";
import { quote, quoteLive } from "./shell.ts";

/** The password is read from stdin: on the command line every user of the host could read it. */
export function login({ server }: Pick<Registry, "server">, username: Secret, password: Secret): RemoteCommand {
  const name = username.reveal();
  const line = (user: string) =>
    joined("docker login", server === undefined ? undefined : word(server), `-u ${user} --password-stdin`);
  // A `$` in a name is the name's: nothing in it is the server's.
  const quoted = name.includes("${") ? quote(name) : quoteLive(name);
  return { command: line(quoted), input: password, shown: line(REDACTED) };
}

export function logout({ server }: Pick<Registry, "server">): string {
  return joined("docker logout", server === undefined ? undefined : word(server));
}

/** On this machine; the port is for this machine only. */
export function startLocalRegistry(port: number): string {
  const run = `docker run --detach -p 127.0.0.1:${port}:5000 --name ${LOCAL_REGISTRY_CONTAINER} registry:3`;
  return `docker start ${LOCAL_REGISTRY_CONTAINER} || ${run}`;
}

/** Where the registry that `startLocalRegistry` found can be reached: it may have been made for another port. */
export function localRegistryPort(): string {
  return `docker port ${LOCAL_REGISTRY_CONTAINER} 5000`;
}

export function removeLocalRegistry(): string {
  return `docker stop ${LOCAL_REGISTRY_CONTAINER} && docker rm ${LOCAL_REGISTRY_CONTAINER}`;
}
