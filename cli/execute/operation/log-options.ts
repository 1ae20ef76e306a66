/** How much of a log is shown when nothing is said about it, and following one: options in, lines out. */
import type { LogOptions } from "../../remote/logs.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";

const SHOWN_LINES = 100;
const FOLLOWED_LINES = 10;

/** All that was asked for, where a time or a pattern is what limits it. */
export function withDefaultLines<Options extends LogOptions>(options: Options): Options {
  if (options.lines !== undefined || options.since !== undefined || options.grep !== undefined) return options;
  return { ...options, lines: options.follow === true ? FOLLOWED_LINES : SHOWN_LINES };
}

/** Ends when the container does, or the person has seen enough: that is no failure. @throws HostError */
export async function followLog(work: Work, host: string, line: string, onLine: (text: string) => void): Promise<void> {
  try {
    // Only what comes through `onLine` is shown, so nothing is kept.
    await runCommand(work, host, line, { reads: true, tolerate: true, keepBytes: 0, onLine });
  } catch (error) {
    if (!work.signal.aborted) throw error;
  }
}
