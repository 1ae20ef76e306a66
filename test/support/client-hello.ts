/** ClientHellos made by hand, for what no client library would send; not good for a whole handshake. RFC 8446 §4.1.2. */

export function vector(size: 1 | 2 | 3, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = Buffer.alloc(size);
  length.writeUIntBE(content.length, 0, size);
  return Buffer.concat([length, content]);
}

export function extension(type: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(type >> 8, type & 255), vector(2, content)]);
}

export function nameExtension(name: string): Buffer {
  return extension(0, vector(2, Buffer.of(0), vector(2, Buffer.from(name, "latin1"))));
}

export function protocolsExtension(protocols: readonly string[]): Buffer {
  return extension(16, vector(2, ...protocols.map((name) => vector(1, Buffer.from(name, "latin1")))));
}

/** The handshake message, header included; null for one that has no list of extensions. */
export function helloMessage(extensions: readonly Buffer[] | null): Buffer {
  return Buffer.concat([
    Buffer.of(1),
    vector(
      3,
      Buffer.from([3, 3]),
      Buffer.alloc(32, 7),
      vector(1, Buffer.alloc(32, 9)),
      vector(2, Buffer.from([0x13, 1])),
      vector(1, Buffer.of(0)),
      extensions === null ? Buffer.alloc(0) : vector(2, ...extensions),
    ),
  ]);
}

/** Cut into records of `size` bytes. */
export function records(bytes: Buffer, size = 16_384): Buffer {
  const cut: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    cut.push(Buffer.from([22, 3, 1]), vector(2, bytes.subarray(at, at + size)));
  }
  return Buffer.concat(cut);
}
