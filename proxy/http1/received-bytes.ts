/** Memory of received bytes that nobody needs any more, given back at once. */

/**
 * What a socket reads comes in a piece of memory of its own, up to 64 KB each time: a large upload makes tens of
 * megabytes of them before the collector has a look, and each is cold, new memory. Call this when `bytes[start..end)` has
 * been copied or written, and with bytes that are nobody else's; does nothing when they are only a part of their memory.
 */
export function giveBack(bytes: Buffer, start: number, end: number): void {
  const { buffer } = bytes;
  const whole = start === 0 && end === buffer.byteLength && bytes.byteOffset === 0;
  if (whole && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
