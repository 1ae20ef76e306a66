/** A command that undoes or clears away: tried whatever the run has come to, and what came of it out, never an error. */
import { runCommand } from "./run-command.ts";
import type { Work } from "./work.ts";
import { isUncertain } from "./work-error.ts";

export type AttemptOptions = {
  /** What it may take beyond `cleanupTimeoutMs`. */
  readonly moreMs?: number;
  /** Any exit code is good enough. */
  readonly tolerate?: boolean;
};

/** The line may run twice: a connection that is lost is made anew. @returns whether it was run, and, unless tolerated, went well */
export async function attempt(
  work: Work,
  host: string,
  line: string,
  { moreMs = 0, tolerate = false }: AttemptOptions = {},
): Promise<boolean> {
  const timeoutMs = work.state.limits.cleanupTimeoutMs + moreMs;
  for (let again = false; ; again = true) {
    try {
      await runCommand(work, host, line, { tolerate, signal: null, timeoutMs });
      return true;
    } catch (error) {
      if (again || !isUncertain(error)) return false;
    }
  }
}
