/** The `time` of a log line: RFC 3339 with nanoseconds in the local zone, as the original's logger writes it. */

/** Beyond this difference the wall clock has been set, and the monotonic clock is anchored anew. */
const MAX_DRIFT_MS = 2;

let anchorMs = 0;
let minuteShown = Number.NaN;
let prefix = "";
let zone = "";

/** `2026-11-22T02:01:05.123456789+01:00`; digits below a microsecond are the clock's own. */
export function logTime(): string {
  const sinceStartMs = performance.now();
  const wallMs = Date.now();
  if (Math.abs(anchorMs + sinceStartMs - wallMs) > MAX_DRIFT_MS) anchorMs = wallMs - sinceStartMs;
  return formatLogTime(anchorMs + sinceStartMs);
}

/** @param epochMs milliseconds since 1970, with a fraction */
export function formatLogTime(epochMs: number): string {
  const minute = Math.floor(epochMs / 60_000);
  if (minute !== minuteShown) startMinute(minute);
  const intoMinuteNs = Math.floor((epochMs - minute * 60_000) * 1e6);
  const seconds = Math.floor(intoMinuteNs / 1e9);
  const fraction = String(intoMinuteNs - seconds * 1e9).padStart(9, "0");
  return `${prefix}${pad(seconds)}.${fraction}${zone}`;
}

/** All but the seconds changes once a minute, so it is worked out once a minute. */
function startMinute(minute: number): void {
  const date = new Date(minute * 60_000);
  const offset = -date.getTimezoneOffset();
  minuteShown = minute;
  prefix = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}T${pad(date.getHours())}:${pad(date.getMinutes())}:`;
  zone =
    offset === 0
      ? "Z"
      : `${offset < 0 ? "-" : "+"}${pad(Math.trunc(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
}

function pad(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}
