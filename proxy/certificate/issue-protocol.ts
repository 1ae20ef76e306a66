/**
 * What the proxy and the process that talks to a certificate authority say to one another: one JSON object per line. The
 * process gets its job as the first line of stdin, tells on stdout how it goes, and ends by itself.
 */
import type { Challenge } from "../challenge/challenge-table.ts";

export type IssueJob = CertificateJob | RenewalInfoJob;

export type CertificateJob = {
  readonly kind: "certificate";
  /** URL of the ACME directory. */
  readonly directory: string;
  /** Of the account; empty for none. */
  readonly email: string;
  /** Null: make a key and register. The key is PEM; an empty URL: look the account up by its key, or register it. */
  readonly account: { readonly privateKey: string; readonly url: string } | null;
  /** RFC 8555 §7.3.4; the key is base64url. */
  readonly externalAccount: { readonly keyId: string; readonly hmacKey: string } | null;
  /** One folded name; `*.name` needs `dns-01`. */
  readonly name: string;
  /** PEM of the certificate's key. It is saved before the job starts, so that a certificate never outlives its key. */
  readonly privateKey: string;
  readonly challenge: Challenge["type"] | "dns-01";
  /** Program that is run as `<hook> present|cleanup <record name> <value>`; for `dns-01`. */
  readonly dnsHook: string;
  /** ARI CertID of the certificate that this one replaces (RFC 9773 §4.1, §5); empty for none. */
  readonly replaces: string;
  /** An order to go on with; empty for a new one. */
  readonly orderUrl: string;
  /** For the job as a whole. */
  readonly timeoutMs: number;
};

export type RenewalInfoJob = {
  readonly kind: "renewal-info";
  readonly directory: string;
  readonly certId: string;
  readonly timeoutMs: number;
};

export type IssueEvent =
  /** To be saved: it is registered with the authority. */
  | { readonly event: "account"; readonly privateKey: string; readonly url: string }
  /** To be saved: after a crash the job can go on from here. */
  | { readonly event: "order"; readonly url: string }
  /** The proxy puts the challenge in place, then writes `{"ready":true}` and a newline to the process's stdin. */
  | { readonly event: "challenge"; readonly challenge: Challenge }
  /** Words for the person who waits. */
  | { readonly event: "step"; readonly text: string }
  /** The last event of a job that succeeded. The chain is PEM, the leaf first. */
  | { readonly event: "issued"; readonly chain: string }
  /** The last event of a renewal-info job. Null: the authority does not offer it (RFC 9773 §4.2). Times are ISO 8601. */
  | { readonly event: "renewal-info"; readonly window: RenewalWindow | null; readonly retryAfterSeconds: number | null }
  /** The last event of a job that failed. */
  | { readonly event: "failed"; readonly problem: IssueProblem };

export type RenewalWindow = { readonly start: string; readonly end: string; readonly explanationUrl: string };

export type IssueProblem = {
  readonly kind: IssueProblemKind;
  /** A sentence that names the values, for people; without a full stop. */
  readonly detail: string;
  /** ACME problem type (`urn:ietf:params:acme:error:…`); empty where the authority did not say one. */
  readonly type: string;
  /** The authority's own wish; null where it has none. */
  readonly retryAfterSeconds: number | null;
};

export type IssueProblemKind =
  /** The name does not resolve, or not to an address at which it could be checked. */
  | "dns"
  /** The authority could not connect to port 80 (http-01) or 443 (tls-alpn-01). */
  | "connection"
  /** Somebody answered the challenge, but not with the right answer: the name leads to another server. */
  | "wrong-answer"
  | "caa"
  | "rate-limited"
  /** The authority will not issue for this name. */
  | "rejected-name"
  /** The account is missing, deactivated, or needs an external account binding. */
  | "account"
  /** The order that was to be gone on with is gone: start a new one. */
  | "order-gone"
  /** The directory cannot be reached, or answers with errors of its own. */
  | "authority-unavailable"
  | "dns-hook"
  | "timed-out"
  | "internal";

/** A line → the job, undefined for one that is none. The proxy wrote it: only what tells jobs apart is looked at. */
export function parseIssueJob(line: string): IssueJob | undefined {
  const { kind, directory, timeoutMs } = fieldsOf(line);
  const known = kind === "certificate" || kind === "renewal-info";
  return known && typeof directory === "string" && typeof timeoutMs === "number" ? JSON.parse(line) : undefined;
}

/** A line → the event, undefined for one that is none. */
export function parseIssueEvent(line: string): IssueEvent | undefined {
  const fields = fieldsOf(line);
  const { event } = fields;
  if (typeof event !== "string" || !Object.hasOwn(EVENT_FIELDS, event)) return undefined;
  const expected = Object.entries(EVENT_FIELDS[event as IssueEvent["event"]]);
  const fits = expected.every(([name, types]) => types.split("|").includes(typeOf(fields[name])));
  return fits ? (fields as IssueEvent) : undefined;
}

export function isLastEvent({ event }: IssueEvent): boolean {
  return event === "issued" || event === "renewal-info" || event === "failed";
}

const EVENT_FIELDS: Readonly<Record<IssueEvent["event"], Readonly<Record<string, string>>>> = {
  account: { privateKey: "string", url: "string" },
  order: { url: "string" },
  challenge: { challenge: "object" },
  step: { text: "string" },
  issued: { chain: "string" },
  "renewal-info": { window: "object|null", retryAfterSeconds: "number|null" },
  failed: { problem: "object" },
};

function fieldsOf(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return typeOf(value) === "object" ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function typeOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
