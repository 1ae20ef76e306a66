/** `setup`: new servers get Docker, accessories and the app, all under one lock. Source: cli-deploy-flow §3. */
import type { Config } from "../config/config.ts";
import type { Selection } from "../selection/selection.ts";
import { type DeployOptions, deliverSteps, switchSteps } from "./deploy.ts";
import type { Plan } from "./step.ts";

export function setupPlan(config: Config, selection: Selection, options: DeployOptions): Plan {
  return {
    name: "setup",
    version: options.version,
    steps: [
      { kind: "run-hook", hook: "pre-connect", runtime: false },
      {
        kind: "lock",
        steps: [
          { kind: "make-run-directory", hosts: selection.hosts },
          { kind: "bootstrap", hosts: selection.hosts },
          { kind: "run-hook", hook: "docker-setup", runtime: false },
          ...deliverSteps(selection, options),
          { kind: "run-hook", hook: "pre-deploy", runtime: false },
          ...switchSteps(config, selection, options.version, { accessories: true }),
          { kind: "run-hook", hook: "post-deploy", runtime: true },
        ],
      },
    ],
  };
}
