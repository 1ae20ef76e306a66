/** The inside of an action → a pipeline of commands, each a value or a function with its arguments. */
import { TemplateError } from "./template-error.ts";
import { FUNCTIONS } from "./template-functions.ts";
import type { Value } from "./template-value.ts";

export type Operand =
  | { readonly kind: "literal"; readonly value: Value }
  /** A field path from the dot, or from a variable (`$` is the data that the template was given). */
  | { readonly kind: "path"; readonly variable: string | null; readonly names: readonly string[] }
  | { readonly kind: "nested"; readonly pipeline: Pipeline; readonly names: readonly string[] };

export type Command =
  | { readonly kind: "value"; readonly operand: Operand }
  | { readonly kind: "call"; readonly name: string; readonly operands: readonly Operand[] };

export type Pipeline = {
  /** `$name := …` or `$name = …`. */
  readonly sets: { readonly name: string; readonly declares: boolean } | null;
  readonly commands: readonly Command[];
};

type Token = { readonly text: string; readonly spaced: boolean };

const TOKEN =
  /"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)+'|\$\w*|\.[A-Za-z_]\w*|[-+]?(?:0[xX][\da-fA-F]+|\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?)|\.|:=|[=|(),]|[A-Za-z_]\w*/y;
const BLANKS = /[ \t\r\n]+/y;
const MAX_NESTING = 50;

/** @throws TemplateError for what cannot be read, and for functions that do not exist */
export function parsePipeline(text: string, line: number): Pipeline {
  const reader = new Reader(tokensOf(text, line), line);
  const pipeline = reader.pipeline(0);
  reader.expectEnd();
  return pipeline;
}

/** A quoted or raw text at the start of an action, and what follows it. */
export function parseLeadingName(text: string, line: number): { name: string; rest: string } {
  const match = /^(?:"(?:[^"\\\n]|\\.)*"|`[^`]*`)/.exec(text);
  if (match === null) throw new TemplateError(line, "a template's name must be a quoted text");
  return { name: unquote(match[0], line), rest: text.slice(match[0].length).trim() };
}

function tokensOf(text: string, line: number): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    BLANKS.lastIndex = position;
    const blank = BLANKS.test(text);
    if (blank) position = BLANKS.lastIndex;
    if (position === text.length) break;
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(text);
    if (match === null)
      throw new TemplateError(line, `cannot read ${JSON.stringify(text.slice(position, position + 20))}`);
    tokens.push({ text: match[0], spaced: blank });
    position = TOKEN.lastIndex;
  }
  return tokens;
}

class Reader {
  readonly #tokens: readonly Token[];
  readonly #line: number;
  #at = 0;

  constructor(tokens: readonly Token[], line: number) {
    this.#tokens = tokens;
    this.#line = line;
  }

  pipeline(depth: number): Pipeline {
    if (depth > MAX_NESTING) throw this.#error("too many parentheses within parentheses");
    const sets = this.#assignment();
    const commands = [this.#command(depth)];
    while (this.#take("|")) {
      const command = this.#command(depth);
      if (command.kind === "value") throw this.#error("only a function can stand behind |");
      commands.push(command);
    }
    return { sets, commands };
  }

  expectEnd(): void {
    const token = this.#tokens[this.#at];
    if (token !== undefined) throw this.#error(`unexpected ${JSON.stringify(token.text)}`);
  }

  #assignment(): Pipeline["sets"] {
    const [variable, operator] = [this.#tokens[this.#at]?.text ?? "", this.#tokens[this.#at + 1]?.text];
    if (!variable.startsWith("$") || (operator !== ":=" && operator !== "=")) return null;
    this.#at += 2;
    return { name: variable, declares: operator === ":=" };
  }

  #command(depth: number): Command {
    const first = this.#tokens[this.#at]?.text;
    if (first === undefined || first === "|" || first === ")") throw this.#error("a value is missing");
    if (/^[A-Za-z_]/.test(first) && !isConstant(first)) {
      this.#at++;
      if (!FUNCTIONS.has(first)) throw this.#error(`unknown function ${JSON.stringify(first)}`);
      const operands: Operand[] = [];
      while (this.#startsOperand()) operands.push(this.#operand(depth));
      return { kind: "call", name: first, operands };
    }
    const operand = this.#operand(depth);
    if (this.#startsOperand()) throw this.#error(`${first} is no function and takes no argument`);
    return { kind: "value", operand };
  }

  #startsOperand(): boolean {
    const text = this.#tokens[this.#at]?.text;
    return text !== undefined && text !== "|" && text !== ")" && text !== "," && text !== "=" && text !== ":=";
  }

  #operand(depth: number): Operand {
    const { text } = this.#tokens[this.#at++] as Token;
    if (text === "(") {
      const pipeline = this.pipeline(depth + 1);
      if (!this.#take(")")) throw this.#error("a parenthesis is not closed");
      return { kind: "nested", pipeline, names: this.#fields() };
    }
    if (text === ".") return { kind: "path", variable: null, names: [] };
    if (text.startsWith(".")) return { kind: "path", variable: null, names: [text.slice(1), ...this.#fields()] };
    if (text.startsWith("$")) return { kind: "path", variable: text, names: this.#fields() };
    if (/^["'`]/.test(text)) return { kind: "literal", value: quoted(text, this.#line) };
    if (/^[-+\d]/.test(text)) return { kind: "literal", value: Number(text.replaceAll("_", "")) };
    if (text === "nil") return { kind: "literal", value: undefined };
    if (isConstant(text)) return { kind: "literal", value: text === "true" };
    // A function without parentheses as an argument: it is called without any.
    if (FUNCTIONS.has(text)) {
      return {
        kind: "nested",
        pipeline: { sets: null, commands: [{ kind: "call", name: text, operands: [] }] },
        names: [],
      };
    }
    throw this.#error(
      /^[A-Za-z_]/.test(text) ? `unknown function ${JSON.stringify(text)}` : `unexpected ${JSON.stringify(text)}`,
    );
  }

  /** Field names that follow without a blank. */
  #fields(): string[] {
    const names: string[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined || token.spaced || !/^\.[A-Za-z_]/.test(token.text)) return names;
      names.push(token.text.slice(1));
      this.#at++;
    }
  }

  #take(text: string): boolean {
    if (this.#tokens[this.#at]?.text !== text) return false;
    this.#at++;
    return true;
  }

  #error(message: string): TemplateError {
    return new TemplateError(this.#line, message);
  }
}

function isConstant(text: string): boolean {
  return text === "true" || text === "false" || text === "nil";
}

/** A quoted text, or a character, which is its number. */
function quoted(text: string, line: number): Value {
  const value = unquote(text, line);
  return text.startsWith("'") ? value.codePointAt(0) : value;
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
};

function unquote(text: string, line: number): string {
  const inside = text.slice(1, -1);
  if (text.startsWith("`")) return inside.replaceAll("\r", "");
  return inside.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U(00[\da-fA-F]{6})|([0-3][0-7]{2})|([\s\S]))/g,
    (whole, byte?: string, short?: string, long?: string, octal?: string, letter?: string) => {
      const hex = byte ?? short ?? long;
      const code = hex === undefined ? Number.parseInt(octal ?? "", 8) : Number.parseInt(hex, 16);
      if (!Number.isNaN(code) && code <= 0x10ffff) return String.fromCodePoint(code);
      const character = ESCAPES[letter ?? ""];
      if (character === undefined) throw new TemplateError(line, `unknown escape ${whole} in a quoted text`);
      return character;
    },
  );
}
