/** A file without a name that takes what does not fit into memory: written in order, read at any place, gone when closed. */
import { close, constants, open, read, unlink, write } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One write or read at most, bytes. */
export const SPILL_BLOCK_BYTES = 128 * 1024;
const FIRST_BLOCK_BYTES = 16 * 1024;
/** With so much on its way to the disk, whoever sends more is asked to wait. */
const CONGESTED_BYTES = 2 * SPILL_BLOCK_BYTES;

/** Linux: a file that never has a name, so that not even a crash in the wrong microsecond leaves one behind. */
const O_TMPFILE = process.platform === "linux" ? 0o20000000 | constants.O_DIRECTORY : 0;
const OWNER_ONLY = 0o600;

export class SpillFile {
  /** The first thing that went wrong; nothing is written after that. */
  failure: Error | null = null;
  /** Called after every write, and once on a failure. */
  readonly #onProgress: () => void;
  #fd = -1;
  #opening = false;
  /** Calls into the thread pool that use the descriptor now: it must stay open until they are back. */
  #busy = 0;
  #closed = false;
  #filling: Buffer | null = null;
  #filled = 0;
  /** Written blocks, to be filled again: a large body must not leave a trail of garbage. */
  readonly #spare: Buffer[] = [];
  readonly #queue: Buffer[] = [];
  #queuedBytes = 0;
  #written = 0;
  #writing = false;

  constructor(onProgress: () => void) {
    this.#onProgress = onProgress;
  }

  /** True while the disk is behind. */
  get congested(): boolean {
    return this.#queuedBytes >= CONGESTED_BYTES;
  }

  /** Everything that was appended is on file. */
  get settled(): boolean {
    return this.#queuedBytes === 0 && this.#filled === 0;
  }

  /** Takes a copy of `bytes[start..end)`. */
  append(bytes: Buffer, start: number, end: number): void {
    let position = start;
    while (position < end && this.failure === null && !this.#closed) {
      this.#filling ??= this.#newBlock();
      const copied = bytes.copy(this.#filling, this.#filled, position, end);
      position += copied;
      this.#filled += copied;
      if (this.#filled === this.#filling.length) this.#enqueue();
    }
  }

  /** Nothing more will be appended: what is gathered goes to the file as well. */
  finish(): void {
    if (this.#filled > 0) this.#enqueue();
  }

  /** Reads at most `into.length` bytes at `position`. */
  read(into: Buffer, position: number, done: (error: Error | null, length: number) => void): void {
    this.#busy++;
    read(this.#fd, into, 0, into.length, position, (error, length) => {
      this.#idle();
      if (!this.#closed) done(error ?? (length === 0 ? new Error("spill file is shorter than it was") : null), length);
    });
  }

  /** Forgets everything; the descriptor is closed as soon as nothing uses it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.length = 0;
    this.#filling = null;
    this.#spare.length = 0;
    this.#closeIfIdle();
  }

  #newBlock(): Buffer {
    const size = this.#written === 0 ? FIRST_BLOCK_BYTES : SPILL_BLOCK_BYTES;
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(size);
  }

  #enqueue(): void {
    const block = this.#filling as Buffer;
    this.#queue.push(this.#filled === block.length ? block : block.subarray(0, this.#filled));
    this.#queuedBytes += this.#filled;
    this.#filling = null;
    this.#filled = 0;
    this.#write();
  }

  #write(): void {
    if (this.#writing || this.#queue.length === 0 || this.#opening) return;
    if (this.#fd === -1) {
      this.#open();
      return;
    }
    this.#writing = true;
    this.#writeFrom(this.#queue.shift() as Buffer, 0);
  }

  /** The kernel may take less than it was given (a nearly full disk does): the rest follows. */
  #writeFrom(block: Buffer, start: number): void {
    this.#busy++;
    write(this.#fd, block, start, block.length - start, this.#written, (error, length) => {
      this.#idle();
      if (this.#closed) return;
      if (error || length === 0) {
        this.#fail(error ?? new Error("nothing could be written"));
        return;
      }
      this.#written += length;
      if (start + length < block.length) {
        this.#writeFrom(block, start + length);
        return;
      }
      this.#writing = false;
      this.#queuedBytes -= block.length;
      if (block.length === SPILL_BLOCK_BYTES) this.#spare.push(block);
      this.#write();
      this.#onProgress();
    });
  }

  #open(): void {
    this.#opening = true;
    const directory = tmpdir();
    if (O_TMPFILE === 0) {
      this.#openNamed(directory);
      return;
    }
    open(directory, O_TMPFILE | constants.O_RDWR | constants.O_EXCL, OWNER_ONLY, (error, fd) => {
      // Not every file system can do it.
      if (error) this.#openNamed(directory);
      else this.#opened(fd);
    });
  }

  #openNamed(directory: string): void {
    const path = join(directory, `proxy-buffer-${crypto.randomUUID()}`);
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    open(path, flags, OWNER_ONLY, (error, fd) => {
      if (error) {
        this.#fail(error);
        return;
      }
      unlink(path, (failure) => {
        if (failure && failure.code !== "ENOENT") {
          close(fd, ignore);
          this.#fail(failure);
        } else {
          this.#opened(fd);
        }
      });
    });
  }

  #opened(fd: number): void {
    this.#opening = false;
    this.#fd = fd;
    if (this.#closed) this.#closeIfIdle();
    else this.#write();
  }

  #fail(error: Error): void {
    this.#opening = false;
    if (this.#closed) return;
    this.failure = error;
    this.#queue.length = 0;
    this.#onProgress();
  }

  #idle(): void {
    this.#busy--;
    if (this.#closed) this.#closeIfIdle();
  }

  #closeIfIdle(): void {
    if (this.#busy > 0 || this.#fd === -1) return;
    close(this.#fd, ignore);
    this.#fd = -1;
  }
}

function ignore(): void {}
