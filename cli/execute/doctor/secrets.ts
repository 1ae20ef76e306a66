/** The secrets that containers, certificates and the build want: are they there? Their names are told, and never a value. */
import type { Config } from "../../config/config.ts";
import { KdeployError } from "../../errors.ts";
import type { Work } from "../work.ts";
import { isCancelled } from "../work-error.ts";
import { type Finding, ok, problem } from "./finding.ts";

/** A deploy finds out when the image is built already. Nothing is told of a configuration without secrets. */
export async function checkSecrets(work: Work): Promise<Finding[]> {
  const wanted = wantedSecrets(work.config);
  if (wanted.size === 0) return [];
  const check = "secrets";
  try {
    const missing: string[] = [];
    for (const [name, use] of wanted) {
      if ((await work.secrets.find(name)) === undefined) missing.push(`${name} (${use})`);
    }
    if (missing.length === 0) return [ok(check, `All secrets are there: ${[...wanted.keys()].join(", ")}.`)];
    return [problem(check, `Secrets are missing: ${missing.join(", ")}.`, `give them in ${work.config.secretsPath}`)];
  } catch (error) {
    if (!(error instanceof KdeployError) || isCancelled(error)) throw error;
    return [problem(check, error.message, error.hint)];
  }
}

/** By name, with what each is for. Credentials of registries are tried with a login. */
function wantedSecrets({ accessories, builder, roles }: Config): Map<string, string> {
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
