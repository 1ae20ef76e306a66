/** Follows WebSocket frames (RFC 6455 §5.2) without touching them: is the stream between two frames right now? */

/** A Close frame with status 1012, "service restart": clients reconnect instead of reporting an error. */
export const CLOSE_FRAME: Buffer = Buffer.from([0x88, 0x02, 0x03, 0xf4]);

/** Fed with one direction of the bytes behind a 101. */
export class FrameBoundary {
  /** Bytes of payload (and mask) that are still to come. */
  #left = 0;
  readonly #header = new Uint8Array(10);
  #headerLength = 0;

  /** True when no frame is under way: a frame of our own may be put here. */
  get atBoundary(): boolean {
    return this.#left === 0 && this.#headerLength === 0;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    let position = start;
    while (position < end) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, end - position);
        this.#left -= skipped;
        position += skipped;
        continue;
      }
      this.#header[this.#headerLength++] = bytes[position++] as number;
      if (this.#headerLength >= 2 && this.#headerLength === this.#needed()) {
        this.#left = this.#payload();
        this.#headerLength = 0;
      }
    }
  }

  #needed(): number {
    const length = (this.#header[1] as number) & 0x7f;
    if (length === 126) return 4;
    return length === 127 ? 10 : 2;
  }

  #payload(): number {
    const view = new DataView(this.#header.buffer);
    const mask = (this.#header[1] as number) & 0x80 ? 4 : 0;
    const length = (this.#header[1] as number) & 0x7f;
    if (length === 126) return view.getUint16(2) + mask;
    return length === 127 ? Number(view.getBigUint64(2)) + mask : length + mask;
  }
}
