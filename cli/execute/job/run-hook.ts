/** Hooks: programs of the project, run on this machine with what they may want to know in their environment. Source: cli-commands §10. */
import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { word } from "../../remote/conventions.ts";
import { quote } from "../../remote/shell.ts";
import { Secret } from "../../secret/secret.ts";
import { inStep, say } from "../in-step.ts";
import { LOCALHOST, runCommand } from "../run-command.ts";
import { type Work, workWith } from "../work.ts";
import { CommandError, WorkError, wordsOf } from "../work-error.ts";

export type HookName =
  | "accessory-backup"
  | "accessory-restore"
  | "deploy-failed"
  | "docker-setup"
  | "post-accessory-upgrade"
  | "post-app-boot"
  | "post-deploy"
  | "post-proxy-reboot"
  | "pre-accessory-upgrade"
  | "pre-app-boot"
  | "pre-build"
  | "pre-connect"
  | "pre-deploy"
  | "pre-proxy-reboot";

/** Those that get every secret. */
const WITH_SECRETS: ReadonlySet<HookName> = new Set([
  "accessory-backup",
  "accessory-restore",
  "deploy-failed",
  "pre-accessory-upgrade",
  "pre-connect",
  "pre-deploy",
  "post-deploy",
]);
/** Characters of a version in `KAMAL_SERVICE_VERSION`. */
const SHORT_VERSION = 7;

export type HookOptions = {
  /** All selected ones unless given. */
  readonly hosts?: readonly string[];
  readonly runtimeSeconds?: number;
  /** What went wrong. */
  readonly failure?: Failure;
  /** Runs to its end, or this long, whatever is cancelled. */
  readonly atMostMs?: number;
  /** By name. */
  readonly accessory?: string;
  readonly backupFile?: string;
  /** What it prints is told, unless the configuration says otherwise. */
  readonly told?: boolean;
};

export type Failure = { readonly code: string; readonly message: string };

/** Nothing happens when there is no such hook. @throws WorkError `hook-failed` with what it printed */
export async function runHook(work: Work, hook: HookName, options: HookOptions = {}): Promise<void> {
  if (work.skipHooks || !(await hasHook(work, hook))) return;
  await inStep(work, `Run the ${hook} hook`, [], () => runProgram(work, hook, options));
}

export function hasHook(work: Work, hook: HookName): Promise<boolean> {
  return access(resolve(work.cwd, pathOf(work, hook))).then(
    () => true,
    () => false,
  );
}

/** Once in a run, before the first command on a host. */
export function runPreConnectHook(work: Work): Promise<void> {
  return work.state.once("pre-connect", () => runHook(work, "pre-connect"));
}

/** After a deploy that failed, when nothing is locked any more. Never throws: it has failed already. */
export async function runFailureHook(work: Work, failure: Failure): Promise<void> {
  const { limits, startedAtMs, version } = work.state;
  const runtimeSeconds = Math.round((performance.now() - startedAtMs) / 1000);
  try {
    const failed = version === undefined ? work : workWith(work, { version });
    await runHook(failed, "deploy-failed", { failure, runtimeSeconds, atMostMs: limits.failureHookMs });
  } catch (error) {
    say(work, "warning", wordsOf(error));
  }
}

function pathOf(work: Work, hook: HookName): string {
  return join(work.config.hooksPath, hook);
}

async function runProgram(work: Work, hook: HookName, options: HookOptions): Promise<void> {
  const { hooksOutput } = work.config;
  const path = pathOf(work, hook);
  const output = hooksOutput.byHook[hook] ?? hooksOutput.all ?? (options.told === true ? "verbose" : undefined);
  // Where nothing is run, nobody is to be asked for a password.
  const variables = work.dryRun ? [] : [...(await environment(work, hook, options))];
  // By way of stdin: arguments can be read by everybody on this machine.
  const script = variables.map(([name, value]) => `export ${name}=${quote(value)}`).join("\n");
  const line = `/usr/bin/env ${word(path.startsWith("/") ? path : `./${path}`)}`;
  try {
    await runCommand(
      work,
      LOCALHOST,
      { command: `eval "$(cat)" && ${line}`, input: new Secret(script), shown: line },
      {
        ...(output === "quiet" ? { level: "debug" } : {}),
        ...(output === "verbose" ? { outputLevel: "info" } : {}),
        ...(options.atMostMs === undefined ? {} : { signal: null, timeoutMs: options.atMostMs }),
      },
    );
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const printed = `${error.stdout}\n${error.stderr}`.split("\n").filter((text) => text.trim() !== "");
    throw new WorkError("hook-failed", `The hook ${path} exited ${error.exitCodeOfCommand ?? "by a signal"}.`, {
      details: printed.slice(-work.state.limits.failureOutputLines).map((text) => work.redactor.redact(text)),
      ...(options.told === true ? {} : { hint: "hooks can be left out with --skip-hooks" }),
    });
  }
}

/** What is no name of a shell variable, no shell can export. */
async function environment(work: Work, hook: HookName, options: HookOptions): Promise<Map<string, string>> {
  const { config, invocation, selection, version } = work;
  const secrets = WITH_SECRETS.has(hook) ? await secretsFor(work, options) : new Map<string, Secret>();
  const known: Record<string, string | undefined> = {
    KAMAL_RECORDED_AT: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    KAMAL_PERFORMER: work.performer,
    KAMAL_DESTINATION: config.destination,
    KAMAL_VERSION: version,
    KAMAL_SERVICE_VERSION: `${config.service}@${version.includes("_") ? version : version.slice(0, SHORT_VERSION)}`,
    KAMAL_SERVICE: config.service,
    KAMAL_HOSTS: (options.hosts ?? selection.hosts).join(","),
    KAMAL_ROLES: invocation.roles,
    KAMAL_LOCK: String(work.state.lock !== undefined || work.env["KAMAL_LOCK"] === "true"),
    KAMAL_COMMAND: invocation.command,
    KAMAL_SUBCOMMAND: invocation.subcommand,
    KAMAL_ACCESSORY: options.accessory,
    KAMAL_BACKUP_FILE: options.backupFile,
    KAMAL_ERROR_CODE: options.failure?.code,
    KAMAL_ERROR: firstLine(work, options.failure),
    KAMAL_RUNTIME: options.runtimeSeconds === undefined ? undefined : String(options.runtimeSeconds),
  };
  const variables = new Map<string, string>();
  for (const [name, secret] of secrets) if (/^[A-Za-z_]\w*$/.test(name)) variables.set(name, secret.reveal());
  for (const [name, value] of Object.entries(known)) if (value !== undefined) variables.set(name, value);
  return variables;
}

/** That they cannot be read may be what went wrong. */
async function secretsFor(work: Work, { failure }: HookOptions): Promise<ReadonlyMap<string, Secret>> {
  try {
    return await work.secrets.all();
  } catch (error) {
    if (failure === undefined) throw error;
    return new Map();
  }
}

function firstLine(work: Work, failure: Failure | undefined): string | undefined {
  return failure === undefined ? undefined : work.redactor.redact(failure.message).split("\n", 1)[0];
}
