/** Small text files in, a tar archive with owners and modes out. POSIX.1-2017, pax: ustar interchange format. */

const BLOCK_BYTES = 512;
const MAX_NAME_BYTES = 100;

export type TarEntry = {
  readonly name: string;
  readonly mode: number;
  /** Of user and group. */
  readonly ownerId: number;
  readonly content: string;
};

/** Text: what is not ASCII in it counts as UTF-8. */
export function tarOf(entries: readonly TarEntry[]): string {
  const files = entries.map((entry) => {
    const bytes = Buffer.byteLength(entry.content);
    return header(entry, bytes) + entry.content + "\0".repeat(-bytes & (BLOCK_BYTES - 1));
  });
  return files.join("") + "\0".repeat(2 * BLOCK_BYTES);
}

function header({ name, mode, ownerId }: TarEntry, bytes: number): string {
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw new RangeError("a name in an archive has at most 100 bytes");
  const before = name.padEnd(MAX_NAME_BYTES, "\0") + octal(mode, 8) + octal(ownerId, 8) + octal(ownerId, 8);
  const size = octal(bytes, 12) + octal(0, 12);
  const after = `0${"\0".repeat(100)}ustar\x0000`.padEnd(BLOCK_BYTES - before.length - size.length - 8, "\0");
  // Its own field counts as blanks.
  const sum = Buffer.from(`${before}${size}${" ".repeat(8)}${after}`, "latin1").reduce(
    (total, byte) => total + byte,
    0,
  );
  return `${before}${size}${sum.toString(8).padStart(6, "0")}\0 ${after}`;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\0`;
}
