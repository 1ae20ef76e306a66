/** The deploy tool's error catalogue: every error that a person can meet has a code, a sentence, a hint and an exit code. */

/** One exit code for each kind of failure. All but 0 are failures to a script; the original knows only 1. */
export const EXIT_CODES = {
  failure: 1,
  usage: 2,
  configuration: 3,
  secret: 4,
  locked: 5,
  unreachable: 6,
  interrupted: 130,
} as const;

export type ExitClass = keyof typeof EXIT_CODES;

/** Stable, and documented in README. `bug` is what is no such error. */
export type ErrorCode =
  | "accessory-unknown"
  | "adapter-failed"
  | "adapter-missing"
  | "adapter-unknown"
  | "alias-endless"
  | "argument-missing"
  | "argument-unexpected"
  | "assets-missing"
  | "boot-failed"
  | "buildx-missing"
  | "cancelled"
  | "clone-failed"
  | "command-failed"
  | "command-timed-out"
  | "command-unknown"
  | "config-invalid"
  | "config-not-found"
  | "config-unreadable"
  | "connection-lost"
  | "declined"
  | "destination-invalid"
  | "docker-missing"
  | "docs-section-unknown"
  | "file-missing"
  | "forward-refused"
  | "hook-failed"
  | "hook-missing"
  | "host-key-changed"
  | "host-key-unknown"
  | "host-name-invalid"
  | "host-unreachable"
  | "image-unusable"
  | "lock-held"
  | "lock-lost"
  | "nothing-deployed"
  | "option-invalid"
  | "option-unknown"
  | "proxy-in-use"
  | "proxy-missing"
  | "proxy-outdated"
  | "registry-denied"
  | "registry-is-local"
  | "registry-unusable"
  | "rollback-impossible"
  | "secret-command-failed"
  | "secret-not-found"
  | "secrets-unreadable"
  | "selection-empty"
  | "several-hosts-failed"
  | "ssh-authentication-failed"
  | "ssh-config-invalid"
  | "ssh-key-unusable"
  | "ssh-program-missing"
  | "upload-failed"
  | "variable-not-passable"
  | "version-unknown";

/** An error meant for the person at the terminal; anything else that is thrown is a bug. */
export class KdeployError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly exitClass: ExitClass;
  /** Output, log lines, a diagnosis: lines to read below the message. */
  readonly details: readonly string[];

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      hint?: string | undefined;
      exitClass?: ExitClass;
      details?: readonly string[] | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "KdeployError";
    this.code = code;
    this.hint = options.hint;
    this.exitClass = options.exitClass ?? "failure";
    this.details = options.details ?? [];
  }

  get exitCode(): number {
    return EXIT_CODES[this.exitClass];
  }
}

/** Where a value was written. Lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong, or that deserves a warning, in a configuration file. */
export interface ConfigIssue extends Position {
  /** Keys and list indexes from the root, as the original writes them: `servers/web/labels/role`; empty for the file. */
  readonly keyPath: string;
  readonly message: string;
  /** The known word that was probably meant. */
  readonly suggestion?: string | undefined;
}

/** Everything that is wrong with a configuration, at once. */
export class ConfigError extends KdeployError {
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    super("config-invalid", issues.map(formatIssue).join("\n"), { exitClass: "configuration" });
    this.name = "ConfigError";
    this.issues = issues;
  }
}

/** `config/deploy.yml:8:13 servers/web: unknown key: optins — did you mean options?` */
export function formatIssue(issue: ConfigIssue): string {
  const where = `${issue.file}:${issue.line}:${issue.column}`;
  const key = issue.keyPath === "" ? "" : ` ${issue.keyPath}:`;
  const suggestion = issue.suggestion === undefined ? "" : ` — did you mean ${issue.suggestion}?`;
  return `${where}${key} ${issue.message}${suggestion}`;
}
