/** A plan → done; a dry run says it first, then what each step would run. */
import type { Work } from "../execute/work.ts";
import { printPlan } from "../plan/print.ts";
import type { Plan, Step } from "../plan/step.ts";

/** @throws what the step that failed throws */
export async function carryOut(work: Work, plan: Plan): Promise<number> {
  if (work.dryRun) work.report({ event: "said", kind: "notice", text: printPlan(plan).join("\n") });
  const [{ executePlan }, { checkDockerfile }] = await Promise.all([
    import("../execute/executor.ts"),
    import("../execute/build/dockerfile.ts"),
  ]);
  // Before servers are prepared for what cannot come.
  if (builds(plan.steps)) await checkDockerfile(work);
  await executePlan(work, plan);
  return 0;
}

function builds(steps: readonly Step[]): boolean {
  return steps.some((step) => step.kind === "build-image" || (step.kind === "lock" && builds(step.steps)));
}
