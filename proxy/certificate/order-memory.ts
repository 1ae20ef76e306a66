/** What is known about getting one certificate, and must outlive a restart ↔ its JSON text. */
import { CERTIFICATE_LIMITS } from "../limits.ts";
import { isJsonObject, type JsonObject } from "../options/option-fields.ts";
import type { CertificateJob, IssueProblemKind, RenewalWindow } from "./issue-protocol.ts";

export type ChallengeType = CertificateJob["challenge"];

export type OrderMemory = {
  /** Failed attempts since the last success. */
  readonly attempts: number;
  /** No attempt before this; 0 for at once. */
  readonly nextAttemptMs: number;
  /** Why the last attempt failed; empty kind: it did not. */
  readonly problem: { readonly kind: IssueProblemKind | ""; readonly detail: string };
  /** What is to be tried next, because it worked or because the other one did not; empty for the usual one. */
  readonly challenge: ChallengeType | "";
  /** The other challenge has had its turn since the last success. */
  readonly alternated: boolean;
  /** A new account has been tried since the last success. */
  readonly accountReplaced: boolean;
  /** An order under way, and the key that its certificate will belong to, PEM. */
  readonly orderUrl: string;
  readonly pendingKey: string;
  /** When the latest orders were begun since the last success, the oldest first. */
  readonly ordersMs: readonly number[];
  readonly renewal: RenewalPlan | null;
};

/** When the certificate with this serial is renewed, and when the authority is asked about it again. */
export type RenewalPlan = {
  readonly serial: string;
  /** Null while the authority has not said. */
  readonly atMs: number | null;
  readonly window: RenewalWindow | null;
  readonly nextQuestionMs: number;
};

export const NOTHING_KNOWN: OrderMemory = {
  attempts: 0,
  nextAttemptMs: 0,
  problem: { kind: "", detail: "" },
  challenge: "",
  alternated: false,
  accountReplaced: false,
  orderUrl: "",
  pendingKey: "",
  ordersMs: [],
  renewal: null,
};

const VERSION = 1;

export function formatMemory(memory: OrderMemory): string {
  return `${JSON.stringify({ version: VERSION, ...memory }, null, 2)}\n`;
}

/** What is missing or makes no sense is as if nobody had known it. @throws SyntaxError for what is no JSON object */
export function parseMemory(text: string): OrderMemory {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) throw new SyntaxError("not a JSON object");
  const { problem, renewal } = value;
  return {
    attempts: Math.trunc(numberOf(value, "attempts")),
    nextAttemptMs: numberOf(value, "nextAttemptMs"),
    problem: isJsonObject(problem)
      ? { kind: textOf(problem, "kind") as IssueProblemKind | "", detail: textOf(problem, "detail") }
      : NOTHING_KNOWN.problem,
    challenge: challengeOf(value["challenge"]),
    alternated: value["alternated"] === true,
    accountReplaced: value["accountReplaced"] === true,
    orderUrl: textOf(value, "orderUrl"),
    pendingKey: textOf(value, "pendingKey"),
    ordersMs: timesOf(value["ordersMs"]),
    renewal: isJsonObject(renewal) ? renewalOf(renewal) : null,
  };
}

function renewalOf(value: JsonObject): RenewalPlan {
  const { window, atMs } = value;
  return {
    serial: textOf(value, "serial"),
    atMs: typeof atMs === "number" ? atMs : null,
    window: isJsonObject(window)
      ? {
          start: textOf(window, "start"),
          end: textOf(window, "end"),
          explanationUrl: textOf(window, "explanationUrl"),
        }
      : null,
    nextQuestionMs: numberOf(value, "nextQuestionMs"),
  };
}

function challengeOf(value: unknown): ChallengeType | "" {
  return value === "http-01" || value === "tls-alpn-01" || value === "dns-01" ? value : "";
}

function textOf(value: JsonObject, key: string): string {
  const text = value[key];
  return typeof text === "string" ? text : "";
}

function timesOf(value: unknown): readonly number[] {
  const times: unknown[] = Array.isArray(value) ? value.slice(-CERTIFICATE_LIMITS.maxOrdersPerHour) : [];
  return times.filter((time) => typeof time === "number");
}

function numberOf(value: JsonObject, key: string): number {
  const number = value[key];
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : 0;
}
