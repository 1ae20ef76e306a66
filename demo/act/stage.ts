/** What every act of the demo plays with: the proxy, the application that serves now, the traffic and its ledger. */
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningApp } from "../running-app.ts";
import type { RunningProxy } from "../running-proxy.ts";
import { count, live, paint, versionPaint } from "../screen.ts";
import type { HttpLoad } from "../traffic/http-load.ts";
import type { Ledger } from "../traffic/ledger.ts";
import type { SlowDownload } from "../traffic/slow-download.ts";
import type { WebSocketLoad } from "../traffic/websocket-load.ts";

export interface Stage {
  proxy: RunningProxy;
  ledger: Ledger;
  http: HttpLoad;
  sockets: WebSocketLoad;
  /** The one that serves now. */
  app: RunningApp;
  download: SlowDownload | undefined;
}

export const service = "web";
const liveEveryMs = 250;

/** Runs `work` while the live line keeps telling what is going on. */
export async function whileShowing<Result>(stage: Stage, what: string, work: Promise<Result>): Promise<Result> {
  const show = () => live(`   ${what} · ${stateOf(stage)}`);
  show();
  const timer = setInterval(show, liveEveryMs);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

export async function letRun(stage: Stage, milliseconds: number): Promise<void> {
  await whileShowing(stage, `${paint(versionPaint(stage.app.version), stage.app.version)} serves`, sleep(milliseconds));
}

function stateOf({ ledger, sockets, download }: Stage): string {
  const failed = paint(ledger.failureCount === 0 ? "green" : "red", `${count(ledger.failureCount)} failed`);
  const loading = download && !download.over ? ` · download ${(download.progress * 100).toFixed(0)} %` : "";
  return `${count(ledger.requests)} requests · ${failed} · ${sockets.open} WebSockets open${loading}`;
}
