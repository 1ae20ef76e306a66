/** A command that failed → the hook that wants to know of it; whatever was locked is free again. */
import type { Work } from "../execute/work.ts";
import { failureOf } from "../report/failure.ts";

const DEPLOYS: ReadonlySet<string> = new Set(["setup", "deploy", "redeploy", "rollback"]);

/** Never throws: what went wrong first is what people are to be told. */
export async function afterFailure(work: Work, error: unknown): Promise<void> {
  if (work.dryRun || !DEPLOYS.has(work.invocation.command)) return;
  const [failed] = failureOf(error).events;
  if (failed === undefined) return;
  const { runFailureHook } = await import("../execute/job/run-hook.ts");
  await runFailureHook(work, failed);
}
