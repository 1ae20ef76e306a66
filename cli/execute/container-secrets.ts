/** The secret variables of a container by the names they have in it. */
import type { ContainerEnv } from "../config/config.ts";
import type { Secret } from "../secret/secret.ts";
import type { Work } from "./work.ts";

/** @throws KdeployError `secret-not-found` */
export async function secretsOf(work: Work, env: ContainerEnv): Promise<ReadonlyMap<string, Secret>> {
  const secrets = new Map<string, Secret>();
  for (const { name, key } of env.secrets) secrets.set(name, await work.secrets.get(key));
  return secrets;
}
