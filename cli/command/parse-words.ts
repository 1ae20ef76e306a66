/** Words of a command line and option tables → values and arguments, by the original's rules. Source: cli-commands §1. */
import { suggestionFor } from "../config/suggestion.ts";
import { KdeployError } from "../errors.ts";
import type { Option, OptionTable } from "./options.ts";

export type ParsedWords = {
  /** By long name; what was not given has its default. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Long names of those that were given. */
  readonly mentioned: ReadonlySet<string>;
  readonly args: readonly string[];
};

export type ParseRules = {
  /** A word that is no option ends it, and is left over. */
  readonly untilFirstArgument?: boolean;
  /** Unknown options after the first argument are arguments. */
  readonly passesOptions?: boolean;
  /** For hints: `kdeploy app logs`. */
  readonly path: string;
};

type Named = { readonly name: string; readonly option: Option };

/**
 * Booleans: `--x`, `--no-x`, `--skip-x`, `--x=true`, `--x false`. Values: `--x=1`, `--x 1`, `-n1`, `-n=1`, `-n 1`. Short
 * ones may stand together, `-vp`. Underscores in names are dashes. After `--` all words are arguments.
 * @throws KdeployError `option-unknown`, `option-invalid`
 */
export function parseWords(
  words: readonly string[],
  table: OptionTable,
  rules: ParseRules,
): ParsedWords & { readonly rest: readonly string[] } {
  const values: Record<string, unknown> = {};
  const mentioned = new Set<string>();
  const args: string[] = [];
  for (const [name, option] of Object.entries(table)) values[name] = fallbackOf(option);

  let at = 0;
  const set = ({ name, option }: Named, value: unknown): void => {
    const before = values[name];
    values[name] = option.kind === "strings" ? [...(Array.isArray(before) ? before : []), value] : value;
    mentioned.add(name);
  };
  const next = (named: Named, typed: string): void => {
    const word = words[at];
    if (word === undefined || looksLikeOption(word)) throw valueMissing(named, typed);
    at += 1;
    set(named, valueOf(named, word, typed));
    if (named.option.kind !== "strings" || named.option.follow === undefined) return;
    for (let more = words[at]; more !== undefined && named.option.follow.test(more); more = words[at]) {
      at += 1;
      set(named, more);
    }
  };
  const nextBoolean = (named: Named, when: boolean): void => {
    const word = words[at];
    // `--x false`; where words go to another program, they are its own.
    if ((word === "true" || word === "false") && rules.passesOptions !== true) {
      at += 1;
      set(named, (word === "true") === when);
    } else set(named, when);
  };
  const shorts = (word: string): boolean => {
    const found = word
      .slice(1)
      .split("")
      .map((letter) => byShort(table, letter));
    // Letters count up to the first that takes a value: the rest of the word is it.
    const withValue = found.findIndex((named) => named !== undefined && named.option.kind !== "bool");
    if ((withValue === -1 ? found : found.slice(0, withValue)).includes(undefined)) return false;
    for (const [index, named] of found.entries()) {
      if (named === undefined) break;
      const typed = `-${word[index + 1]}`;
      if (named.option.kind === "bool") {
        if (index === found.length - 1) nextBoolean(named, true);
        else set(named, true);
        continue;
      }
      const attached = word.slice(index + 2).replace(/^=/, "");
      if (attached === "") next(named, typed);
      else set(named, valueOf(named, attached, typed));
      break;
    }
    return true;
  };
  const long = (word: string): boolean => {
    const [, typed = "", value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    const named = byLong(table, typed);
    if (named !== undefined) {
      if (named.option.kind === "bool") {
        if (value === undefined) nextBoolean(named, true);
        else set(named, booleanOf(value, `--${typed}`));
      } else if (value === undefined) next(named, `--${typed}`);
      else set(named, valueOf(named, value, `--${typed}`));
      return true;
    }
    const [, positive = ""] = /^(?:no|skip)[-_](.+)$/s.exec(typed) ?? [];
    const negated = byLong(table, positive);
    if (negated?.option.kind !== "bool" || value !== undefined) return false;
    nextBoolean(negated, false);
    return true;
  };

  while (at < words.length) {
    const word = words[at] as string;
    if (word === "--") {
      args.push(...words.slice(at + 1));
      at = words.length;
      break;
    }
    if (!looksLikeOption(word)) {
      if (rules.untilFirstArgument === true) break;
      args.push(word);
      at += 1;
      continue;
    }
    at += 1;
    const known = word.startsWith("--") ? long(word) : shorts(word);
    if (known) continue;
    if (rules.passesOptions !== true || args.length === 0) throw unknownOption(word, table, rules);
    args.push(word);
  }
  return { values, mentioned, args, rest: words.slice(at) };
}

/** `-5`, `-` and `- a text` are values. */
function looksLikeOption(word: string): boolean {
  return /^-(?:-|[A-Za-z])/.test(word);
}

function byLong(table: OptionTable, typed: string): Named | undefined {
  const name = typed.replaceAll("_", "-");
  for (const [long, option] of Object.entries(table)) {
    if (long === name || option.aliases?.includes(name) === true) return { name: long, option };
  }
  return undefined;
}

function byShort(table: OptionTable, letter: string): Named | undefined {
  const found = Object.entries(table).find(([, option]) => option.short === letter);
  return found === undefined ? undefined : { name: found[0], option: found[1] };
}

function fallbackOf(option: Option): unknown {
  if (option.kind === "strings") return [];
  return option.kind === "bool" ? (option.fallback ?? false) : option.fallback;
}

function valueOf({ option }: Named, text: string, typed: string): unknown {
  if (option.kind !== "number") return text;
  const least = option.least ?? 0;
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least) return value;
  throw invalid(`option ${typed} takes a whole number of at least ${least}, not ${JSON.stringify(text)}`);
}

function booleanOf(text: string, typed: string): boolean {
  if (/^(?:true|t|yes|1)$/i.test(text)) return true;
  if (/^(?:false|f|no|0)$/i.test(text)) return false;
  throw invalid(`option ${typed} is true or false, not ${JSON.stringify(text)}`);
}

function valueMissing({ name, option }: Named, typed: string): KdeployError {
  const placeholder = ("placeholder" in option ? option.placeholder : undefined) ?? "VALUE";
  const hint = typed === "-h" ? "-h selects hosts; help is --help" : `a value that begins with a dash: --${name}=VALUE`;
  return invalid(`option ${typed} needs a value: ${typed} ${placeholder}`, hint);
}

function invalid(message: string, hint?: string): KdeployError {
  return new KdeployError("option-invalid", message, { exitClass: "usage", hint });
}

function unknownOption(word: string, table: OptionTable, rules: ParseRules): KdeployError {
  const typed = word.replace(/=.*$/s, "");
  const visible = Object.entries(table).filter(([, option]) => option.hidden !== true);
  const near = word.startsWith("--")
    ? suggestionFor(
        typed.slice(2),
        visible.map(([name]) => name),
      )
    : undefined;
  const meant = near === undefined ? "" : ` — did you mean --${near}?`;
  const protect = rules.passesOptions === true ? `, or put -- before a command that begins with a dash` : "";
  return new KdeployError("option-unknown", `unknown option ${typed}${meant}`, {
    exitClass: "usage",
    hint: `${rules.path} --help lists the options${protect}`,
  });
}
