/** The last screen: what happened in numbers, and the verdict. */
import { count, heading, milliseconds, paint, say } from "../screen.ts";
import { quantile } from "../traffic/quantile.ts";
import type { Cutover } from "./cutover.ts";
import type { PauseOutcome } from "./pause.ts";
import type { Stage } from "./stage.ts";

const shownFailures = 20;

export function showSummary(stage: Stage, cutovers: Cutover[], pause: PauseOutcome): void {
  const { ledger, sockets, download } = stage;
  const { p50Ms, p99Ms } = ledger.total();
  const versions = [...ledger.repliesByVersion].map(([version, replies]) => `${version} ${count(replies)}`).join(", ");
  heading("What happened");
  line("requests", `${count(ledger.requests)} answered (${versions}), each by exactly one version`);
  line("cutovers", `${cutovers.length}, ${spread(cutovers.map(({ deployMs }) => deployMs))} until drained`);
  line("switch", `${spread(cutovers.flatMap(({ newAfterMs }) => newAfterMs ?? []))} until the new version answered`);
  line("latency", `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, of which the application takes 12–28 ms`);
  line("WebSockets", `${count(sockets.conversations)} conversations, ${count(sockets.messages)} messages echoed`);
  if (download) {
    const megabytes = (download.bytes / 1_000_000).toFixed(1);
    line(
      "download",
      `${megabytes} MB from ${download.version}, ${download.whole ? "whole" : "BROKEN"}, across a cutover`,
    );
  }
  line(
    "pause",
    `${milliseconds(pause.pausedMs)}, ${count(pause.requests)} requests waited, ${count(pause.leaked)} slipped by`,
  );
}

export function showVerdict({ ledger }: Pick<Stage, "ledger">): void {
  say();
  if (ledger.failureCount === 0) return say(paint("green", "Not one request failed."));
  say(paint("red", `${count(ledger.failureCount)} failures:`));
  for (const [words, times] of grouped(ledger.failures).slice(0, shownFailures)) say(`  ${times} × ${words}`);
}

function line(name: string, text: string): void {
  say(`  ${name.padEnd(12)}${text}`);
}

function spread(values: number[]): string {
  const least = Math.round(Math.min(...values));
  const most = Math.round(Math.max(...values));
  return `${count(least)}–${count(most)} ms (median ${count(Math.round(quantile(values, 0.5)))})`;
}

function grouped(words: string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const text of words) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a);
}
