/** One cutover as a deploy does it: start the new release, switch with the real command line, stop the old release. */
import { type RunningApp, startApp } from "../running-app.ts";
import { type Cell, count, milliseconds, paint, say, tableRow, versionPaint } from "../screen.ts";
import { startSlowDownload } from "../traffic/slow-download.ts";
import { letRun, type Stage, service, whileShowing } from "./stage.ts";

export interface Cutover {
  deployMs: number;
  /** From the start of the command to the first answer of the new release. */
  newAfterMs: number | undefined;
}

export const cutovers = 10;
/** The cutover that has to wait for the slow download, and how long that download takes. */
const withDownload = 4;
const downloadSeconds = 8;
const downloadHeadStartMs = 700;
const betweenMs = 600;
/** Longer than the slow download, so that draining never cuts it. */
const patience = ["--deploy-timeout", "15s", "--drain-timeout", "20s", "--health-check-interval", "100ms"];

/** Makes `app` the one that serves; returns when the old one is drained. */
export async function deploy(stage: Pick<Stage, "proxy">, app: RunningApp) {
  return stage.proxy.command("deploy", service, "--target", `127.0.0.1:${app.port}`, ...patience);
}

export async function cutOver(stage: Stage, number: number): Promise<Cutover> {
  if (number === withDownload) await startDownload(stage);
  const old = stage.app;
  const next = await startApp(old.version === "v1" ? "v2" : "v1");
  const switching = stage.ledger.expect(next);
  const { startedAtMs, endedAtMs } = await whileShowing(stage, `deploying ${next.version}`, deploy(stage, next));
  stage.ledger.retire(old, endedAtMs);
  stage.app = next;
  // At once, as a deploy would: whoever still needed the old release now fails visibly.
  await old.stop();
  await letRun(stage, betweenMs);
  const { firstReplyAtMs } = switching;
  const cutover = {
    deployMs: endedAtMs - startedAtMs,
    newAfterMs: firstReplyAtMs === undefined ? undefined : firstReplyAtMs - startedAtMs,
  };
  if (firstReplyAtMs === undefined) stage.ledger.failed(`cutover ${number}: ${next.version} never answered`);
  showRow(stage, number, cutover);
  if (number === withDownload) explainDownload(stage, old);
  return cutover;
}

export function showRow({ app, ledger, sockets, download }: Stage, number: number, cutover: Cutover | undefined): void {
  const { p50Ms, p99Ms } = ledger.takeInterval();
  const cells: Cell[] = [
    { text: String(number) },
    { text: `${app.version} pid ${app.pid}`, paint: versionPaint(app.version) },
    { text: milliseconds(cutover?.newAfterMs) },
    { text: milliseconds(cutover?.deployMs) },
    { text: count(ledger.requests) },
    { text: count(ledger.failureCount), paint: ledger.failureCount === 0 ? "green" : "red" },
    { text: p50Ms.toFixed(1) },
    { text: p99Ms.toFixed(1) },
    { text: count(sockets.conversations) },
    { text: downloadText(download) },
  ];
  tableRow(cells);
}

async function startDownload(stage: Stage): Promise<void> {
  stage.download = startSlowDownload(stage.proxy.port, downloadSeconds, stage.ledger);
  await letRun(stage, downloadHeadStartMs);
  say(paint("dim", `    a client starts a download from ${stage.app.version} that takes ${downloadSeconds} s …`));
}

function explainDownload({ download }: Stage, old: RunningApp): void {
  const outcome = download?.whole ? "reached its client whole" : "DID NOT reach its client whole";
  say(paint("dim", `    … the deploy stopped ${old.version} only after it: it ${outcome}; all others had moved on`));
}

function downloadText(download: Stage["download"]): string {
  if (!download) return "–";
  if (!download.over) return `${(download.progress * 100).toFixed(0)} %`;
  return download.whole ? "whole" : "BROKEN";
}
