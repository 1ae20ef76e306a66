/** Failures of work on hosts: which host, and lines to read below the message. */
import { type ErrorCode, type ExitClass, KdeployError } from "../errors.ts";
import { HostError } from "./host-error.ts";

export type WorkErrorOptions = {
  readonly host?: string | undefined;
  readonly hint?: string | undefined;
  readonly exitClass?: ExitClass | undefined;
  /** Output, log lines, a diagnosis. Without secrets. */
  readonly details?: readonly string[] | undefined;
  readonly cause?: unknown;
};

export class WorkError extends KdeployError {
  readonly host: string | undefined;

  constructor(code: ErrorCode, message: string, options: WorkErrorOptions = {}) {
    const { exitClass, hint, cause, details } = options;
    super(code, message, { hint, details, cause, ...(exitClass === undefined ? {} : { exitClass }) });
    this.name = "WorkError";
    this.host = options.host;
  }
}

/** A command that ended with another exit code than 0. */
export class CommandError extends WorkError {
  /** Null when a signal ended it. */
  readonly exitCodeOfCommand: number | null;
  readonly stdout: string;
  readonly stderr: string;

  constructor(
    host: string,
    shown: string,
    result: { exitCode: number | null; signal: string | null; stdout: string; stderr: string },
    details: readonly string[],
  ) {
    const how = result.exitCode === null ? `was ended by ${result.signal ?? "a signal"}` : `exited ${result.exitCode}`;
    super("command-failed", `${host}: ${shown} ${how}`, { host, details });
    this.name = "CommandError";
    this.exitCodeOfCommand = result.exitCode;
    this.stdout = result.stdout;
    this.stderr = result.stderr;
  }
}

export type HostFailure = { readonly host: string; readonly error: KdeployError };

/** Several hosts failed; each is named. */
export class MultiHostError extends WorkError {
  readonly failures: readonly HostFailure[];

  constructor(failures: readonly HostFailure[]) {
    const [first] = failures;
    const same = failures.every(({ error }) => error.exitClass === first?.error.exitClass);
    super("several-hosts-failed", `${failures.length} hosts failed: ${failures.map(({ host }) => host).join(", ")}`, {
      ...(same ? { exitClass: first?.error.exitClass } : {}),
      hint: first?.error.hint,
      details: failures.flatMap(({ host, error }) => [
        onHost(host, error.message),
        ...error.details.map((line) => `  ${line}`),
      ]),
    });
    this.name = "MultiHostError";
    this.failures = failures;
  }
}

/** `host: text`; a text that names the host itself stays as it is. */
export function onHost(host: string, text: string): string {
  return namesHost(text, host) ? text : `${host}: ${text}`;
}

/** As a word: `app1` is not in `app10`, and `10.0.0.1` not in `10.0.0.11`. */
export function namesHost(text: string, host: string): boolean {
  for (let at = text.indexOf(host); at !== -1; at = text.indexOf(host, at + 1)) {
    const before = text.slice(0, at);
    const after = text.slice(at + host.length);
    if (!/[\w-]$|[\w-]\.$/.test(before) && !/^(?:[\w-]|\.[\w-])/.test(after)) return true;
  }
  return false;
}

export function isCancelled(error: unknown): boolean {
  return error instanceof KdeployError && error.exitClass === "interrupted";
}

/** Nobody knows what became of the command: the connection was lost, or it was told to end. */
export function isUncertain(error: unknown): boolean {
  return error instanceof HostError;
}

/** For people who are told of an error that does not end the work. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
