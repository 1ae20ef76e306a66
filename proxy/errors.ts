/** The proxy's error catalogue: every error that a user of the command line can meet has a code, a sentence and a hint. */

export type ErrorCode =
  | "address-in-use"
  | "data-directory-in-use"
  | "deploy-in-progress"
  | "deploy-cancelled"
  | "certificate-unusable"
  | "host-conflict"
  | "invalid-argument"
  | "invalid-options"
  | "invalid-target"
  | "error-pages-unusable"
  | "node-too-old"
  | "not-prepared"
  | "nothing-to-revert"
  | "not-running"
  | "protocol"
  | "rollout-target-not-set"
  | "service-not-found"
  | "shutting-down"
  | "listen-failed"
  | "state-not-saved"
  | "state-unreadable"
  | "target-unhealthy"
  | "target-lost"
  | "connection-lost"
  | "internal";

/** An error meant for the person at the terminal; anything else that is thrown is a bug. */
export class ProxyError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ProxyError";
    this.code = code;
    this.hint = options.hint;
  }
}
