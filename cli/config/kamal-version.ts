/** The version of Kamal whose configuration files this program reads, and how versions compare. */

export const COMPATIBLE_KAMAL_VERSION = "2.12.0";

/** Below zero when `one` is older. Rubygems' order: numbers by size, and a letter makes a pre-release. */
export function compareVersions(one: string, other: string): number {
  const left = segmentsOf(one);
  const right = segmentsOf(other);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [a, b] = [left[i] ?? "0", right[i] ?? "0"];
    const [aIsNumber, bIsNumber] = [/^[0-9]/.test(a), /^[0-9]/.test(b)];
    if (aIsNumber !== bIsNumber) return aIsNumber ? 1 : -1;
    const order = aIsNumber ? Number(a) - Number(b) : a === b ? 0 : a < b ? -1 : 1;
    if (order !== 0) return order;
  }
  return 0;
}

function segmentsOf(version: string): readonly string[] {
  return version.match(/[0-9]+|[A-Za-z]+/g) ?? [];
}
