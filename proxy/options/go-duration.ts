/** Durations as Go writes them: `1m30s`, `.5s`, `-2h` ↔ nanoseconds and milliseconds. Source: proxy-behaviour §1.1. */

const UNIT_NS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["µs", 1_000n],
  ["μs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);

/** A duration is a signed 64-bit count of nanoseconds; the text may say no more than that. */
const MAX_NS = 2n ** 63n - 1n;
const MIN_NS = -(2n ** 63n);
const GROUP = /([0-9]*)(\.[0-9]*)?([^0-9.]*)/y;

/** A value that does not parse; the message is the reference's, without the name of the flag. */
export class ValueSyntaxError extends Error {
  override readonly name = "ValueSyntaxError";
}

/** @throws ValueSyntaxError `time: missing unit in duration "30"` and its kin. */
export function parseDurationMs(text: string): number {
  return Number(parseDurationNs(text)) / 1e6;
}

/** Milliseconds, fractions allowed, in Go's canonical form: `300ms`, `1.5s`, `1m30s`, `0s`. */
export function formatDurationMs(durationMs: number): string {
  return formatDurationNs(BigInt(Math.round(durationMs * 1e6)));
}

/** @throws ValueSyntaxError */
export function parseDurationNs(text: string): bigint {
  const sign = /^[+-]/.test(text) ? text[0] : "";
  const digits = text.slice(sign?.length ?? 0);
  if (digits === "0") return 0n;
  if (digits === "") throw invalid(text);
  let total = 0n;
  GROUP.lastIndex = 0;
  while (GROUP.lastIndex < digits.length) total += parseGroup(text, GROUP.exec(digits));
  const signed = sign === "-" ? -total : total;
  if (signed > MAX_NS || signed < MIN_NS) throw invalid(text);
  return signed;
}

export function formatDurationNs(durationNs: bigint): string {
  if (durationNs === 0n) return "0s";
  if (durationNs < 0n) return `-${formatDurationNs(-durationNs)}`;
  if (durationNs < 1_000n) return `${durationNs}ns`;
  if (durationNs < 1_000_000n) return `${decimal(durationNs, 3)}µs`;
  if (durationNs < 1_000_000_000n) return `${decimal(durationNs, 6)}ms`;
  const minutes = durationNs / 60_000_000_000n;
  const seconds = `${decimal(durationNs % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

function parseGroup(text: string, match: RegExpExecArray | null): bigint {
  const [, whole = "", fraction = "", unit = ""] = match ?? [];
  if (whole === "" && fraction.length < 2) throw invalid(text);
  if (unit === "") throw new ValueSyntaxError(`time: missing unit in duration ${quoteBytes(text)}`);
  const scale = UNIT_NS.get(unit);
  if (scale === undefined) {
    throw new ValueSyntaxError(`time: unknown unit ${quoteBytes(unit)} in duration ${quoteBytes(text)}`);
  }
  // Digits beyond the eighteenth cannot reach a nanosecond, not even of an hour.
  const fractionDigits = fraction.slice(1, 19);
  return BigInt(whole || "0") * scale + (BigInt(fractionDigits || "0") * scale) / 10n ** BigInt(fractionDigits.length);
}

/** `value` × 10^-places without trailing zeros. */
function decimal(value: bigint, places: number): string {
  const scale = 10n ** BigInt(places);
  const fraction = (value % scale).toString().padStart(places, "0").replace(/0+$/, "");
  return fraction === "" ? `${value / scale}` : `${value / scale}.${fraction}`;
}

function invalid(text: string): ValueSyntaxError {
  return new ValueSyntaxError(`time: invalid duration ${quoteBytes(text)}`);
}

/** Go's `time` package quotes byte by byte: whatever is not plain ASCII becomes `\xNN`. */
function quoteBytes(text: string): string {
  let quoted = "";
  for (const byte of Buffer.from(text)) {
    if (byte === 0x22 || byte === 0x5c) quoted += `\\${String.fromCharCode(byte)}`;
    else if (byte < 0x20 || byte >= 0x80) quoted += `\\x${byte.toString(16).padStart(2, "0")}`;
    else quoted += String.fromCharCode(byte);
  }
  return `"${quoted}"`;
}
