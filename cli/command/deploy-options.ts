/** Options that setup, deploy and redeploy share, and the options of plans that come of them. */
import type { DeployOptions } from "../plan/deploy.ts";
import type { OptionTable, OptionValues } from "./options.ts";

export const DEPLOY_OPTIONS = {
  "skip-push": { kind: "bool", short: "P", help: "the image is in the registry already: build and push nothing" },
  "no-cache": { kind: "bool", help: "build in any case, and without the cache of earlier builds" },
} as const satisfies OptionTable;

export function deployOptions(version: string, options: OptionValues<typeof DEPLOY_OPTIONS>): DeployOptions {
  return { version, skipPush: options["skip-push"], noCache: options["no-cache"] };
}
