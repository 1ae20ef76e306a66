/** How whoever wants a certificate has it got: by a job for the process that talks to the authority. */
import type { IssueEvent, IssueJob } from "./issue-protocol.ts";

export type IssueHooks = {
  /** Told of every event, the last one included; what it does about one is done before the job goes on. */
  readonly onEvent: (event: IssueEvent) => Promise<void>;
  readonly signal: AbortSignal;
};

/** Resolves with the job's last event. @throws Error when there is none, because it was given up */
export type Issue = (job: IssueJob, hooks: IssueHooks) => Promise<IssueEvent>;

/** By a process of its own, as the real proxy does. */
export const issueByProcess: Issue = async (job, { onEvent, signal }) => {
  // Loaded with the first job: most proxies have none for a long time.
  const { runIssueJob } = await import("./issuing-process.ts");
  let last: IssueEvent | undefined;
  await runIssueJob(job, {
    signal,
    onEvent: async (event) => {
      last = event;
      await onEvent(event);
    },
  });
  signal.throwIfAborted();
  if (last === undefined) throw new Error("the order ended without a word");
  return last;
};
