/** A plan → done; a dry run says it first, then what each step would run. */
import type { Work } from "../execute/work.ts";
import { printPlan } from "../plan/print.ts";
import type { Plan, Step } from "../plan/step.ts";
import { servingSentence } from "./serving.ts";

/** @throws what the step that failed throws */
export async function carryOut(work: Work, plan: Plan): Promise<number> {
  if (work.dryRun) work.report({ event: "said", kind: "notice", text: printPlan(plan).join("\n") });
  const [{ executePlan }, { checkDockerfile }, { needSecrets, wantedSecrets }] = await Promise.all([
    import("../execute/executor.ts"),
    import("../execute/build/dockerfile.ts"),
    import("../execute/wanted-secrets.ts"),
  ]);
  // Before servers are prepared for what cannot come.
  const { accessories, builder } = work.config;
  const building = has(plan.steps, "build-image");
  if (building) await checkDockerfile(work);
  const wanted = wantedSecrets({
    roles: has(plan.steps, "boot-version") ? work.selection.roles : [],
    accessories: has(plan.steps, "boot-accessory") ? accessories : [],
    builder: { secrets: building ? builder.secrets : [] },
  });
  await needSecrets(work, wanted);
  await executePlan(work, plan);
  if (has(plan.steps, "boot-version") && !work.dryRun) {
    work.report({ event: "said", kind: "progress", text: servingSentence(work, plan.version) });
  }
  return 0;
}

function has(steps: readonly Step[], kind: Step["kind"]): boolean {
  return steps.some((step) => step.kind === kind || (step.kind === "lock" && has(step.steps, kind)));
}
