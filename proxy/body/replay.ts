/** One pass over a held body, as fast as its taker takes it: pieces of memory first, then what is read from the file. */
import { getDefaultHighWaterMark } from "node:stream";
import type { SpillBuffer } from "./spill-buffer.ts";
import { SPILL_BLOCK_BYTES } from "./spill-file.ts";

const QUEUED_AT_MOST = getDefaultHighWaterMark(false);

export interface ReplayTaker {
  /**
   * False asks for a pause until `resume`, which says that all bytes are gone. True may leave as many of them behind as
   * a socket queues without complaint.
   */
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
      if (this.#paused) return;
      // A full block would not have been queued without complaint: it is gone. Of a shorter one, nobody knows.
      if (length <= QUEUED_AT_MOST) this.#block = null;
      this.resume();
    });
  }

  #give(bytes: Buffer, length: number): void {
    this.#position += length;
    this.#paused = true;
    const more = this.#taker.takePiece(bytes, 0, length, this.#position === this.#held.length);
    if (more) this.#paused = false;
  }
}
