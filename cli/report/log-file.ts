/** The events of one run → a log file of its own, with everything in it, as `-v` would show it. Source: config-schema §9. */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { WorkEvent } from "../execute/event.ts";
import type { Listener } from "./listener.ts";
import { plainLines } from "./plain.ts";
import type { Terminal } from "./terminal.ts";

/** @param path of the command: `["app", "boot"]` @throws Error of the file system */
export function openLogFile(
  directory: string,
  { path, destination, startedAt }: { path: readonly string[]; destination: string | undefined; startedAt: Date },
  terminal: Terminal,
): Listener {
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
  const report = (event: WorkEvent): void => {
    lines.report(event);
    if (event.event === "run-finished") stream.write(`${lastLine(path, event)}\n`);
  };
  const finish = async () => [{ event: "said", kind: "notice", text: `The log is in ${file}` }] as const;
  const close = (): void => {
    open = false;
    closeSync(descriptor);
  };
  return { report, finish, close };
}

function lastLine(path: readonly string[], { exitCode, durationMs }: { exitCode: number; durationMs: number }): string {
  const outcome = exitCode === 0 ? "completed" : `failed with exit code ${exitCode}`;
  return `${path.join(" ")} ${outcome} in ${(durationMs / 1000).toFixed(1)} seconds`;
}
