/** How much of a log is shown when nothing is said about it. */
import type { LogOptions } from "../../remote/logs.ts";

const SHOWN_LINES = 100;
const FOLLOWED_LINES = 10;

/** All that was asked for, where a time or a pattern is what limits it. */
export function withDefaultLines<Options extends LogOptions>(options: Options): Options {
  if (options.lines !== undefined || options.since !== undefined || options.grep !== undefined) return options;
  return { ...options, lines: options.follow === true ? FOLLOWED_LINES : SHOWN_LINES };
}
