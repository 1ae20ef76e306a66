/** One pass over a held body, as fast as its taker takes it: pieces of memory first, then what is read from the file. */
import type { SpillBuffer } from "./spill-buffer.ts";
import { SPILL_BLOCK_BYTES } from "./spill-file.ts";

export interface ReplayTaker {
  /** False asks for a pause until `resume`. Bytes may be kept until then, and after `true` for good. */
  takePiece(bytes: Buffer, start: number, end: number, last: boolean): boolean;
  replayFailed(error: Error): void;
}

export class Replay {
  readonly #held: SpillBuffer;
  readonly #taker: ReplayTaker;
  #position = 0;
  #nextPiece = 0;
  #block: Buffer | null = null;
  #paused = false;
  #reading = false;
  #pumping = false;
  #stopped = false;

  /** @param held finished, settled and not empty */
  constructor(held: SpillBuffer, taker: ReplayTaker) {
    this.#held = held;
    this.#taker = taker;
  }

  /** Starts, or goes on after a pause. */
  resume(): void {
    this.#paused = false;
    if (this.#pumping || this.#reading) return;
    this.#pumping = true;
    while (!this.#paused && !this.#stopped && this.#position < this.#held.length) {
      const piece = this.#held.memoryPiece(this.#nextPiece++);
      if (piece === null) {
        this.#read();
        break;
      }
      this.#give(piece, piece.length);
    }
    this.#pumping = false;
  }

  /** Gives nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#block = null;
  }

  #read(): void {
    this.#block ??= Buffer.allocUnsafeSlow(SPILL_BLOCK_BYTES);
    this.#reading = true;
    const block = this.#block;
    this.#held.readFile(block, this.#position, (error, length) => {
      this.#reading = false;
      if (this.#stopped) return;
      if (error) {
        this.#stopped = true;
        this.#taker.replayFailed(error);
        return;
      }
      this.#pumping = true;
      this.#give(block, length);
      this.#pumping = false;
      // Whoever asked for a pause has everything on its way when it resumes; whoever did not may hold the bytes still.
      if (!this.#paused) {
        this.#block = null;
        this.resume();
      }
    });
  }

  #give(bytes: Buffer, length: number): void {
    this.#position += length;
    this.#paused = true;
    const more = this.#taker.takePiece(bytes, 0, length, this.#position === this.#held.length);
    if (more) this.#paused = false;
  }
}
