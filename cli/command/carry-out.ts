/** A plan → done; a dry run says it first, then what each step would run. */
import type { Work } from "../execute/work.ts";
import { printPlan } from "../plan/print.ts";
import type { Plan } from "../plan/step.ts";

/** @throws what the step that failed throws */
export async function carryOut(work: Work, plan: Plan): Promise<number> {
  if (work.dryRun) work.report({ event: "said", kind: "notice", text: printPlan(plan).join("\n") });
  const { executePlan } = await import("../execute/executor.ts");
  await executePlan(work, plan);
  return 0;
}
