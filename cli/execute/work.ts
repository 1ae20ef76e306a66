/** What every piece of work is given: what is to be believed, whom it concerns, and the ways to reach them. */
import type { Config } from "../config/config.ts";
import type { Redactor } from "../secret/redactor.ts";
import type { SecretsFiles } from "../secret/secrets-files.ts";
import type { Selection } from "../selection/selection.ts";
import type { Report } from "./event.ts";
import type { Host } from "./host.ts";
import type { RunState } from "./run-state.ts";

export interface Work {
  readonly config: Config;
  readonly selection: Selection;
  /** Of the app: a tag of its image. Fixed for the whole run. */
  readonly version: string;
  readonly secrets: SecretsFiles;
  readonly redactor: Redactor;
  /** This machine, in the directory that the tool was started in. */
  readonly local: Host;
  /** @throws HostError for what is no host name */
  host(name: string): Host;
  readonly report: Report;
  /** Aborts when the person, or the CI, wants it to end. */
  readonly signal: AbortSignal;
  /** Say what would run where; run only what changes nothing. */
  readonly dryRun: boolean;
  readonly skipHooks: boolean;
  readonly lockWait: { readonly timeoutMs: number; readonly intervalMs: number } | undefined;
  /** Environment of the tool. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Who does it, for audit log and lock: git's user name and e-mail, else the login name. */
  readonly performer: string;
  /** What was typed, for hooks: `app`, `boot`, and the value of `--roles`. */
  readonly invocation: {
    readonly command: string;
    readonly subcommand?: string | undefined;
    readonly roles?: string | undefined;
  };
  /** What the run has come to; one for each run of the tool, shared by all works made from this one. */
  readonly state: RunState;
}

/** The same work with something else in it; it stays connected with the hosts and the state of the first. */
export function workWith(work: Work, changes: Partial<Pick<Work, "version" | "signal" | "selection">>): Work {
  return {
    config: work.config,
    selection: work.selection,
    version: work.version,
    secrets: work.secrets,
    redactor: work.redactor,
    local: work.local,
    host: (name) => work.host(name),
    report: work.report,
    signal: work.signal,
    dryRun: work.dryRun,
    skipHooks: work.skipHooks,
    lockWait: work.lockWait,
    env: work.env,
    cwd: work.cwd,
    performer: work.performer,
    invocation: work.invocation,
    state: work.state,
    ...changes,
  };
}
