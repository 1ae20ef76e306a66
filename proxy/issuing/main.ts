/** The issuing process: a job on stdin → events on stdout, and an end. The only place that ends this process. */
import type { IssueEvent } from "../certificate/issue-protocol.ts";
import { ISSUING_LIMITS } from "../limits.ts";
import { Conversation } from "./conversation.ts";
import { IssueFailure } from "./failure.ts";
import { runJob } from "./run-job.ts";

/** For a hook that does not end to be ended first: it would be left behind. */
const LAST_MS = 1_000;

/** Exit codes: 0 after a last event, "failed" included; 1 for what is no job, or when ending takes too long. */
export async function main(): Promise<void> {
  // The proxy may have gone; then there is nobody to tell, and `left` ends the process.
  process.stdout.on("error", () => undefined);
  const conversation = new Conversation(process.stdin, say);
  const stop = new AbortController();
  void conversation.left.then(() => {
    stop.abort(new IssueFailure("internal", "the proxy that asked for the certificate has ended"));
    // Time for a DNS record to be taken back, and no more.
    setTimeout(() => process.exit(1), ISSUING_LIMITS.dnsCleanupTimeoutMs + LAST_MS).unref();
  });
  const job = await conversation.job();
  if (job === undefined) process.exit(1);
  const timer = setTimeout(() => {
    const latest = conversation.latestStep;
    const during = latest === "" ? "" : `; the last step was: ${latest}`;
    stop.abort(new IssueFailure("timed-out", `not finished after ${job.timeoutMs / 1000}s${during}`));
  }, job.timeoutMs);
  const last = await runJob(job, conversation, stop.signal);
  clearTimeout(timer);
  await say(last);
  // Connections to the authority that are still open must not keep the process alive.
  process.exit(0);
}

function say(event: IssueEvent): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${JSON.stringify(event)}\n`, () => resolve());
  });
}
