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

  /** Takes a chunk over; beside bytes that are still there, it is copied behind them. Their offsets stay as they are. */
  append(chunk: Buffer): void {
    if (this.bytes === null) {
      this.bytes = chunk;
      this.from = 0;
      this.to = chunk.length;
      this.#growing = false;
      return;
    }
    const needed = this.to + chunk.length;
    if (!this.#growing || needed > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_GROWTH, needed * 2));
      this.bytes.copy(larger, this.from, this.from, this.to);
      this.bytes = larger;
      this.#growing = true;
    }
    chunk.copy(this.bytes, this.to);
    this.to = needed;
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
}
