/** The only way out for words: what a command prints, and where. */

import type { Environment } from "../control/paths.ts";
import { ProxyError } from "../errors.ts";

type Stream = { write(text: string): unknown; readonly isTTY?: boolean };

export type Terminal = {
  readonly environment: Environment;
  /** The name the program was called by. */
  readonly programName: string;
  readonly stdout: Stream;
  readonly stderr: Stream;
};

export function say(terminal: Terminal, text: string): void {
  terminal.stdout.write(text);
}

/** For people who watch. Scripts that collect stderr see nothing of it, unless they want it: then its lines are marked. */
export function sayProgress({ environment, stderr }: Terminal, line: string): void {
  if (environment["KAMAL_PROXY_PROGRESS"] === "lines") stderr.write(`Progress: ${line}\n`);
  else if (stderr.isTTY === true) stderr.write(`${line}\n`);
}

export function sayWarning(terminal: Terminal, text: string): void {
  terminal.stderr.write(`Warning: ${text}\n`);
}

/** `Error: <text>`, its hint below; an error that nobody foresaw comes with its stack. */
export function sayError(terminal: Terminal, error: unknown): void {
  if (error instanceof ProxyError) {
    terminal.stderr.write(`Error: ${error.message}\n${error.hint === undefined ? "" : `${error.hint}\n`}`);
  } else {
    terminal.stderr.write(`Error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
}

/** Colours only where somebody looks, and does not mind. */
export function coloured(terminal: Terminal): boolean {
  return terminal.stdout.isTTY === true && !terminal.environment["NO_COLOR"];
}
