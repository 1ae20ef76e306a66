/** `redeploy`: a deploy that leaves the proxy and old containers alone. Source: cli-deploy-flow §3. */
import type { Config } from "../config/config.ts";
import type { Selection } from "../selection/selection.ts";
import { bootSteps, placesOn } from "./boot-steps.ts";
import { type DeployOptions, deliveredPlan } from "./deploy.ts";
import type { Plan } from "./step.ts";

export function redeployPlan(config: Config, selection: Selection, options: DeployOptions): Plan {
  return deliveredPlan("redeploy", selection, options, [
    { kind: "stop-stale", places: placesOn(selection, selection.appHosts) },
    ...bootSteps(config, selection, options.version),
  ]);
}
