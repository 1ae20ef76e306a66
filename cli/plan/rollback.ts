/** `rollback`: a version that is known to be there takes over again. Which one that is, is found out before. Source: cli-deploy-flow §3. */
import type { Config } from "../config/config.ts";
import type { Selection } from "../selection/selection.ts";
import { bootSteps } from "./boot-steps.ts";
import type { Plan } from "./step.ts";

/** What is done under the lock; what comes after it is `afterRollbackPlan`. */
export function rollbackPlan(config: Config, selection: Selection, version: string): Plan {
  return {
    name: "rollback",
    version,
    steps: [
      { kind: "run-hook", hook: "pre-deploy", runtime: false },
      ...bootSteps(config, selection, version, { rollback: true }),
    ],
  };
}

export function afterRollbackPlan(version: string): Plan {
  return { name: "rollback", version, steps: [{ kind: "run-hook", hook: "post-deploy", runtime: true }] };
}
