/** Drives a proxy with autocannon until told to stop and counts every request that did not get its whole answer. */

import { createInterface } from "node:readline";
import autocannon from "autocannon";
import { numberArgument } from "../process/arguments.ts";
import { smallBody } from "../upstream/upstream.ts";

const port = numberArgument(0);
const connections = numberArgument(1);
const atMostSeconds = 300;
const hangsAfterMs = 2_000;
const expected = new Set([smallBody("app"), smallBody("next")]);

/** Per connection, when its unanswered request was sent; 0 when it has none. */
const waitings: { since: number }[] = [];
let lost = 0;

process.once("SIGTERM", () => process.exit(0));

const instance = autocannon(
  {
    url: `http://127.0.0.1:${port}/small`,
    connections,
    duration: atMostSeconds,
    sampleInt: 100,
    timeout: 10,
    verifyBody: (body) => expected.has(String(body)),
    setupClient: watchForLostRequests,
  },
  (error, result) => {
    if (error) throw error;
    const now = performance.now();
    const hanging = waitings.filter(({ since }) => since > 0 && now - since > hangsAfterMs).length;
    // A refused or timed-out request is in both counts, so the larger one is taken and not their sum.
    const unanswered = Math.max(lost, result.errors) + hanging;
    const failures = unanswered + result.non2xx + result.mismatches;
    const { p50, p99, max } = result.latency;
    const requests = result.requests.total;
    console.log(JSON.stringify({ requests, failures, p50Ms: p50, p99Ms: p99, slowestMs: max }));
  },
);
createInterface({ input: process.stdin }).once("line", () => instance.stop());

/**
 * autocannon reconnects without a word when a connection ends before the answer came, and counts nothing. A request
 * sent on a connection whose previous request is still unanswered can only mean that.
 */
function watchForLostRequests(client: autocannon.Client): void {
  const waiting = { since: 0 };
  waitings.push(waiting);
  const events: NodeJS.EventEmitter = client;
  events.on("request", () => {
    if (waiting.since > 0) lost += 1;
    waiting.since = performance.now();
  });
  events.on("response", () => {
    waiting.since = 0;
  });
}
