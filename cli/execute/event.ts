/**
 * What happens while work is done, as plain values: reporters tell it to people, log files and programs. Texts that can
 * hold secrets have been through the redactor before they get here.
 */

export type WorkEvent =
  | RunStarted
  | StepStarted
  | StepFinished
  | CommandStarted
  | CommandOutput
  | CommandFinished
  | Said
  | HostOutput
  | ProgressSaid
  | Checked
  | Differs
  | Failed
  | RunFinished;

/** A command of the tool begins. `command` is what was typed, without options: `deploy`, `app boot`. */
export type RunStarted = {
  readonly event: "run-started";
  readonly command: string;
  readonly version: string | undefined;
  readonly destination: string | undefined;
  readonly hosts: readonly string[];
  /** It changes something: log files are kept for such runs only. */
  readonly changes: boolean;
};

/** `id` is unique within a run; steps nest. `hosts` are those that it concerns, none for work on this machine. */
export type StepStarted = {
  readonly event: "step-started";
  readonly id: number;
  readonly title: string;
  readonly hosts: readonly string[];
};
export type StepFinished = {
  readonly event: "step-finished";
  readonly id: number;
  readonly outcome: "done" | "failed" | "skipped" | "cancelled";
  readonly durationMs: number;
};

/** `id` has 8 hex digits; `host` is `localhost` on this machine. `level` says how closely one has to look to see it. */
export type CommandStarted = {
  readonly event: "command-started";
  readonly id: string;
  readonly host: string;
  readonly shown: string;
  readonly level: "info" | "debug";
};
export type CommandOutput = {
  readonly event: "command-output";
  readonly id: string;
  readonly host: string;
  readonly stream: "stdout" | "stderr";
  readonly line: string;
  readonly level: "info" | "debug";
};
export type CommandFinished = {
  readonly event: "command-finished";
  readonly id: string;
  readonly host: string;
  /** Null when a signal ended it, or the connection was lost. */
  readonly exitCode: number | null;
  readonly durationMs: number;
  readonly level: "info" | "debug";
};

/** A sentence for people. `host` where it concerns one. */
export type Said = {
  readonly event: "said";
  readonly kind: "progress" | "notice" | "warning";
  readonly text: string;
  readonly host?: string;
};

/** What a person asked to see of a host: `title` as in `App Host`, `Proxy Host`, `Accessory db Host`. */
export type HostOutput = {
  readonly event: "host-output";
  readonly title: string;
  readonly host: string;
  readonly text: string;
};

/** How a long operation on a host goes on, replaced by the next one: the proxy's drain counting down, a pull's layers. */
export type ProgressSaid = { readonly event: "progress"; readonly host: string; readonly text: string };

/** What `doctor` found of one thing. `host` where it concerns one; `check` names what was looked at: `disk`, `port-80`. */
export type Checked = {
  readonly event: "checked";
  readonly check: string;
  readonly host: string | undefined;
  readonly verdict: "ok" | "warning" | "problem" | "skipped";
  /** A sentence with the values that were seen. */
  readonly text: string;
  readonly hint: string | undefined;
};

/** Something on a server is other than the configuration says: what `diff` found of one thing. `host` where it concerns one. */
export type Differs = {
  readonly event: "differs";
  readonly host: string | undefined;
  /** The container, role, route, accessory or file that it is about. */
  readonly subject: string;
  readonly kind:
    | "host-left"
    | "role-left"
    | "role-missing"
    | "container-changed"
    | "container-stale"
    | "versions-mixed"
    | "route-left"
    | "route-missing"
    | "route-changed"
    | "route-paused"
    | "accessory-left"
    | "accessory-missing"
    | "accessory-unhealthy"
    | "accessory-changed"
    | "proxy-missing"
    | "proxy-changed"
    | "files-left"
    | "lock-stale";
  /** A sentence with what is there, and what is not. Names of variables, never their values. */
  readonly text: string;
  /** What `reconcile` would do, or a person can. */
  readonly remedy: string;
};

export type Failed = {
  readonly event: "failed";
  readonly code: string;
  readonly host: string | undefined;
  readonly message: string;
  readonly hint: string | undefined;
  /** Output, log lines, a diagnosis: lines to read below the message. */
  readonly details: readonly string[];
};

export type RunFinished = {
  readonly event: "run-finished";
  readonly exitCode: number;
  readonly durationMs: number;
};

export type Report = (event: WorkEvent) => void;
