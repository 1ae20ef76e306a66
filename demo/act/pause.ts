/** Pauses the service under full load and resumes it: requests wait, and not one fails. */
import { setTimeout as sleep } from "node:timers/promises";
import { count, heading, milliseconds, say } from "../screen.ts";
import type { Waited } from "../traffic/ledger.ts";
import { letRun, type Stage, service, whileShowing } from "./stage.ts";

export interface PauseOutcome extends Waited {
  pausedMs: number;
}

const holdMs = 1_500;
const settleMs = 800;

export async function pauseAndResume(stage: Stage): Promise<PauseOutcome> {
  const { proxy, ledger } = stage;
  heading(`Pause for ${holdMs / 1_000} s under full load`);
  ledger.pauseAsked();
  const pause = await whileShowing(
    stage,
    "pausing",
    proxy.command("pause", service, "--max-pause", "20s", "--drain-timeout", "5s"),
  );
  ledger.pauseTookEffect();
  say(`paused after ${milliseconds(pause.endedAtMs - pause.startedAtMs)}: what was in flight has finished`);
  await whileShowing(stage, "paused, requests wait", sleep(holdMs));
  ledger.resuming();
  const resume = await proxy.command("resume", service);
  await letRun(stage, settleMs);
  const waited = ledger.pauseOver();
  if (waited.leaked > 0)
    ledger.failed(`pause: ${waited.leaked} requests were answered although the service was paused`);
  if (waited.requests === 0) ledger.failed("pause: no request waited, so nothing was shown");
  say(
    `resumed: ${count(waited.requests)} requests had waited, the longest ${milliseconds(waited.longestMs)}; all answered`,
  );
  return { ...waited, pausedMs: resume.endedAtMs - pause.endedAtMs };
}
