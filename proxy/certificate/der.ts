/** Bytes in DER → their elements (X.690), as far as certificates need them. */

export type DerElement = {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag and length included. */
  readonly whole: Buffer;
};

/** The elements that follow one another in `bytes`. @throws RangeError for what is cut off or is not DER */
export function derElements(bytes: Buffer): DerElement[] {
  const found: DerElement[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes.readUInt8(at);
    const first = bytes.readUInt8(at + 1);
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    // Four bytes are 4 GB; 0x80 alone is the indefinite length of BER.
    if (first === 0x80 || lengthBytes > 4) throw new RangeError("not a length in DER");
    const start = at + 2 + lengthBytes;
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes);
    if (start + length > bytes.length) throw new RangeError("an element is cut off");
    found.push({ tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) });
    at = start + length;
  }
  return found;
}
