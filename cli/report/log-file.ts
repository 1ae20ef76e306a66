/** The events of one run → a log file of its own, with everything in it, as `-v` would show it. Source: config-schema §9. */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { plainLines } from "./plain.ts";
import type { Reporter } from "./reporter.ts";
import type { Terminal } from "./terminal.ts";

export type LogFile = { readonly path: string; readonly reporter: Reporter };

/** @param path of the command: `["app", "boot"]` @throws Error of the file system */
export function openLogFile(
  directory: string,
  { path, destination, startedAt }: { path: readonly string[]; destination: string | undefined; startedAt: Date },
  terminal: Terminal,
): LogFile {
  mkdirSync(directory, { recursive: true });
  const time = startedAt.toISOString().slice(0, 19).replaceAll(":", "-");
  const name = [time, destination, ...path].filter((part) => part !== undefined).join("_");
  const file = join(directory, `${name}.log`);
  const descriptor = openSync(file, "a", 0o600);
  let open = true;
  const stream = {
    write: (text: string | Uint8Array) => {
      // A disk that is full is no reason to end a deploy half done.
      try {
        if (open) writeSync(descriptor, typeof text === "string" ? Buffer.from(text) : text);
      } catch {
        open = false;
      }
    },
  };
  const lines = plainLines({ ...terminal, stdout: stream, stderr: stream, env: {} }, "verbose");
  const close = (): void => {
    open = false;
    closeSync(descriptor);
  };
  return { path: file, reporter: { ...lines, close } };
}
