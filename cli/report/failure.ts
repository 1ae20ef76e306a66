/** Whatever was thrown → what people and programs are told of it, and the exit code. */
import { EXIT_CODES, KdeployError } from "../errors.ts";
import type { Failed } from "../execute/event.ts";

export type Failure = { readonly events: readonly Failed[]; readonly exitCode: number };

/** Several failures under one AggregateError are told one by one, each once. */
export function failureOf(error: unknown): Failure {
  const errors = [...new Set(flattened(error))];
  const told = errors.filter((one) => !isConsequence(one, errors));
  return { events: told.map(eventOf), exitCode: exitCodeOf(told) };
}

function flattened(error: unknown): unknown[] {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.flatMap(flattened);
  return [error];
}

/** Where one host failed, others were told to stop: that these were cancelled is not what went wrong. */
function isConsequence(error: unknown, all: readonly unknown[]): boolean {
  return isCancelled(error) && all.some((other) => !isCancelled(other));
}

function isCancelled(error: unknown): boolean {
  return error instanceof KdeployError && error.exitClass === "interrupted";
}

function eventOf(error: unknown): Failed {
  if (error instanceof KdeployError) {
    const host = "host" in error && typeof error.host === "string" ? error.host : undefined;
    const { code, message, hint, details } = error;
    return { event: "failed", code, host, message, hint, details };
  }
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? (error.stack ?? "").split("\n").slice(1) : [];
  return {
    event: "failed",
    code: "bug",
    host: undefined,
    message: message === "" ? "an error without a message" : message,
    hint: "this is a defect of kdeploy: please report it with the lines above",
    details: stack.map((line) => line.trim()),
  };
}

/** That of all of them when they agree. */
function exitCodeOf(errors: readonly unknown[]): number {
  const codes = new Set(errors.map((error) => (error instanceof KdeployError ? error.exitCode : EXIT_CODES.failure)));
  const [only] = codes;
  return codes.size === 1 && only !== undefined ? only : EXIT_CODES.failure;
}
