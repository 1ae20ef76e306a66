/** Logging in to registries, once in a run for each machine. */
import type { Credential, Registry } from "../config/config.ts";
import { login } from "../remote/registry.ts";
import type { RemoteCommand } from "../remote/remote-command.ts";
import type { Secret } from "../secret/secret.ts";
import { runCommand } from "./run-command.ts";
import type { Work } from "./work.ts";

/** Nothing happens for a registry without credentials, such as one on this machine. */
export async function logIn(work: Work, host: string, registry: Registry = work.config.registry): Promise<void> {
  const key = `${host} ${registry.server ?? ""}`;
  if (work.state.loggedIn.has(key)) return;
  const command = await loginCommand(work, registry);
  if (command === undefined) return;
  await runCommand(work, host, command);
  work.state.loggedIn.add(key);
}

/** Undefined for a registry without credentials. @throws KdeployError `secret-not-found` and its like */
export async function loginCommand(work: Work, registry: Registry): Promise<RemoteCommand | undefined> {
  const { username, password, localPort } = registry;
  if (username === undefined || password === undefined || localPort !== undefined) return undefined;
  return login(registry, await reveal(work, username), await reveal(work, password));
}

function reveal(work: Work, credential: Credential): Promise<Secret> {
  return "secret" in credential ? work.secrets.get(credential.secret) : Promise.resolve(credential.value);
}
