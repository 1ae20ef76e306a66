/** The demo's story: a proxy, an application in two versions, real load, ten cutovers, a pause, maintenance, the bill. */
import { type Cutover, cutOver, cutovers, deploy, showRow } from "./act/cutover.ts";
import { keepRunning } from "./act/keep.ts";
import { showMaintenance } from "./act/maintenance.ts";
import { pauseAndResume } from "./act/pause.ts";
import { letRun, type Stage, whileShowing } from "./act/stage.ts";
import { showSummary, showVerdict } from "./act/summary.ts";
import { stopAllChildren } from "./child.ts";
import { helpText, readOptions } from "./options.ts";
import { startApp } from "./running-app.ts";
import { startProxy } from "./running-proxy.ts";
import { heading, paint, say, tableHead } from "./screen.ts";
import { startHttpLoad } from "./traffic/http-load.ts";
import { Ledger } from "./traffic/ledger.ts";
import { startWebSocketLoad } from "./traffic/websocket-load.ts";

const atMostMs = 58_000;
const firstLoadMs = 1_000;

await main(process.argv.slice(2));

async function main(argv: string[]): Promise<void> {
  const options = readOptions(argv);
  if (options.help) return say(helpText);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void interrupted(ledger));
  // Whoever stops reading (`| head`) has seen enough.
  process.stdout.on("error", () => void end(1));
  const ledger = new Ledger();
  const watchdog = setTimeout(() => {
    ledger.failed(`the demo was not over after ${atMostMs / 1_000} s`);
    showVerdict({ ledger });
    void end(1);
  }, atMostMs);
  try {
    const stage = await play(ledger);
    clearTimeout(watchdog);
    if (options.keep) await keepRunning(stage);
  } catch (error) {
    ledger.failed(error instanceof Error ? error.message : String(error));
    showVerdict({ ledger });
  }
  await end(ledger.failureCount === 0 ? 0 : 1);
}

async function play(ledger: Ledger): Promise<Stage> {
  const stage = await open(ledger);
  await letRun(stage, firstLoadMs);
  heading(`${cutovers} cutovers`);
  tableHead();
  showRow(stage, 0, undefined);
  const done: Cutover[] = [];
  for (let number = 1; number <= cutovers; number += 1) done.push(await cutOver(stage, number));
  const pause = await pauseAndResume(stage);
  await whileShowing(stage, "letting the last requests finish", quiesce(stage));
  await showMaintenance(stage);
  showSummary(stage, done, pause);
  showVerdict(stage);
  return stage;
}

async function open(ledger: Ledger): Promise<Stage> {
  const proxy = await startProxy();
  process.once("exit", proxy.removeHome);
  const app = await startApp("v1");
  await deploy({ proxy }, app);
  say(paint("bold", "kdeploy: new versions without losing a request"));
  say();
  say(`proxy  http://127.0.0.1:${proxy.port} (pid ${proxy.pid}), v1 deployed (pid ${app.pid})`);
  say("load   24 keep-alive connections, 12 new ones at a time, 8 posting 32 KB each time, and 8 lines of");
  say("       short WebSocket conversations; every answer is checked for its version and wholeness");
  say("deploy a new process is started, deployed with the real command, and the old process stopped");
  const http = startHttpLoad(proxy.port, ledger);
  const sockets = startWebSocketLoad(proxy.port, ledger);
  return { proxy, ledger, http, sockets, app, download: undefined };
}

async function quiesce({ http, sockets, download }: Stage): Promise<void> {
  await Promise.all([http.finish(), sockets.finish(), download?.ended]);
}

/** Ended by hand: that is no failure of a request, but those there were are still told. */
async function interrupted(ledger: Ledger): Promise<never> {
  if (ledger.failureCount > 0) showVerdict({ ledger });
  return end(130);
}

async function end(exitCode: number): Promise<never> {
  await stopAllChildren();
  process.exit(exitCode);
}
