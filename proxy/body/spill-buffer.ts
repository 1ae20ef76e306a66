/** One body that is held: its first bytes in memory, the rest in a file; filled once, replayed any number of times. */
import type { BufferSpace } from "./buffer-space.ts";
import { SPILL_BLOCK_BYTES, SpillFile } from "./spill-file.ts";

const FIRST_BLOCK_BYTES = 2 * 1024;

export type SpillOptions = {
  /** Bytes kept in memory at most. */
  readonly memoryBytes: number;
  /** Bytes at all; 0 for no limit. */
  readonly maxBytes: number;
  /** What the sender announced, or -1; saves memory, promises nothing. */
  readonly expectedBytes: number;
};

export class SpillBuffer {
  length = 0;
  memoryLength = 0;
  readonly #space: BufferSpace;
  readonly #options: SpillOptions;
  readonly #onProgress: () => void;
  /** All but the last one are full. */
  readonly #blocks: Buffer[] = [];
  #lastUsed = 0;
  #reserved = 0;
  #file: SpillFile | null = null;
  #discarded = false;

  /** @param onProgress called when the disk has taken something, or failed */
  constructor(space: BufferSpace, options: SpillOptions, onProgress: () => void) {
    this.#space = space;
    this.#options = options;
    this.#onProgress = onProgress;
  }

  /** Why the file cannot be used, if so. */
  get failure(): Error | null {
    return this.#file?.failure ?? null;
  }

  /** True while the disk is behind: nobody should append until it is false again. */
  get congested(): boolean {
    return this.#file?.congested ?? false;
  }

  /** After `finish`: everything is where it can be replayed from. */
  get settled(): boolean {
    return this.#file?.settled ?? true;
  }

  /** Takes a copy of `bytes[start..end)`; false, and nothing taken, when that is more than the limit. */
  append(bytes: Buffer, start: number, end: number): boolean {
    const { maxBytes } = this.#options;
    if (maxBytes > 0 && this.length + end - start > maxBytes) return false;
    if (this.#discarded) return true;
    this.length += end - start;
    let position = start;
    while (position < end && this.#file === null) {
      const block = this.#blockWithRoom(end - position);
      if (block === null) {
        this.#file = new SpillFile(this.#onProgress);
      } else {
        const copied = bytes.copy(block, this.#lastUsed, position, end);
        position += copied;
        this.#lastUsed += copied;
        this.memoryLength += copied;
      }
    }
    this.#file?.append(bytes, position, end);
    return true;
  }

  /** Nothing more comes. Wait for `settled` before reading. */
  finish(): void {
    this.#file?.finish();
  }

  /** The piece of memory with this number, or null after the last. */
  memoryPiece(index: number): Buffer | null {
    const block = this.#blocks[index];
    if (block === undefined) return null;
    return index === this.#blocks.length - 1 ? block.subarray(0, this.#lastUsed) : block;
  }

  /** Reads from the part on file: `position` counts from the start of the body. */
  readFile(into: Buffer, position: number, done: (error: Error | null, length: number) => void): void {
    this.#file?.read(into, position - this.memoryLength, done);
  }

  /** Gives memory and file back. */
  discard(): void {
    if (this.#discarded) return;
    this.#discarded = true;
    this.#file?.close();
    this.#blocks.length = 0;
    this.#space.release(this.#reserved);
  }

  /** The block to be filled next; null when this body has had its share of memory, or all bodies together theirs. */
  #blockWithRoom(wanted: number): Buffer | null {
    const last = this.#blocks.at(-1);
    if (last !== undefined && this.#lastUsed < last.length) return last;
    const { memoryBytes, expectedBytes } = this.#options;
    // Grows with what has really come: an announced length costs nothing yet.
    let size = Math.min(Math.max(FIRST_BLOCK_BYTES, wanted, this.memoryLength), SPILL_BLOCK_BYTES);
    if (expectedBytes >= 0) size = Math.min(size, Math.max(expectedBytes - this.memoryLength, wanted));
    size = Math.min(size, SPILL_BLOCK_BYTES, memoryBytes - this.memoryLength);
    if (size <= 0 || !this.#space.reserve(size)) return null;
    const block = Buffer.allocUnsafeSlow(size);
    this.#reserved += size;
    this.#blocks.push(block);
    this.#lastUsed = 0;
    return block;
  }
}
