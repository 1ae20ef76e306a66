/** A part of the work with a name, told to the reporters from its beginning to its end. */
import type { Work } from "./work.ts";
import { isCancelled } from "./work-error.ts";

export async function inStep<Result>(
  work: Work,
  title: string,
  hosts: readonly string[],
  perform: () => Promise<Result>,
): Promise<Result> {
  const id = work.state.nextStepId();
  const from = performance.now();
  const finished = (outcome: "done" | "failed" | "cancelled"): void =>
    work.report({ event: "step-finished", id, outcome, durationMs: performance.now() - from });
  work.report({ event: "step-started", id, title, hosts });
  try {
    const result = await perform();
    finished("done");
    return result;
  } catch (error) {
    finished(isCancelled(error) ? "cancelled" : "failed");
    throw error;
  }
}

/** A sentence for people, about one host where it is named. */
export function say(work: Work, kind: "progress" | "notice" | "warning", text: string, host?: string): void {
  work.report({ event: "said", kind, text: work.redactor.redact(text), ...(host === undefined ? {} : { host }) });
}
