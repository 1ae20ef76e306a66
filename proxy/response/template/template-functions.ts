/** The functions that templates may call, by the names that Go's templates give them. */
import { escapeHtml, escapeQuery, escapeScript } from "./escape-text.ts";
import { formatText } from "./format-text.ts";
import { isTrue, textOf, type Value } from "./template-value.ts";

/** Called with evaluated arguments. @throws Error with a reason, which fails the page */
export type TemplateFunction = (args: readonly Value[]) => Value;

/** `and` and `or` do not evaluate what no longer matters: the renderer treats them itself. */
export const FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  ["and", (args) => args.find((value) => !isTrue(value)) ?? args.at(-1)],
  ["or", (args) => args.find(isTrue) ?? args.at(-1)],
  ["not", (args) => !isTrue(only(args))],
  ["len", (args) => Buffer.byteLength(text(only(args)))],
  ["eq", ([first, ...others]) => atLeastOne(others).some((value) => same(first, value))],
  ["ne", ([first, ...others]) => !same(first, only(others))],
  ["lt", (args) => compare(args) < 0],
  ["le", (args) => compare(args) <= 0],
  ["gt", (args) => compare(args) > 0],
  ["ge", (args) => compare(args) >= 0],
  ["print", (args) => joinPrinted(args)],
  ["println", (args) => `${args.map(textOf).join(" ")}\n`],
  ["printf", ([format, ...args]) => formatText(text(format), args)],
  ["html", (args) => escapeHtml(args.map(textOf).join(""))],
  ["js", (args) => escapeScript(args.map(textOf).join(""))],
  ["urlquery", (args) => escapeQuery(args.map(textOf).join(""))],
]);

function only(args: readonly Value[]): Value {
  if (args.length !== 1) throw new Error(`1 argument is needed, ${args.length} were given`);
  return args[0];
}

function atLeastOne(args: readonly Value[]): readonly Value[] {
  if (args.length === 0) throw new Error("an argument to compare with is missing");
  return args;
}

/** A message that is not there counts as an empty one. */
function text(value: Value): string {
  if (value === undefined) return "";
  if (typeof value !== "string") throw new Error("a text is needed");
  return value;
}

function same(a: Value, b: Value): boolean {
  const [left, right] = [a ?? "", b ?? ""];
  if (typeof left !== typeof right) throw new Error("values of different kinds cannot be compared");
  return left === right;
}

function compare(args: readonly Value[]): number {
  const [a = "", b = ""] = args;
  if (args.length !== 2) throw new Error(`2 arguments are needed, ${args.length} were given`);
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
  throw new Error("only two numbers or two texts have an order");
}

/** Blanks go between operands when neither is a text. */
function joinPrinted(args: readonly Value[]): string {
  let joined = "";
  for (const [index, value] of args.entries()) {
    const apart = index > 0 && typeof value !== "string" && typeof args[index - 1] !== "string";
    joined += apart ? ` ${textOf(value)}` : textOf(value);
  }
  return joined;
}
