/** `redeploy`: a deploy that leaves the proxy and old containers alone. Source: cli-deploy-flow §3. */
import type { Config } from "../config/config.ts";
import type { Selection } from "../selection/selection.ts";
import { bootSteps, placesOn } from "./boot-steps.ts";
import { type DeployOptions, deliverSteps } from "./deploy.ts";
import type { Plan } from "./step.ts";

export function redeployPlan(config: Config, selection: Selection, options: DeployOptions): Plan {
  return {
    name: "redeploy",
    version: options.version,
    steps: [
      { kind: "run-hook", hook: "pre-connect", runtime: false },
      { kind: "check-docker", hosts: selection.hosts },
      ...deliverSteps(selection, options),
      {
        kind: "lock",
        steps: [
          { kind: "make-run-directory", hosts: selection.hosts },
          { kind: "run-hook", hook: "pre-deploy", runtime: false },
          { kind: "stop-stale", places: placesOn(selection, selection.appHosts) },
          ...bootSteps(config, selection, options.version),
        ],
      },
      { kind: "run-hook", hook: "post-deploy", runtime: true },
    ],
  };
}
