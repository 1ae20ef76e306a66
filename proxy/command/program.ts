/** A command line → the subcommand it names, loaded alone so that short commands stay short → the exit code. */
import { ProxyError } from "../errors.ts";
import { NO_FLAGS } from "../options/flags.ts";
import type { CommandModule } from "./command.ts";
import { type CompletedCommand, completionScript, SHELLS } from "./completion.ts";
import { parseFlags } from "./parse-flags.ts";
import { suggestionsFor } from "./suggestions.ts";
import { say, type Terminal } from "./terminal.ts";

type Entry = Leaf | Group;

type Leaf = {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly usage: string;
  readonly summary: string;
  load(): Promise<{ command: CommandModule }>;
};

type Group = { readonly name: string; readonly summary: string; readonly commands: readonly Leaf[] };

const ROLLOUT: Group = {
  name: "rollout",
  summary: "Try new targets with a part of the visitors",
  commands: [
    entry(
      "deploy",
      "<service> [flags]",
      "Bring rollout targets up, beside the active ones",
      () => import("./rollout-deploy.ts"),
    ),
    entry("set", "<service> [flags]", "Say which visitors get the rollout targets", () => import("./rollout-set.ts")),
    entry("stop", "<service>", "Send everybody to the active targets", () => import("./rollout-stop.ts")),
  ],
};

const COMMANDS: readonly Entry[] = [
  entry("abort", "<service> [flags]", "Forget a deploy that was prepared", () => import("./abort.ts")),
  entry("certificates", "[flags]", "List the certificates of all names", () => import("./certificates.ts")),
  entry("commit", "<service> --id <id>", "Switch to what deploy --prepare has made ready", () => import("./commit.ts")),
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
  entry("revert", "<service> --id <id>", "Put back what served before a commit", () => import("./revert.ts")),
  ROLLOUT,
  entry("run", "[flags]", "Run the proxy", () => import("./run.ts")),
  entry("stop", "<service> [flags]", "Answer a service's requests with a maintenance page", () => import("./stop.ts")),
  entry("version", "", "Print the version", () => import("./version.ts")),
];

const HELP_ROW = ["help [command]", "Explain a command and its flags"] as const;
const DESCRIPTION = "A reverse proxy that switches between versions of an app without losing a request.";

/** @param args without the program's name @throws ProxyError for the terminal */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  const { programName } = terminal;
  const [first, ...rest] = args;
  if (first === "--version") return runAmong(COMMANDS, ["version"], programName, terminal);
  const asked = first === "help" ? [...rest.slice(0, 2), "--help"] : args;
  if (asked[0] === "completion") return sayCompletion(asked.slice(1), terminal);
  if (isHelp(asked[0])) return sayOverview(DESCRIPTION, COMMANDS, programName, terminal, HELP_ROW);
  return runAmong(COMMANDS, asked, programName, terminal);
}

/** @param path what leads here, as a person types it */
async function runAmong(
  commands: readonly Entry[],
  args: readonly string[],
  path: string,
  terminal: Terminal,
): Promise<number> {
  const [name = "", ...rest] = args;
  if (name.startsWith("--")) throw new ProxyError("invalid-argument", `unknown flag: ${name.replace(/=.*$/s, "")}`);
  if (name.startsWith("-")) {
    throw new ProxyError("invalid-argument", `unknown shorthand flag: '${name[1] ?? ""}' in ${name}`);
  }
  const found = commands.find((command) => namesOf(command).includes(name));
  if (found === undefined) throw unknownCommand(name, commands, path);
  const foundPath = `${path} ${found.name}`;
  if ("commands" in found) {
    if (isHelp(rest[0])) return sayOverview(`${found.summary}.`, found.commands, foundPath, terminal);
    return runAmong(found.commands, rest, foundPath, terminal);
  }
  const { command } = await found.load();
  const parsed = parseFlags(rest, command.flags, { ...found, name: foundPath }, terminal.environment);
  if ("help" in parsed) {
    say(terminal, parsed.help);
    return 0;
  }
  return command.run({ ...parsed, terminal });
}

function isHelp(first: string | undefined): boolean {
  return first === undefined || first === "-h" || first === "--help";
}

function sayOverview(
  description: string,
  commands: readonly Entry[],
  path: string,
  terminal: Terminal,
  ...further: (readonly [string, string])[]
): number {
  const rows = [...commands.map((command) => [namesOf(command).join(", "), command.summary] as const), ...further];
  const width = Math.max(...rows.map(([title]) => title.length));
  const lines = rows.map(([title, summary]) => `  ${title.padEnd(width)}  ${summary}`);
  say(terminal, `${description}\n\nUsage: ${path} <command> [flags]\n\n${lines.join("\n")}\n`);
  return 0;
}

function namesOf(command: Entry): readonly string[] {
  return "commands" in command ? [command.name] : [command.name, ...command.aliases];
}

function unknownCommand(name: string, commands: readonly Entry[], path: string): ProxyError {
  const near = suggestionsFor(name, [...commands.flatMap(namesOf), ...(commands === COMMANDS ? ["help"] : [])]);
  const block = near.length === 0 ? "" : `\nDid you mean this?\n${near.map((known) => `\t${known}\n`).join("")}\n`;
  return new ProxyError("invalid-argument", `unknown command ${JSON.stringify(name)} for "${path}"`, {
    hint: `${block}Run '${path} --help' for usage.`,
  });
}

/** `completion <shell>`, which the overview does not mention: packagers know it. */
async function sayCompletion(args: readonly string[], terminal: Terminal): Promise<number> {
  const { programName } = terminal;
  const usage = `<${SHELLS.join("|")}>`;
  const words = { name: `${programName} completion`, usage, summary: "Print a completion script for a shell" };
  // Without a shell there is nothing to print but help, as in the original.
  const parsed = parseFlags(args.length === 0 ? ["--help"] : args, NO_FLAGS, words, terminal.environment);
  if ("help" in parsed) say(terminal, parsed.help);
  else say(terminal, completionScript(parsed.positionals, programName, await completedCommands(COMMANDS, [])));
  return 0;
}

async function completedCommands(commands: readonly Entry[], above: readonly string[]): Promise<CompletedCommand[]> {
  const found: CompletedCommand[] = [];
  for (const command of commands) {
    const path = [...above, command.name];
    if ("commands" in command) found.push({ path, flags: [] }, ...(await completedCommands(command.commands, path)));
    else found.push({ path, flags: Object.keys((await command.load()).command.flags) });
  }
  return found;
}

function entry(
  name: string,
  usage: string,
  summary: string,
  load: () => Promise<{ command: unknown }>,
  aliases: readonly string[] = [],
): Leaf {
  // Each module's flags and its run() belong together; that is checked where it is defined, and forgotten here.
  return { name, usage, summary, aliases, load: load as Leaf["load"] };
}
