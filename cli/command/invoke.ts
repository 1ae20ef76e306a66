/** One command with its words → its exit code: parsed, given what it needs, run, and its failures told. */
import type { Config } from "../config/config.ts";
import type { WorkEvent } from "../execute/event.ts";
import { isCancelled } from "../execute/work-error.ts";
import { chooseReporter } from "../report/choose-reporter.ts";
import { failureOf } from "../report/failure.ts";
import type { Listener } from "../report/listener.ts";
import type { Reporter } from "../report/reporter.ts";
import type { Terminal } from "../report/terminal.ts";
import { Redactor } from "../secret/redactor.ts";
import type { RunSecretsCommand } from "../secret/secrets-files.ts";
import { checkArguments } from "./check-arguments.ts";
import type { CommandContext, CommandModule, Entry } from "./command.ts";
import { optionsOf } from "./help.ts";
import { ciListeners, configuredListeners, redactingListener } from "./listeners.ts";
import type { SharedValues } from "./options.ts";
import { parseWords } from "./parse-words.ts";

export type Invocation = {
  readonly command: CommandModule;
  /** `["app", "boot"]`. */
  readonly path: readonly string[];
  /** Options, arguments; without the words of `path`. */
  readonly words: readonly string[];
  readonly terminal: Terminal;
  readonly commands: readonly Entry[];
  readonly runSecretsCommand: RunSecretsCommand;
  /** Of the run that this one is a part of. */
  readonly redactor?: Redactor | undefined;
};

/** @throws KdeployError, usage, for the words; what the command itself throws is told, and its exit code returned */
export async function invoke(invocation: Invocation): Promise<number> {
  const { command, path, words, terminal } = invocation;
  const typed = `kdeploy ${path.join(" ")}`;
  const { values, args } = parseWords(words, optionsOf(command), {
    path: typed,
    passesOptions: command.passesOptions === true,
  });
  checkArguments(command, args, typed);
  // The parser gave every option of the table a value of its kind.
  const options = values as CommandContext["options"];
  const shared = { "dry-run": false, ...values } as unknown as SharedValues;
  const { json, quiet, verbose } = shared;
  const redactor = invocation.redactor ?? new Redactor();
  const raw = command.raw?.(options) === true;
  // What was asked for has standard output to itself, unless it comes as events.
  const told = command.needs === "work" ? terminal : { ...terminal, stdout: terminal.stderr };
  const reporter = chooseReporter({ json, quiet, verbose, raw }, told, redactor);
  try {
    return await inContext(invocation, { options, shared, args, redactor, reporter });
  } finally {
    reporter.close();
  }
}

type Parsed = {
  readonly options: CommandContext["options"];
  readonly shared: SharedValues;
  readonly args: readonly string[];
  readonly redactor: Redactor;
  readonly reporter: Reporter;
};

async function inContext(invocation: Invocation, parsed: Parsed): Promise<number> {
  const { command, path, terminal, commands } = invocation;
  const { options, shared, args, redactor, reporter } = parsed;
  const listeners: Listener[] = [];
  const report = (event: WorkEvent): void => {
    reporter.report(event);
    for (const one of listeners) one.report(event);
  };
  const listen = (more: readonly Listener[]): void => {
    listeners.push(...more.map((one) => redactingListener(one, (text) => redactor.redact(text))));
  };
  listen(await ciListeners(terminal));
  const quietly = command.endedByInterruption?.(options) === true;
  const { watchInterruption } = await import("./interruption.ts");
  const { signal, stopWatching } = watchInterruption({ ...reporter, report }, quietly);
  const startedAt = performance.now();
  const changes = typeof command.changes === "function" ? command.changes(options) : command.changes;
  const base = {
    options,
    shared,
    args,
    terminal,
    redactor,
    report,
    signal,
    commands,
    // Programs that ask for JSON get it from such a command as it prints it, not wrapped in an event.
    print: (text: string) =>
      command.needs === "work" ? reporter.print(text) : void terminal.stdout.write(redactor.redact(text)),
    confirm: (question: string) => confirmed(question, shared, terminal, reporter, signal),
    lendTerminal: <Result>(perform: () => Promise<Result>) => lent(reporter, perform),
  };
  const isWork = command.needs === "work";
  const perform = async (): Promise<number> => {
    if (command.needs === "nothing") return command.run(base);
    const { loadConfiguration } = await import("./load-configuration.ts");
    const loaded = await loadConfiguration(shared, terminal, report);
    const { config } = loaded;
    if (!isWork)
      return command.run({ ...base, loaded, config, version: () => versionOf(base, config) } as CommandContext);
    const { openWork } = await import("./open-work.ts");
    const { runSecretsCommand } = invocation;
    const { work, close } = await openWork({
      config,
      shared,
      terminal,
      redactor,
      reporter: { ...reporter, report },
      signal,
      path,
      needsVersion: changes && command.needsVersion !== false,
      runSecretsCommand,
    });
    const { version, selection } = work;
    const { destination } = config;
    try {
      listen(await configuredListeners({ work, terminal, path, changes, report }));
      report({
        event: "run-started",
        command: path.join(" "),
        version,
        destination,
        hosts: selection.hosts,
        changes: changes && !shared["dry-run"],
      });
      return await command.run({ ...base, config, work } as CommandContext);
    } catch (error) {
      const { afterFailure } = await import("./after-failure.ts");
      await afterFailure(work, error);
      throw error;
    } finally {
      await close();
    }
  };
  const exitCode = await perform().catch((error: unknown) => {
    if (quietly && signal.aborted && isCancelled(error)) return 0;
    const failure = failureOf(error);
    failure.events.forEach(report);
    return failure.exitCode;
  });
  const end = { exitCode, durationMs: performance.now() - startedAt };
  const said = await Promise.all(listeners.map(async ({ finish }) => finish?.(end) ?? []));
  said.flat().forEach(report);
  stopWatching();
  if (isWork) report({ event: "run-finished", exitCode, durationMs: performance.now() - startedAt });
  for (const { close } of listeners) close?.();
  return exitCode;
}

async function versionOf(
  { shared, terminal, report }: Pick<CommandContext, "shared" | "terminal" | "report">,
  config: Config,
): Promise<string> {
  const [{ resolveVersion }, { LocalHost }] = await Promise.all([
    import("./resolve-version.ts"),
    import("../execute/local-host.ts"),
  ]);
  const { env, cwd } = terminal;
  const notice = (text: string): void => report({ event: "said", kind: "warning", text });
  return resolveVersion({ asked: shared.version, env, config, local: new LocalHost({ cwd, env }), notice });
}

async function confirmed(
  question: string,
  shared: SharedValues,
  terminal: Terminal,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<void> {
  // A dry run does nothing that would have to be confirmed.
  if (shared.yes || shared["dry-run"]) return;
  const { confirm } = await import("../report/prompt.ts");
  await lent(reporter, () => confirm(question, terminal, signal));
}

async function lent<Result>(reporter: Reporter, perform: () => Promise<Result>): Promise<Result> {
  reporter.pause();
  try {
    return await perform();
  } finally {
    reporter.resume();
  }
}
