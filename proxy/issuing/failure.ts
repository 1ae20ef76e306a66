/** Why there is no certificate: what authorities answer, systems report and this program finds, as one kind of error. */
import type { IssueProblem, IssueProblemKind } from "../certificate/issue-protocol.ts";

/** Ends a job with a problem that is told to people. */
export class IssueFailure extends Error {
  readonly problem: IssueProblem;

  constructor(
    kind: IssueProblemKind,
    detail: string,
    options: { type?: string; retryAfterSeconds?: number | null; cause?: unknown } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "IssueFailure";
    const { type = "", retryAfterSeconds = null } = options;
    this.problem = { kind, detail, type, retryAfterSeconds };
  }
}

/** RFC 7807, with the fields that RFC 8555 §6.7 adds; only what has the right shape, texts in one line and cut. */
export type ProblemDocument = {
  /** Empty where the authority named none. */
  readonly type: string;
  readonly detail: string;
  readonly subproblems: readonly ProblemDocument[];
};

/** An answer that is not a success, while nothing of it is explained yet. */
export class AuthorityRefusal extends Error {
  readonly status: number;
  readonly document: ProblemDocument;
  readonly retryAfterSeconds: number | null;

  constructor(status: number, document: ProblemDocument, retryAfterSeconds: number | null) {
    super(`${status} ${document.type} ${document.detail}`);
    this.name = "AuthorityRefusal";
    this.status = status;
    this.document = document;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** `rateLimited` of `urn:ietf:params:acme:error:rateLimited`; empty for all other types. */
  get acmeError(): string {
    return acmeError(this.document);
  }
}

const PREFIX = "urn:ietf:params:acme:error:";
export const MAX_DETAIL_LENGTH = 600;
const MAX_SUBPROBLEMS = 20;

/** The last part of an ACME problem type; empty for types of somebody else. */
export function acmeError(document: ProblemDocument): string {
  return document.type.startsWith(PREFIX) ? document.type.slice(PREFIX.length) : "";
}

/** Any JSON value → a problem document, empty where there is nothing of that shape. */
export function readProblem(value: unknown): ProblemDocument {
  const fields = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const { type, detail, subproblems } = fields;
  return {
    type: typeof type === "string" && type !== "about:blank" ? oneLine(type) : "",
    detail: typeof detail === "string" ? oneLine(detail) : "",
    subproblems: Array.isArray(subproblems) ? subproblems.slice(0, MAX_SUBPROBLEMS).map(readProblem) : [],
  };
}

/** Foreign text for a sentence of ours: no control characters, no full stop, not endless. */
export function oneLine(text: string): string {
  const line = text.replace(/[\s\x00-\x1f\x7f-\x9f]+/g, " ").trim();
  return (line.length > MAX_DETAIL_LENGTH ? `${line.slice(0, MAX_DETAIL_LENGTH)}…` : line).replace(/\.$/, "");
}
