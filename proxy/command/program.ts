/** A command line → the subcommand it names, loaded alone so that short commands stay short → the exit code. */
import { ProxyError } from "../errors.ts";
import type { CommandModule } from "./command.ts";
import { parseFlags } from "./parse-flags.ts";
import { say, type Terminal } from "./terminal.ts";

type Entry = {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly usage: string;
  readonly summary: string;
  load(): Promise<{ command: CommandModule }>;
};

const COMMANDS: readonly Entry[] = [
  entry(
    "deploy",
    "<service> [flags]",
    "Switch a service to new targets, once they are healthy",
    () => import("./deploy.ts"),
  ),
  entry("list", "[flags]", "List the services", () => import("./list.ts"), ["ls"]),
  entry("pause", "<service> [flags]", "Hold a service's requests back", () => import("./pause.ts")),
  entry("remove", "<service>", "Remove a service", () => import("./remove.ts"), ["rm"]),
  entry("resume", "<service>", "Let a paused or stopped service go on", () => import("./resume.ts")),
  entry("run", "[flags]", "Run the proxy", () => import("./run.ts")),
  entry("stop", "<service> [flags]", "Answer a service's requests with a maintenance page", () => import("./stop.ts")),
  entry("version", "", "Print the version", () => import("./version.ts")),
];

const HELP_WORDS: readonly string[] = ["help", "-h", "--help"];

/** @param args without the program's name @throws ProxyError for the terminal */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined || first === "-h" || first === "--help") return sayOverview(terminal);
  if (first === "help")
    return rest[0] === undefined ? sayOverview(terminal) : runCommand(rest[0], ["--help"], terminal);
  if (first === "--version") return runCommand("version", [], terminal);
  if (first.startsWith("--")) throw new ProxyError("invalid-argument", `unknown flag: ${first.replace(/=.*$/s, "")}`);
  if (first.startsWith("-")) {
    throw new ProxyError("invalid-argument", `unknown shorthand flag: '${first[1] ?? ""}' in ${first}`);
  }
  return runCommand(first, rest, terminal);
}

async function runCommand(name: string, args: readonly string[], terminal: Terminal): Promise<number> {
  const found = COMMANDS.find((command) => command.name === name || command.aliases?.includes(name));
  if (found === undefined) throw unknownCommand(name, terminal.programName);
  const { command } = await found.load();
  const words = { ...found, name: `${terminal.programName} ${found.name}` };
  const parsed = parseFlags(args, command.flags, words, terminal.environment);
  if ("help" in parsed) {
    say(terminal, parsed.help);
    return 0;
  }
  return command.run({ ...parsed, terminal });
}

function sayOverview(terminal: Terminal): number {
  const { programName } = terminal;
  const width = Math.max(...COMMANDS.map((command) => titleOf(command).length), "help [command]".length);
  const lines = COMMANDS.map((command) => `  ${titleOf(command).padEnd(width)}  ${command.summary}`);
  lines.push(`  ${"help [command]".padEnd(width)}  Explain a command and its flags`);
  say(
    terminal,
    `A reverse proxy that switches between versions of an app without losing a request.

Usage: ${programName} <command> [flags]

${lines.join("\n")}
`,
  );
  return 0;
}

function titleOf(command: Entry): string {
  return [command.name, ...(command.aliases ?? [])].join(", ");
}

function unknownCommand(name: string, programName: string): ProxyError {
  const names = COMMANDS.flatMap((command) => [command.name, ...(command.aliases ?? [])]);
  const near = [...names, ...HELP_WORDS.slice(0, 1)].filter(
    (known) => distance(name.toLowerCase(), known) <= 2 || (name !== "" && known.startsWith(name.toLowerCase())),
  );
  const suggestions =
    near.length === 0 ? "" : `\nDid you mean this?\n${near.map((known) => `\t${known}\n`).join("")}\n`;
  return new ProxyError("invalid-argument", `unknown command ${JSON.stringify(name)} for "${programName}"`, {
    hint: `${suggestions}Run '${programName} --help' for usage.`,
  });
}

/** Levenshtein's: how many letters to add, drop or replace. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replace = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

function entry(
  name: string,
  usage: string,
  summary: string,
  load: () => Promise<{ command: unknown }>,
  aliases: readonly string[] = [],
): Entry {
  // Each module's flags and its run() belong together; that is checked where it is defined, and forgotten here.
  return { name, usage, summary, aliases, load: load as Entry["load"] };
}
