/** Commands and their option tables → what `--help` prints. */
import type { Argument, CommandModule, Entry, Leaf } from "./command.ts";
import { CHANGE_OPTIONS, type Option, type OptionTable, SHARED_OPTIONS } from "./options.ts";

const LINE_LENGTH = 100;
/** In a narrower window lines are as long as it; off a terminal nobody knows. */
const MIN_LINE_LENGTH = 60;
const MAX_TITLE_WIDTH = 32;

/** Of a group, or of the whole program. */
export function overview(path: string, description: string, entries: readonly Entry[], columns?: number): string {
  const length = lineLength(columns);
  const rows = entries
    .filter((entry) => entry.hidden !== true)
    .map((entry) => [entry.name + ("commands" in entry ? " …" : ""), entry.summary] as const);
  const more = `${path} help COMMAND explains a command and its options.`;
  return `${description}\n\nUsage: ${path} COMMAND [OPTIONS]\n\n${table(rows, length)}\n${more}\n`;
}

/** Of one command. */
export function commandHelp(path: string, { summary }: Leaf, command: CommandModule, columns?: number): string {
  const length = lineLength(columns);
  const words = [path, ...(command.arguments ?? []).map(argumentText), "[OPTIONS]"].join(" ");
  const own = optionRows({ ...command.options, ...(command.changes === false ? {} : CHANGE_OPTIONS) });
  const shared = optionRows(SHARED_OPTIONS);
  const description = command.description === undefined ? "" : `${wrapped(command.description, 0, length)}\n\n`;
  const options = own.length === 0 ? "" : `Options:\n${table(own, length)}\n`;
  return `${summary}.\n\nUsage: ${words}\n\n${description}${options}Options of every command:\n${table(shared, length)}`;
}

/** `-n, --lines N`. */
export function optionTitle(name: string, option: Option): string {
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  const placeholder =
    option.kind === "bool" ? "" : ` ${option.placeholder ?? (option.kind === "number" ? "N" : "VALUE")}`;
  const repeated = option.kind === "strings" ? " …" : "";
  return `${short}--${name}${placeholder}${repeated}`;
}

/** All options that a command understands. */
export function optionsOf(command: CommandModule): OptionTable {
  return { ...SHARED_OPTIONS, ...(command.changes === false ? {} : CHANGE_OPTIONS), ...command.options };
}

function argumentText({ name, optional, rest }: Argument): string {
  const text = rest === true ? `${name}…` : name;
  return optional === true ? `[${text}]` : text;
}

function optionRows(options: OptionTable): (readonly [string, string])[] {
  return Object.entries(options)
    .filter(([, option]) => option.hidden !== true)
    .map(([name, option]) => [optionTitle(name, option), option.help + fallbackText(option)] as const);
}

function fallbackText(option: Option): string {
  if (option.kind === "strings" || option.fallback === undefined || option.fallback === false) return "";
  return ` (default: ${option.fallback})`;
}

function lineLength(columns: number = LINE_LENGTH): number {
  return Math.max(MIN_LINE_LENGTH, Math.min(LINE_LENGTH, columns));
}

function table(rows: readonly (readonly [string, string])[], length: number): string {
  const width = Math.min(MAX_TITLE_WIDTH, Math.max(0, ...rows.map(([title]) => title.length)));
  const lines = rows.map(([title, text]) => {
    const indented = wrapped(text, width + 4, length);
    // A title that is too long has a line of its own.
    return title.length > width ? `  ${title}\n${indented}` : `  ${title.padEnd(width)}  ${indented.trimStart()}`;
  });
  return lines.map((line) => `${line}\n`).join("");
}

function wrapped(text: string, indent: number, length: number): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && indent + last.length + word.length < length) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => " ".repeat(indent) + line).join("\n");
}
