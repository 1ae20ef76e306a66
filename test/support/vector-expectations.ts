/** The plain expectations of an HTTP/1 vector (statuses, forwarding, connection) against what a run has shown. */
// These run inside tests, which is more than the linter can see.
/* oxlint-disable vitest/no-standalone-expect, vitest/no-conditional-expect */
import { expect } from "vitest";
import type { Vector, VectorRun } from "./vector-run.ts";

export function expectStatuses({ expect: expected }: Vector, run: VectorRun): void {
  const seen = run.received.slice(0, 300);
  expect(expected.status, `outcome ${run.outcome}: ${JSON.stringify(seen)}`).toContain(run.outcome);
  // Whatever came before and after, the client's side of the wire is nothing but responses.
  const wire = run.responses.map((response) => response.informational.map(({ head }) => head).join("") + response.wire);
  expect(run.received).toBe(wire.join(""));
  if (expected.responses !== undefined) expect(run.responses.length).toBe(expected.responses);
  if (expected.second !== undefined) expect(expected.second).toContain(run.responses[1]?.status);
  if (expected.within_ms !== undefined) expect(run.tookMs).toBeLessThan(expected.within_ms);
}

export function expectForwarding({ id, expect: expected }: Vector, run: VectorRun): void {
  if (expected.upstream === "none") expect(run.forwarded, "requests forwarded").toEqual([]);
  if (expected.upstream === "one") {
    expect(run.forwarded.map(({ complete }) => complete)).toEqual([true]);
  }
  // A 200 comes from a target, except the answer to `OPTIONS *`.
  if (run.outcome === 200 && id !== "RL-33") expect(run.forwarded.length).toBeGreaterThan(0);
  const finals = run.responses.filter(({ status }) => status === 200 && id !== "RL-33");
  expect(finals.length).toBeLessThanOrEqual(run.forwarded.length);
}

export function expectConnection({ expect: expected }: Vector, run: VectorRun): void {
  if (expected.close) expect(run.closed, "connection closed").toBe(true);
  if (expected.noTunnel) {
    expect(run.tunnelled).toBe(false);
    expect(run.forwarded).toEqual([]);
  }
  // A connection that stays open is in step, or refuses what does not fit; it never answers something else.
  for (const response of run.afterwards) {
    expect(["200 root GET /still-in-step 0", "400"]).toContain(
      response.status === 400 ? "400" : `${response.status} ${response.body}`,
    );
  }
}
