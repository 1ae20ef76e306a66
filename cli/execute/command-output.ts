/** The output of a command: bytes of two streams in; lines fit for a terminal, and a copy of bounded size, out. */
import type { RunOptions } from "./host.ts";

/** Output kept of each stream when nothing else is said. */
export const DEFAULT_KEEP_BYTES = 1024 * 1024;
/** A longer line is handed on in pieces of this many UTF-16 units, so that output without newlines needs no memory. */
export const MAX_LINE_LENGTH = 16 * 1024;

export type OutputStream = "stdout" | "stderr";

export class CommandOutput {
  readonly #options: RunOptions;
  readonly #kept: Record<OutputStream, KeptEnds>;
  readonly #lines: Record<OutputStream, LineSplitter> | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
    const keepBytes = options.keepBytes ?? DEFAULT_KEEP_BYTES;
    this.#kept = {
      stdout: new KeptEnds(options.onStdout === undefined ? keepBytes : 0),
      stderr: new KeptEnds(keepBytes),
    };
    const { onLine } = options;
    if (onLine !== undefined) {
      this.#lines = {
        stdout: new LineSplitter((line) => onLine(line, "stdout")),
        stderr: new LineSplitter((line) => onLine(line, "stderr")),
      };
    }
  }

  /** A promise when the reader of the raw bytes wants no more until it is fulfilled. */
  write(stream: OutputStream, bytes: Uint8Array): Promise<void> | undefined {
    this.#lines?.[stream].write(bytes);
    if (stream === "stdout" && this.#options.onStdout !== undefined) return this.#options.onStdout(bytes) ?? undefined;
    this.#kept[stream].write(bytes);
    return undefined;
  }

  /** Hands on what has no newline yet, and gives the copy. */
  finish(): { stdout: string; stderr: string; truncated: boolean } {
    this.#lines?.stdout.finish();
    this.#lines?.stderr.finish();
    const { stdout, stderr } = this.#kept;
    const truncated = stderr.truncated || (stdout.truncated && this.#options.onStdout === undefined);
    return { stdout: this.#options.onStdout === undefined ? stdout.text() : "", stderr: stderr.text(), truncated };
  }
}

/** The first and the last half of so many bytes: the beginning says what ran, the end how it failed. */
class KeptEnds {
  readonly #headBytes: number;
  readonly #tailBytes: number;
  readonly #head: Uint8Array[] = [];
  #headLength = 0;
  #tail: Uint8Array[] = [];
  #tailLength = 0;
  #dropped = 0;

  constructor(keepBytes: number) {
    this.#headBytes = Math.ceil(keepBytes / 2);
    this.#tailBytes = Math.floor(keepBytes / 2);
  }

  get truncated(): boolean {
    return this.#dropped > 0 || this.#tailLength > this.#tailBytes;
  }

  write(bytes: Uint8Array): void {
    const room = this.#headBytes - this.#headLength;
    if (room > 0) {
      this.#head.push(bytes.subarray(0, room));
      this.#headLength += Math.min(room, bytes.length);
    }
    if (bytes.length <= room) return;
    const rest = room > 0 ? bytes.subarray(room) : bytes;
    this.#tail.push(rest);
    this.#tailLength += rest.length;
    // Joined now and then only, so that a gigabyte in small pieces stays cheap.
    if (this.#tailLength > 2 * this.#tailBytes + 65_536 || this.#tail.length > 1024) this.#shorten();
  }

  text(): string {
    this.#shorten();
    const head = Buffer.concat(this.#head);
    const tail = Buffer.concat(this.#tail);
    if (this.#dropped === 0) return Buffer.concat([head, tail]).toString("utf8");
    return `${withoutCutEnd(head).toString("utf8")}\n[… ${this.#dropped} bytes left out …]\n${withoutCutStart(tail).toString("utf8")}`;
  }

  #shorten(): void {
    const all = Buffer.concat(this.#tail);
    const excess = Math.max(0, all.length - this.#tailBytes);
    // A copy, so that the large buffer behind it can go.
    this.#tail = [Buffer.from(all.subarray(excess))];
    this.#tailLength = all.length - excess;
    this.#dropped += excess;
  }
}

class LineSplitter {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #emit: (line: string) => void;
  #rest = "";

  constructor(emit: (line: string) => void) {
    this.#emit = emit;
  }

  write(bytes: Uint8Array): void {
    this.#take(this.#decoder.decode(bytes, { stream: true }));
  }

  finish(): void {
    this.#take(this.#decoder.decode());
    if (this.#rest !== "") this.#emit(printableLine(this.#rest));
    this.#rest = "";
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#emitPieces(line);
    while (this.#rest.length > MAX_LINE_LENGTH) {
      this.#emit(printableLine(this.#rest.slice(0, MAX_LINE_LENGTH)));
      this.#rest = this.#rest.slice(MAX_LINE_LENGTH);
    }
  }

  #emitPieces(line: string): void {
    let at = 0;
    do {
      this.#emit(printableLine(line.slice(at, at + MAX_LINE_LENGTH)));
      at += MAX_LINE_LENGTH;
    } while (at < line.length);
  }
}

/** Strings for the terminal itself (OSC, DCS, SOS, PM, APC), to their end or the line's; then CSI; then short escapes. ECMA-48. */
const ESCAPES = new RegExp(
  [
    "(?:\\x1b[\\]PX^_]|[\\x90\\x98\\x9d-\\x9f])[^\\x07\\x1b\\x9c]*(?:\\x07|\\x1b\\\\|\\x9c)?",
    "(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]?",
    "\\x1b[ -/]*[0-~]?",
  ].join("|"),
  "g",
);
/** Controls but the tab, and the marks that turn text around or hide it. */
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/g;

/** One line of output without what could drive a terminal; a carriage return leaves what was written last. */
export function printableLine(line: string): string {
  const ended = line.replace(/\r+$/, "");
  return ended
    .slice(ended.lastIndexOf("\r") + 1)
    .replace(ESCAPES, "")
    .replace(CONTROLS, "");
}

function withoutCutEnd(bytes: Buffer): Buffer {
  let start = bytes.length - 1;
  while (start >= 0 && start > bytes.length - 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  const lead = bytes[start] ?? 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start >= 0 && start + length > bytes.length ? bytes.subarray(0, start) : bytes;
}

function withoutCutStart(bytes: Buffer): Buffer {
  let start = 0;
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return bytes.subarray(start);
}
