/** Logs as they are written, of several containers at a time: where to read in, each line out, also of the container that comes after. */
import { KdeployError } from "../../errors.ts";
import { type LogOptions, parseRunning, type RunningContainer } from "../../remote/logs.ts";
import { say } from "../in-step.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import { throwFailures } from "../on-hosts.ts";
import { pause } from "../pause.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { type HostFailure, isUncertain, wordsOf } from "../work-error.ts";

export type LogSource = {
  readonly host: string;
  /** What sources on one host are told apart by: a role, `proxy`, an accessory. */
  readonly name: string;
  /** The line that follows what runs now. */
  readonly first: string;
  /** Prints the container that runs, for `parseRunning`; without it, one end is the end. */
  readonly look?: string;
  /** The line that goes on, with this container. */
  readonly again: (id: string, range: Pick<LogOptions, "since" | "lines">) => string;
};

export type OnLine = (line: string, source: LogSource) => void;

const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z/;

/**
 * Follows all sources until each has ended for good, or the work is cancelled: that is how it is ended, and no failure.
 * @throws HostError, MultiHostError for sources that could not be followed, when all have ended
 */
export async function followLogs(work: Work, sources: readonly LogSource[], onLine: OnLine): Promise<void> {
  await runPreConnectHook(work);
  const failures: HostFailure[] = [];
  const follow = async (source: LogSource): Promise<void> => {
    try {
      await followOne(work, source, onLine);
    } catch (error) {
      if (!(error instanceof KdeployError)) throw error;
      if (work.signal.aborted) return;
      failures.push({ host: source.host, error });
      // The others go on, perhaps for hours.
      if (sources.length > 1) say(work, "warning", wordsOf(error), source.host);
    }
  };
  await Promise.all(sources.map(follow));
  if (!work.signal.aborted) throwFailures(work, failures);
}

async function followOne(work: Work, source: LogSource, onLine: OnLine): Promise<void> {
  const { followAttempts } = work.state.limits;
  let last = "";
  let resumed = false;
  const hear = (line: string): void => {
    // What was heard last comes once more.
    if (resumed && line === last) return;
    resumed = false;
    last = line;
    onLine(line, source);
  };
  let followed = await look(work, source);
  let line = source.first;
  for (let attempts = 1; ; attempts++) {
    const lost = await read(work, source.host, line, hear);
    if (work.signal.aborted) return;
    if (followed === undefined || attempts > followAttempts) {
      if (lost !== undefined) throw lost;
      return;
    }
    if (lost !== undefined) say(work, "warning", `${wordsOf(lost)} Trying again.`, source.host);
    const next = await nextContainer(work, source, followed);
    if (next === undefined) return;
    const same = isSame(next, followed);
    if (!same) say(work, "notice", `${source.name} goes on in container ${next.id}.`, source.host);
    const heardAt = TIME.exec(last)?.[0];
    // Without times nobody knows where it broke off.
    line = source.again(next.id, same ? (heardAt === undefined ? { lines: 0 } : { since: heardAt }) : since(next));
    resumed = same;
    if (!same) attempts = 0;
    followed = next;
  }
}

/** @returns the failure of a connection that was lost, which may come back */
async function read(
  work: Work,
  host: string,
  line: string,
  onLine: (line: string) => void,
): Promise<KdeployError | undefined> {
  try {
    // Only what comes through `onLine` is shown, so nothing is kept.
    await runCommand(work, host, line, { reads: true, tolerate: true, keepBytes: 0, onLine });
    return undefined;
  } catch (error) {
    if (error instanceof KdeployError && isUncertain(error)) return error;
    throw error;
  }
}

/** What runs after the one that was followed, or that one when it still runs; undefined when nothing comes for a while. */
async function nextContainer(
  work: Work,
  source: LogSource,
  followed: RunningContainer,
): Promise<RunningContainer | undefined> {
  const { followPatienceMs, followPollMs } = work.state.limits;
  const until = performance.now() + followPatienceMs;
  for (let told = false; ; ) {
    const found = await look(work, source);
    if (found !== undefined && !isSame(found, followed)) return found;
    if (performance.now() >= until) return found;
    await pause(followPollMs, work.signal);
    if (found !== undefined) return found;
    if (!told)
      say(work, "notice", `The container of ${source.name} has ended; the next one is waited for.`, source.host);
    told = true;
  }
}

async function look(work: Work, { host, look: line }: LogSource): Promise<RunningContainer | undefined> {
  if (line === undefined) return undefined;
  const { stdout } = await runCommand(work, host, line, { reads: true, tolerate: true, level: "debug" });
  return parseRunning(stdout);
}

/** A container that was started anew has begun another time. */
function isSame(one: RunningContainer, other: RunningContainer): boolean {
  return one.id === other.id && one.startedAt === other.startedAt;
}

function since({ startedAt }: RunningContainer): Pick<LogOptions, "since" | "lines"> {
  return { since: startedAt };
}
