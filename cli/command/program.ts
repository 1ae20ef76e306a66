/** A command line → the command that it names, loaded alone so that short commands stay short → the exit code. */
import { EXIT_CODES, KdeployError } from "../errors.ts";
import { chooseReporter } from "../report/choose-reporter.ts";
import { failureOf } from "../report/failure.ts";
import type { Terminal } from "../report/terminal.ts";
import { Redactor } from "../secret/redactor.ts";
import type { RunSecretsCommand } from "../secret/secrets-files.ts";
import { VERSION } from "../version.ts";
import type { Entry, Leaf } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { commandBegunWith, commandNamed } from "./find-command.ts";
import { commandHelp, overview } from "./help.ts";
import { SHARED_OPTIONS } from "./options.ts";
import { parseWords } from "./parse-words.ts";

const PROGRAM = "kdeploy";
const DESCRIPTION = "Deploys containers to your own servers, without losing a request.";
/** Aliases that stand for aliases. */
const MAX_ALIAS_DEPTH = 10;

/** @param words without the program's name. Resolves with the exit code, whatever happens. */
export async function runProgram(
  words: readonly string[],
  terminal: Terminal,
  commands: readonly Entry[] = COMMANDS,
  redactor?: Redactor,
): Promise<number> {
  try {
    if (words.length === 1 && words[0] === "--version") {
      terminal.stdout.write(`${VERSION}\n`);
      return 0;
    }
    const asked = withoutHelp(words);
    return await run(asked.words, terminal, commands, { help: asked.help, aliasDepth: 0, redactor });
  } catch (error) {
    // Nothing was run: the words were not understood.
    const json = beforeDashes(words).includes("--json");
    const choice = { json, quiet: false, verbose: true, raw: false };
    const reporter = chooseReporter(choice, { ...terminal, stdout: terminal.stderr }, redactor ?? new Redactor());
    const { events, exitCode } = failureOf(error);
    events.forEach(reporter.report);
    return exitCode;
  }
}

/** `redactor`: of the run that this one is a part of. */
type Asked = { readonly help: boolean; readonly aliasDepth: number; readonly redactor: Redactor | undefined };

async function run(
  words: readonly string[],
  terminal: Terminal,
  commands: readonly Entry[],
  { help, aliasDepth, redactor }: Asked,
): Promise<number> {
  const { before, name, after } = split(words, PROGRAM);
  if (name === undefined || name === "help") {
    if (name === undefined && !help && words.length > 0) throw noCommand(words);
    return explain(after, terminal, commands);
  }
  let entry = commandNamed(name, commands);
  if (entry === undefined) {
    const { expandAlias } = await import("./alias.ts");
    // Help reads no configuration; of an alias there is none.
    const alias = help ? undefined : await expandAlias(name, before, after, terminal);
    if (alias !== undefined && "words" in alias) {
      if (aliasDepth >= MAX_ALIAS_DEPTH) throw endlessAlias(name);
      const inner = withoutHelp(alias.words);
      return run(inner.words, terminal, commands, { help: inner.help, aliasDepth: aliasDepth + 1, redactor });
    }
    entry = begunWith(name, commands, alias?.error);
  }
  if (!("commands" in entry)) {
    return runLeaf(entry, [entry.name], { words: [...before, ...after], help, redactor }, terminal, commands);
  }
  const path = `${PROGRAM} ${entry.name}`;
  const inner = split(after, path);
  if (inner.name === undefined) return explain([entry.name], terminal, commands);
  if (inner.name === "help") return explain([entry.name, ...inner.after], terminal, commands);
  const leaf = commandNamed(inner.name, entry.commands) ?? commandBegunWith(inner.name, entry.commands, path);
  const leafWords = [...before, ...inner.before, ...inner.after];
  return runLeaf(leaf, [entry.name, leaf.name], { words: leafWords, help, redactor }, terminal, commands);
}

async function runLeaf(
  leaf: Leaf,
  path: readonly string[],
  { words, help, redactor }: { readonly words: readonly string[] } & Pick<Asked, "help" | "redactor">,
  terminal: Terminal,
  commands: readonly Entry[],
): Promise<number> {
  if (help) return explain(path, terminal, commands);
  const [command, { invoke }] = await Promise.all([leaf.load(), import("./invoke.ts")]);
  const runSecretsCommand: RunSecretsCommand = (secretWords, given) =>
    captured(["secrets", ...secretWords], { ...terminal, env: given.env }, commands, given.redactor);
  return invoke({ command, path, words, terminal, commands, runSecretsCommand, redactor });
}

/** Of the program, a group or a command. */
async function explain(path: readonly string[], terminal: Terminal, commands: readonly Entry[]): Promise<number> {
  let among = commands;
  let shown = PROGRAM;
  let description = DESCRIPTION;
  for (const name of path.filter((word) => !word.startsWith("-"))) {
    const entry: Entry = commandNamed(name, among) ?? commandBegunWith(name, among, shown);
    shown = `${shown} ${entry.name}`;
    if (!("commands" in entry)) {
      terminal.stdout.write(commandHelp(shown, entry, await entry.load(), terminal.stdout.columns));
      return 0;
    }
    among = entry.commands;
    description = `${entry.summary}.`;
  }
  terminal.stdout.write(overview(shown, description, among, terminal.stdout.columns));
  return 0;
}

/** Options alone are a mistake, such as an empty variable in a script. */
function noCommand(words: readonly string[]): KdeployError {
  return new KdeployError("argument-missing", `no command in: ${words.join(" ")}`, {
    exitClass: "usage",
    hint: `${PROGRAM} --help lists the commands`,
  });
}

function endlessAlias(name: string): KdeployError {
  const message = `alias ${name}: more than ${MAX_ALIAS_DEPTH} aliases that stand for one another`;
  return new KdeployError("alias-endless", message, { exitClass: "configuration" });
}

/** When the configuration could not be asked for aliases, that is what to mend first. */
function begunWith(name: string, commands: readonly Entry[], configError: unknown): Entry {
  try {
    return commandBegunWith(name, commands, PROGRAM);
  } catch (error) {
    throw configError ?? error;
  }
}

/** The options before the first word that is none, that word, and what follows. */
function split(words: readonly string[], path: string) {
  const { rest } = parseWords(words, SHARED_OPTIONS, { path, untilFirstArgument: true });
  const [name, ...after] = rest;
  return { before: words.slice(0, words.length - rest.length), name, after };
}

/** Wherever it stands, but behind `--`. */
function withoutHelp(words: readonly string[]): { readonly words: readonly string[]; readonly help: boolean } {
  const ours = beforeDashes(words);
  if (!ours.includes("--help")) return { words, help: false };
  return { words: [...ours.filter((word) => word !== "--help"), ...words.slice(ours.length)], help: true };
}

/** Runs a command in this process; what it prints is the result. */
async function captured(
  words: readonly string[],
  terminal: Terminal,
  commands: readonly Entry[],
  redactor: Redactor,
): Promise<string> {
  let output = "";
  const stdout = {
    write: (text: string | Uint8Array) => {
      output += typeof text === "string" ? text : Buffer.from(text).toString("utf8");
    },
  };
  const exitCode = await runProgram([...words, "--inline"], { ...terminal, stdout }, commands, redactor);
  if (exitCode === 0) return output;
  throw new KdeployError("command-failed", `ended with status ${exitCode}`, { exitClass: classOf(exitCode) });
}

function classOf(exitCode: number): "failure" | "interrupted" | "secret" {
  if (exitCode === EXIT_CODES.interrupted) return "interrupted";
  return exitCode === EXIT_CODES.secret ? "secret" : "failure";
}

/** What follows `--` is nobody's option. */
function beforeDashes(words: readonly string[]): readonly string[] {
  const at = words.indexOf("--");
  return at === -1 ? words : words.slice(0, at);
}
