/** Where outgoing bytes are put together: one shared buffer per thread, one write per message. */
import type { Socket } from "node:net";

/** Room for the largest head, a full read of body and framing around both; or for the largest custom error page. */
const SIZE = 320 * 1024;
/** Buffers that the kernel has not taken yet are kept for later use, this many at most. */
const MAX_LENT = 16;

/**
 * The bytes written between two flushes belong to one socket: everything up to `flush` happens in one synchronous run.
 * A buffer whose write the kernel did not take whole is lent to that socket, and another one takes its place: it must
 * never be written to while a socket still reads from it.
 */
export class Output {
  bytes: Buffer = Buffer.allocUnsafeSlow(SIZE);
  used = 0;
  #lent: { socket: Socket; bytes: Buffer }[] = [];

  /** Appends latin1 text: one character, one byte. */
  text(text: string): void {
    this.used += this.bytes.write(text, this.used, "latin1");
  }

  copy(source: Buffer, start: number, end: number): void {
    this.used += source.copy(this.bytes, this.used, start, end);
  }

  /** True when `length` more bytes fit beside what stands here. */
  fits(length: number): boolean {
    return this.used + length <= SIZE;
  }

  /** Writes what has been put together; false when the socket wants to be left alone until it drains. */
  flush(socket: Socket): boolean {
    if (this.used === 0) return !socket.writableNeedDrain;
    // TLS says later that it has taken a write, but unless others wait in front it has encrypted it, and so copied it.
    const copied = "encrypted" in socket && socket.writableLength === 0;
    const taken = socket.write(this.bytes.subarray(0, this.used));
    this.used = 0;
    if (!copied && socket.writableLength > 0) this.#lend(socket);
    return taken;
  }

  /** Forgets what has been put together for a socket that will not get it. */
  discard(): void {
    this.used = 0;
  }

  #lend(socket: Socket): void {
    const free = this.#lent.findIndex((lent) => lent.socket.writableLength === 0 && !lent.socket.destroyed);
    const next =
      free === -1 ? Buffer.allocUnsafeSlow(SIZE) : (this.#lent.splice(free, 1)[0] as { bytes: Buffer }).bytes;
    if (this.#lent.length === MAX_LENT) this.#lent.shift();
    this.#lent.push({ socket, bytes: this.bytes });
    this.bytes = next;
  }
}
