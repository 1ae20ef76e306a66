/** The secrets that containers, certificates and the build want, by name: whether they are there, before anything is begun. */
import type { Config } from "../config/config.ts";
import { KdeployError } from "../errors.ts";
import type { Work } from "./work.ts";

/** With what each is for: `web`, `certificate`, `build`. Credentials of registries are not among them. */
export type WantedSecrets = ReadonlyMap<string, string>;

export function wantedSecrets({
  accessories,
  builder,
  roles,
}: Pick<Config, "accessories" | "roles"> & {
  readonly builder: Pick<Config["builder"], "secrets">;
}): WantedSecrets {
  const wanted = new Map<string, string>();
  const add = (name: string, use: string): void => void (wanted.has(name) || wanted.set(name, use));
  for (const { hosts, name, proxy } of roles) {
    for (const { env } of hosts) for (const { key } of env.secrets) add(key, name);
    if (proxy?.certificate === undefined) continue;
    add(proxy.certificate.certificatePem, "certificate");
    add(proxy.certificate.privateKeyPem, "certificate");
  }
  for (const { env, name } of accessories) for (const { key } of env.secrets) add(key, name);
  for (const name of builder.secrets) add(name, "build");
  return wanted;
}

/** In words: `DB_PASSWORD (web)`. */
export async function missingSecrets(work: Work, wanted: WantedSecrets): Promise<string[]> {
  const missing: string[] = [];
  for (const [name, use] of wanted) {
    if ((await work.secrets.find(name)) === undefined) missing.push(`${name} (${use})`);
  }
  return missing;
}

/** Nobody is asked for any in a dry run. @throws KdeployError `secret-not-found` with all of them at once */
export async function needSecrets(work: Work, wanted: WantedSecrets): Promise<void> {
  if (work.dryRun) return;
  const missing = await missingSecrets(work, wanted);
  if (missing.length === 0) return;
  const [first = "", ...others] = missing;
  // As it is said of one, wherever that is found missing.
  if (others.length === 0) await work.secrets.get(first.slice(0, first.lastIndexOf(" (")));
  throw new KdeployError("secret-not-found", `secrets are missing: ${missing.join(", ")}`, {
    exitClass: "secret",
    hint: `add them to ${work.secrets.paths.at(-1)}`,
  });
}
