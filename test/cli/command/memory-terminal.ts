/** A terminal that keeps what is written to it, for tests. */
import { Readable } from "node:stream";
import type { Terminal } from "../../../cli/report/terminal.ts";

export type MemoryTerminal = Terminal & { readonly out: () => string; readonly err: () => string };

export type MemoryOptions = {
  readonly cwd?: string;
  readonly input?: string;
  readonly env?: Record<string, string | undefined>;
};

/** Not a TTY. `input` is all there is to read. */
export function memoryTerminal({ cwd = "/", input = "", env = {} }: MemoryOptions = {}): MemoryTerminal {
  let out = "";
  let err = "";
  const text = (chunk: string | Uint8Array): string =>
    typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
  return {
    stdin: Readable.from([input]),
    stdout: { write: (chunk) => void (out += text(chunk)) },
    stderr: { write: (chunk) => void (err += text(chunk)) },
    env: { PATH: process.env["PATH"], ...env },
    cwd,
    out: () => out,
    err: () => err,
  };
}
