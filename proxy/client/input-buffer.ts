/** Received bytes that are not used yet: `bytes[from..to)`, or nothing. */

const FIRST_GROWTH = 512;

export class InputBuffer {
  bytes: Buffer | null = null;
  from = 0;
  to = 0;
  /** True when `bytes` was made here and has room to grow in. */
  #growing = false;

  get length(): number {
    return this.bytes === null ? 0 : this.to - this.from;
  }

  /**
   * Takes a chunk over; beside bytes that are still there, it is copied behind them.
   * @param pinned somebody remembers offsets: they must stay as they are
   */
  append(chunk: Buffer, pinned: boolean): void {
    if (this.bytes === null) {
      this.bytes = chunk;
      this.from = 0;
      this.to = chunk.length;
      this.#growing = false;
      return;
    }
    if (!this.#growing || this.to + chunk.length > this.bytes.length) this.#grow(chunk.length, pinned ? this.from : 0);
    this.to += chunk.copy(this.bytes, this.to);
  }

  /** Everything before `position` is used. What was used may have been given away: it is not grown into again. */
  advanceTo(position: number): void {
    this.from = position;
    this.#growing = false;
    if (this.from === this.to) this.drop();
  }

  drop(): void {
    this.bytes = null;
    this.#growing = false;
  }

  /** Moves what is there to a larger buffer of our own, where it starts at `at`. */
  #grow(more: number, at: number): void {
    const length = this.to - this.from;
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_GROWTH, (at + length + more) * 2));
    this.bytes?.copy(larger, at, this.from, this.to);
    this.bytes = larger;
    this.from = at;
    this.to = at + length;
    this.#growing = true;
  }
}
