/** The secrets that containers, certificates and the build want: are they there? Their names are told, and never a value. */
import { KdeployError } from "../../errors.ts";
import { missingSecrets, wantedSecrets } from "../wanted-secrets.ts";
import type { Work } from "../work.ts";
import { isCancelled } from "../work-error.ts";
import { type Finding, ok, problem } from "./finding.ts";

/** Nothing is told of a configuration without secrets. */
export async function checkSecrets(work: Work): Promise<Finding[]> {
  const wanted = wantedSecrets(work.config);
  if (wanted.size === 0) return [];
  const check = "secrets";
  try {
    const missing = await missingSecrets(work, wanted);
    if (missing.length === 0) return [ok(check, `All secrets are there: ${[...wanted.keys()].join(", ")}.`)];
    return [problem(check, `Secrets are missing: ${missing.join(", ")}.`, `give them in ${work.config.secretsPath}`)];
  } catch (error) {
    if (!(error instanceof KdeployError) || isCancelled(error)) throw error;
    return [problem(check, error.message, error.hint)];
  }
}
