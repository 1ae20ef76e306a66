/** Hooks: programs of the project, run on this machine with what they may want to know in their environment. Source: cli-commands §10. */
import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { word } from "../../remote/conventions.ts";
import { quote } from "../../remote/shell.ts";
import { Secret } from "../../secret/secret.ts";
import { inStep, say } from "../in-step.ts";
import { LOCALHOST, runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { CommandError, WorkError } from "../work-error.ts";

export type HookName =
  | "docker-setup"
  | "post-app-boot"
  | "post-deploy"
  | "post-proxy-reboot"
  | "pre-app-boot"
  | "pre-build"
  | "pre-connect"
  | "pre-deploy"
  | "pre-proxy-reboot";

/** Those that get every secret. */
const WITH_SECRETS: ReadonlySet<HookName> = new Set(["pre-connect", "pre-deploy", "post-deploy"]);
/** Characters of a version in `KAMAL_SERVICE_VERSION`. */
const SHORT_VERSION = 7;

export type HookOptions = {
  /** All selected ones unless given. */
  readonly hosts?: readonly string[];
  readonly runtimeSeconds?: number;
};

/** Nothing happens when there is no such hook. @throws WorkError `hook-failed` with what it printed */
export async function runHook(work: Work, hook: HookName, options: HookOptions = {}): Promise<void> {
  if (work.skipHooks) return;
  const path = join(work.config.hooksPath, hook);
  const there = await access(resolve(work.cwd, path)).then(
    () => true,
    () => false,
  );
  if (!there) return;
  await inStep(work, `Run the ${hook} hook`, [], () => runProgram(work, hook, path, options));
}

/** Once in a run, before the first command on a host. */
export function runPreConnectHook(work: Work): Promise<void> {
  return work.state.once("pre-connect", () => runHook(work, "pre-connect"));
}

async function runProgram(work: Work, hook: HookName, path: string, options: HookOptions): Promise<void> {
  const { hooksOutput } = work.config;
  const output = hooksOutput.byHook[hook] ?? hooksOutput.all;
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
        ...(output === "verbose" ? { onLine: (text: string) => say(work, "progress", text) } : {}),
      },
    );
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const printed = `${error.stdout}\n${error.stderr}`.split("\n").filter((text) => text.trim() !== "");
    throw new WorkError("hook-failed", `The hook ${path} exited ${error.exitCodeOfCommand ?? "by a signal"}.`, {
      details: printed.slice(-work.state.limits.failureOutputLines).map((text) => work.redactor.redact(text)),
      hint: "hooks can be left out with --skip-hooks",
    });
  }
}

/** What is no name of a shell variable, no shell can export. */
async function environment(work: Work, hook: HookName, options: HookOptions): Promise<Map<string, string>> {
  const { config, invocation, selection, version } = work;
  const secrets = WITH_SECRETS.has(hook) ? await work.secrets.all() : new Map<string, Secret>();
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
    KAMAL_RUNTIME: options.runtimeSeconds === undefined ? undefined : String(options.runtimeSeconds),
  };
  const variables = new Map<string, string>();
  for (const [name, secret] of secrets) if (/^[A-Za-z_]\w*$/.test(name)) variables.set(name, secret.reveal());
  for (const [name, value] of Object.entries(known)) if (value !== undefined) variables.set(name, value);
  return variables;
}
