/** Which proxy a server runs: the one seam between what kdeploy's own proxy can do and what basecamp/kamal-proxy can. */
import type { ProxyRun } from "./config.ts";

/**
 * Whether `proxy.run` names the original's image, directly or through a mirror. Nothing said is kdeploy's own: several servers may then get
 * certificates for one name, so the original's check does not apply.
 */
export function namesOriginalProxy(run: ProxyRun | undefined): boolean {
  return run?.repository !== undefined && /(?:^|\/)basecamp\/kamal-proxy$/.test(run.repository);
}
