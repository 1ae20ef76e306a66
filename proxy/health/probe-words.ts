/** A probe's result → the words for logs and people. */
import { REASON_PHRASES } from "../http1/reason-phrases.ts";
import type { ProbeOutcome } from "./probe.ts";

/** For the log, where scripts match on it: `request timed out`, `unexpected status (500)`, or the system's words. */
export function failureText(outcome: ProbeOutcome): string {
  if (outcome.kind === "healthy") return "";
  if (outcome.kind === "timed-out") return "request timed out";
  return outcome.kind === "status" ? `unexpected status (${outcome.status})` : outcome.detail;
}

/** One line for a person: what the target did, with the first words of what it said. */
export function outcomeText(outcome: ProbeOutcome): string {
  if (outcome.kind === "healthy") return `healthy (${outcome.status})`;
  if (outcome.kind === "timed-out") return TIMED_OUT[outcome.stage];
  return outcome.kind === "status" ? statusText(outcome) : FAILED[outcome.kind](outcome.detail);
}

const TIMED_OUT = {
  lookup: "timed out while looking the host name up",
  connect: "timed out while connecting",
  response: "timed out while waiting for the response",
  body: "timed out while reading the response body",
} as const;

const FAILED = {
  refused: () => "connection refused",
  reset: () => "connection closed before the response was complete",
  dns: () => "host name not found",
  unreachable: (detail: string) => `not reachable: ${detail}`,
  "other-protocol": (detail: string) => `wrong protocol: ${detail}`,
  grpc: (detail: string) => printable(detail),
  "not-http": (detail: string) => `the answer was not HTTP: ${detail}`,
} as const;

const MAX_QUOTED_CHARACTERS = 160;

function statusText(outcome: { status: number; location: string; bodyHead: string }): string {
  const reason = REASON_PHRASES[outcome.status];
  const status = reason === undefined ? String(outcome.status) : `${outcome.status} ${reason}`;
  if (outcome.location !== "") return `${status} → ${printable(outcome.location)}`;
  const said = printable(withoutMarkup(outcome.bodyHead));
  return said === "" ? status : `${status}: "${said}"`;
}

/** An error page's first words say more than its doctype. */
function withoutMarkup(text: string): string {
  return /^\s*</.test(text)
    ? text.replace(/<(style|script)\b[^]*?(<\/\1>|$)/gi, " ").replace(/<[^>]*(>|$)/g, " ")
    : text;
}

/** What a target says ends up on a terminal: no control characters, one line, not too long. */
function printable(text: string): string {
  const line = text
    .replace(/[\x00-\x20\x7f-\x9f]+/g, " ")
    .replaceAll("\uFFFD", "")
    .trim();
  return line.length > MAX_QUOTED_CHARACTERS ? `${line.slice(0, MAX_QUOTED_CHARACTERS)}…` : line;
}
