/** Logging in to registries, once in a run for each machine. */
import type { Credential, Registry } from "../config/config.ts";
import { login, logout } from "../remote/registry.ts";
import type { RemoteCommand } from "../remote/remote-command.ts";
import { Secret } from "../secret/secret.ts";
import { runPatiently } from "./registry-patience.ts";
import { runCommand } from "./run-command.ts";
import type { Work } from "./work.ts";
import { CommandError, WorkError } from "./work-error.ts";

/** What Docker says when it is not the network's fault; permissions are those of a file or a socket of the host. */
const DENIED =
  /unauthorized|incorrect username or password|authentication required|(?<!permission )denied|forbidden|\b40[13]\b/i;

/**
 * Nothing happens for a registry without credentials, such as one on this machine.
 * @throws WorkError `registry-denied`; KdeployError as `loginCommand`
 */
export async function logIn(work: Work, host: string, registry: Registry = work.config.registry): Promise<void> {
  const key = keyOf(host, registry);
  const before = work.state.loggedIn.get(key);
  // Docker keeps one login for each registry: who comes last is who pulls.
  if (before !== undefined && isSameUser(before, registry)) return;
  // Where nothing is run, nobody is to be asked for a password.
  const command = await (work.dryRun
    ? commandWith(registry, async () => new Secret(""))
    : loginCommand(work, registry));
  if (command === undefined) return;
  await runPatiently(work, host, "login", command).catch((error: unknown) => {
    throw error instanceof CommandError && DENIED.test(error.stderr) ? denied(work, host, registry, error) : error;
  });
  work.state.loggedIn.set(key, registry);
}

/** Undefined for a registry without credentials. @throws KdeployError `secret-not-found` and its like */
export async function loginCommand(work: Work, registry: Registry): Promise<RemoteCommand | undefined> {
  const { password } = registry;
  // In no secrets file, so nobody has heard of it yet.
  if (password !== undefined && "value" in password) work.redactor.add(password.value);
  return commandWith(registry, (credential) => reveal(work, credential));
}

async function commandWith(
  registry: Registry,
  read: (credential: Credential) => Promise<Secret>,
): Promise<RemoteCommand | undefined> {
  const { username, password, localPort } = registry;
  if (username === undefined || password === undefined || localPort !== undefined) return undefined;
  return login(registry, await read(username), await read(password));
}

/** Goes well where nobody is logged in. */
export async function logOut(work: Work, host: string, registry: Registry = work.config.registry): Promise<void> {
  await runCommand(work, host, logout(registry));
  work.state.loggedIn.delete(keyOf(host, registry));
}

function denied(work: Work, host: string, registry: Registry, cause: CommandError): WorkError {
  const server = registry.server ?? "Docker Hub";
  const owner = work.config.accessories.find((accessory) => accessory.registry === registry);
  const section = registry === work.config.registry || owner === undefined ? "" : `accessories/${owner.name}/`;
  const words = (["username", "password"] as const).map((name) => {
    const credential = registry[name];
    const from = credential !== undefined && "secret" in credential ? ` (the secret ${credential.secret})` : "";
    return `${section}registry/${name}${from}`;
  });
  return new WorkError("registry-denied", `${host}: ${server} does not accept the username and password.`, {
    host,
    hint: `are ${words.join(" and ")} right, and not expired?`,
    details: cause.details,
    cause,
  });
}

function keyOf(host: string, { server }: Registry): string {
  return `${host} ${server ?? ""}`;
}

function isSameUser(one: Registry, other: Registry): boolean {
  return isSame(one.username, other.username) && isSame(one.password, other.password);
}

function isSame(one: Credential | undefined, other: Credential | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if ("secret" in one) return "secret" in other && one.secret === other.secret;
  return "value" in other && one.value.reveal() === other.value.reveal();
}

function reveal(work: Work, credential: Credential): Promise<Secret> {
  return "secret" in credential ? work.secrets.get(credential.secret) : Promise.resolve(credential.value);
}
