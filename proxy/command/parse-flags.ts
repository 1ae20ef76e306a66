/** Arguments and a flag table → typed values and positionals, read by the original's rules. Source: proxy-behaviour §1.1. */
import { Command, CommanderError, Option } from "commander";
import type { Environment } from "../control/paths.ts";
import { ProxyError } from "../errors.ts";
import type { Flag, FlagKind, FlagTable, FlagValue, FlagValues } from "../options/flags.ts";
import { formatDurationMs, parseDurationMs, ValueSyntaxError } from "../options/go-duration.ts";
import { parseBoolean, parseInteger, parseList, quote } from "../options/value-syntax.ts";

export type ParsedFlags<Table extends FlagTable> =
  | {
      readonly values: FlagValues<Table>;
      /** Names of the flags that the arguments name, whatever their value. */
      readonly mentioned: ReadonlySet<string>;
      readonly positionals: readonly string[];
    }
  | { readonly help: string };

export type CommandWords = { readonly name: string; readonly usage: string; readonly summary: string };

/** @throws ProxyError `invalid-argument` */
export function parseFlags<Table extends FlagTable>(
  args: readonly string[],
  table: Table,
  words: CommandWords,
  environment: Environment,
): ParsedFlags<Table> {
  const values: Record<string, unknown> = {};
  const mentioned = new Set<string>();
  let help = "";
  const command = new Command(words.name)
    .usage(words.usage)
    .description(words.summary)
    .argument("[args...]")
    .helpOption("-h, --help", "print this help")
    .exitOverride()
    .configureOutput({ writeOut: (text) => (help += text), writeErr: () => undefined, outputError: () => undefined })
    .configureHelp({ visibleArguments: () => [] });
  for (const [name, flag] of Object.entries(table)) {
    values[name] = defaultOf(flag, environment);
    command.addOption(optionOf(name, flag, values, mentioned));
  }
  try {
    command.parse(spellOutBooleans(args, table), { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return { help };
    throw translated(error);
  }
  return { values: values as FlagValues<Table>, mentioned, positionals: command.args };
}

function optionOf(name: string, flag: Flag, values: Record<string, unknown>, mentioned: Set<string>): Option {
  const option = new Option(flag.kind === "bool" ? `--${name} [bool]` : `--${name} <${flag.kind}>`, helpOf(flag));
  return option.argParser((text: string) => {
    const value = parseValue(name, flag.kind, text);
    // The first mention of a list replaces the default, the others add to it.
    values[name] = mentioned.has(name) && Array.isArray(value) ? [...(values[name] as string[]), ...value] : value;
    mentioned.add(name);
  });
}

function helpOf(flag: Flag): string {
  const { fallback } = flag;
  if (flag.default !== undefined) return `${flag.help} (default: ${flag.default})`;
  if (flag.required) return `${flag.help} (required)`;
  if (fallback === false || fallback === "" || fallback === 0 || Array.isArray(fallback)) return flag.help;
  return `${flag.help} (default ${flag.kind === "duration" ? formatDurationMs(Number(fallback)) : String(fallback)})`;
}

/** The first variable that is set decides; what does not parse is as good as not set, and so is the rest of the row. */
function defaultOf(flag: Flag, environment: Environment): FlagValue<FlagKind> {
  const text = flag.environment?.map((name) => environment[name]).find((text) => text !== undefined);
  if (text === undefined) return flag.fallback;
  if (flag.kind === "int") return /^[+-]?\d+$/.test(text) ? Number(text) : flag.fallback;
  try {
    return syntaxOf[flag.kind](text);
  } catch {
    return flag.fallback;
  }
}

const syntaxOf: { readonly [Kind in FlagKind]: (text: string) => FlagValue<Kind> } = {
  bool: parseBoolean,
  int: parseInteger,
  duration: parseDurationMs,
  string: (text) => text,
  strings: parseList,
};

function parseValue(name: string, kind: FlagKind, text: string): FlagValue<FlagKind> {
  try {
    return syntaxOf[kind](text);
  } catch (error) {
    if (!(error instanceof ValueSyntaxError)) throw error;
    const message = `invalid argument ${quote(text)} for "--${name}" flag: ${error.message}`;
    throw new ProxyError("invalid-argument", message, { cause: error });
  }
}

/** A yes-or-no flag takes a value only after `=`; commander would take the next argument. */
function spellOutBooleans(args: readonly string[], table: FlagTable): string[] {
  const spelled: string[] = [];
  let isValue = false;
  for (const [at, arg] of args.entries()) {
    if (arg === "--" && !isValue) return [...spelled, ...args.slice(at)];
    const name = arg.slice(2);
    const flag: Flag | undefined =
      !isValue && arg.startsWith("--") && Object.hasOwn(table, name) ? table[name] : undefined;
    spelled.push(flag?.kind === "bool" ? `${arg}=true` : arg);
    isValue = flag !== undefined && flag.kind !== "bool";
  }
  return spelled;
}

/** Commander's complaint in the original's words. */
function translated(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  const named = /'(-[^' =]*)/.exec(error.message)?.[1] ?? "";
  const close = /Did you mean (--[^?]+)\?/.exec(error.message)?.[1];
  const hint = close === undefined ? {} : { hint: `Did you mean ${close}?` };
  if (error.code === "commander.optionMissingArgument") {
    return new ProxyError("invalid-argument", `flag needs an argument: ${named}`);
  }
  if (error.code !== "commander.unknownOption") return new ProxyError("invalid-argument", error.message);
  return named.startsWith("--")
    ? new ProxyError("invalid-argument", `unknown flag: ${named}`, hint)
    : new ProxyError("invalid-argument", `unknown shorthand flag: '${named[1] ?? ""}' in ${named}`);
}
