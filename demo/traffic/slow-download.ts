/** Reads one long download line by line and checks that it is whole and comes from one process to the end. */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { lineOfDownload, linesPerSecond } from "../app/wire.ts";
import type { Ledger } from "./ledger.ts";

export interface SlowDownload {
  readonly bytes: number;
  /** From 0 to 1. */
  readonly progress: number;
  readonly version: string;
  /** Resolves when it is over, well or badly; a failure is in the ledger. */
  ended: Promise<void>;
  readonly over: boolean;
  readonly whole: boolean;
}

export function startSlowDownload(port: number, seconds: number, ledger: Ledger): SlowDownload {
  const state = { bytes: 0, lines: 0, version: "", over: false, whole: false };
  const expectedLines = seconds * linesPerSecond;
  const ended = (async () => {
    try {
      await read(port, seconds, state);
      if (state.lines !== expectedLines) throw new Error(`${state.lines} lines of ${expectedLines}`);
      state.whole = true;
    } catch (error) {
      ledger.failed(`slow download: ${error instanceof Error ? error.message : String(error)}`);
    }
    state.over = true;
  })();
  return {
    get bytes() {
      return state.bytes;
    },
    get progress() {
      return state.lines / expectedLines;
    },
    get version() {
      return state.version;
    },
    get over() {
      return state.over;
    },
    get whole() {
      return state.whole;
    },
    ended,
  };
}

async function read(
  port: number,
  seconds: number,
  state: { bytes: number; lines: number; version: string },
): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/slow?seconds=${seconds}`);
  if (response.status !== 200 || !response.body) throw new Error(`status ${response.status}`);
  const version = response.headers.get("x-app-version") ?? "";
  const identity = { version, pid: Number(response.headers.get("x-app-pid")) };
  state.version = version;
  const lines = createInterface({ input: Readable.fromWeb(response.body as ReadableStream<Uint8Array>) });
  for await (const line of lines) {
    const expected = lineOfDownload(identity, state.lines + 1);
    if (`${line}\n` !== expected) throw new Error(`line ${state.lines + 1} is not what ${version} sends`);
    state.lines += 1;
    state.bytes += expected.length;
  }
}
