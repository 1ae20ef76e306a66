/** Lines out, never waited for: two buffers, one asynchronous write at a time, and a count of what had to be dropped. */
import { write } from "node:fs";

const BUFFER_BYTES = 256 * 1024;
/** A write starts when this much has gathered, or when the oldest line is this old. */
const WRITE_BYTES = 64 * 1024;
const WRITE_AFTER_MS = 200;
/** A full pipe is tried again after this. */
const RETRY_MS = 20;

/**
 * When the reader of `fd` stalls, up to two buffers of lines are kept and later ones are dropped and counted: a request
 * never waits for its log line. A reader that has gone (EPIPE) is no reason to stop serving either.
 */
export class LineWriter {
  /** Lines lost because the reader did not keep up. */
  dropped = 0;
  readonly #fd: number;
  #filling = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #spare = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #used = 0;
  #writing = false;
  #timer: NodeJS.Timeout | null = null;
  #idle: (() => void)[] = [];
  readonly #onRecovered: (lost: number) => void;
  #reported = 0;

  /** @param onRecovered called with the number of lines lost, once the reader takes lines again */
  constructor(fd: number, onRecovered: (lost: number) => void = () => undefined) {
    this.#fd = fd;
    this.#onRecovered = onRecovered;
  }

  /** Appends one line of latin1 text (ASCII, in practice), with its newline at the end. */
  append(line: string): void {
    if (this.#used + line.length > BUFFER_BYTES) {
      this.#startWrite();
      if (this.#used + line.length > BUFFER_BYTES) {
        this.dropped++;
        return;
      }
    }
    this.#used += this.#filling.write(line, this.#used, "latin1");
    if (this.#used >= WRITE_BYTES) this.#startWrite();
    else this.#timer ??= setTimeout(() => this.#startWrite(), WRITE_AFTER_MS);
  }

  /** Appends one line that may hold any text; for the few lines that are not the access log's. */
  write(line: string): void {
    this.append(Buffer.from(line.endsWith("\n") ? line : `${line}\n`, "utf8").toString("latin1"));
  }

  /** Resolves when everything appended so far is written, or after `timeoutMs` if the reader does not take it. */
  async drain(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while ((this.#used > 0 || this.#writing) && performance.now() < deadline) {
      this.#startWrite();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(1, deadline - performance.now()));
        this.#idle.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #startWrite(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#writing || this.#used === 0) return;
    const full = this.#filling;
    const length = this.#used;
    this.#filling = this.#spare;
    this.#spare = full;
    this.#used = 0;
    this.#writing = true;
    this.#writeOut(full, 0, length);
  }

  #writeOut(bytes: Buffer, offset: number, length: number): void {
    write(this.#fd, bytes, offset, length - offset, null, (error, written) => {
      if (error?.code === "EAGAIN") {
        setTimeout(() => this.#writeOut(bytes, offset, length), RETRY_MS);
        return;
      }
      if (error) this.dropped += countLines(bytes, offset, length);
      else if (offset + written < length) {
        this.#writeOut(bytes, offset + written, length);
        return;
      }
      this.#writing = false;
      if (!error && this.dropped > this.#reported) {
        const lost = this.dropped - this.#reported;
        this.#reported = this.dropped;
        this.#onRecovered(lost);
      }
      for (const resolve of this.#idle.splice(0)) resolve();
      if (this.#used > 0) this.#timer ??= setTimeout(() => this.#startWrite(), WRITE_AFTER_MS);
    });
  }
}

function countLines(bytes: Buffer, start: number, end: number): number {
  let lines = 0;
  for (let index = start; index < end; index++) if (bytes[index] === 0x0a) lines++;
  return lines;
}
