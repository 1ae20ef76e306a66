/** Counts the lines of a file that may be too large to hold in memory; a file that is not there has none. */
import { closeSync, openSync, readSync } from "node:fs";

const newline = 0x0a;

export function countLines(file: string): number {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return 0;
  }
  const chunk = Buffer.allocUnsafe(1024 * 1024);
  let lines = 0;
  try {
    for (let length = readSync(descriptor, chunk); length > 0; length = readSync(descriptor, chunk)) {
      const part = chunk.subarray(0, length);
      for (let at = part.indexOf(newline); at >= 0; at = part.indexOf(newline, at + 1)) lines += 1;
    }
  } finally {
    closeSync(descriptor);
  }
  return lines;
}
