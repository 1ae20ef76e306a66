/** The Ruby that configuration templates are written in, as far as it only fetches a text: source of one `<%= … %>` → expression. */
import { CONFIG_LIMITS } from "./limits.ts";

export type Expression =
  /** A literal with its `#{…}`. */
  | { readonly kind: "text"; readonly parts: readonly (string | Expression)[] }
  /** `ENV["X"]`, nothing when unset; `ENV.fetch("X")`, an error then, or the default. */
  | { readonly kind: "variable"; readonly name: Expression; readonly required: boolean; readonly fallback?: Expression }
  | { readonly kind: "command"; readonly script: Expression }
  | { readonly kind: "file"; readonly path: Expression }
  | { readonly kind: "trim"; readonly of: Expression; readonly method: TrimMethod }
  /** `a || b`: b when a is nothing. */
  | { readonly kind: "either"; readonly first: Expression; readonly second: Expression };

export type TrimMethod = "strip" | "lstrip" | "rstrip" | "chomp" | "to_s";

const TRIM_METHODS: readonly string[] = ["strip", "lstrip", "rstrip", "chomp", "to_s"] satisfies TrimMethod[];
const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}", "<": ">" };
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", s: " ", e: "\x1b", "0": "\0" };

/** Throws SyntaxError, its message for the person who wrote it. */
export function parseExpression(source: string): Expression {
  const parser = new Parser(source);
  const expression = parser.expression();
  parser.end();
  return expression;
}

class Parser {
  readonly #source: string;
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  expression(): Expression {
    if (++this.#depth > CONFIG_LIMITS.maxExpressionDepth)
      throw new SyntaxError("too many expressions inside one another");
    let expression = this.#chain();
    while (this.#take("||")) expression = { kind: "either", first: expression, second: this.#chain() };
    this.#depth--;
    return expression;
  }

  end(): void {
    this.#skipBlanks();
    if (this.#at < this.#source.length) throw new SyntaxError(`${this.#rest()} is not understood`);
  }

  #chain(): Expression {
    let expression = this.#primary();
    for (;;) {
      this.#skipBlanks();
      const method = /^\.(\w+)(\(\s*\))?/.exec(this.#source.slice(this.#at));
      if (!method) return expression;
      const name = method[1] ?? "";
      if (!TRIM_METHODS.includes(name)) throw new SyntaxError(`.${name} is not understood`);
      this.#at += method[0].length;
      expression = { kind: "trim", of: expression, method: name as TrimMethod };
    }
  }

  #primary(): Expression {
    if (this.#take("(")) {
      const inside = this.expression();
      this.#expect(")");
      return inside;
    }
    if (this.#take("ENV")) return this.#variable();
    const read = this.#match(/^File\.read\b\s*/) ? this.#argument() : undefined;
    if (read !== undefined) return { kind: "file", path: read };
    if (this.#take("%x")) return { kind: "command", script: this.#delimited(true) };
    if (this.#peek() === "`") return { kind: "command", script: this.#delimited(true) };
    if (this.#peek() === '"') return this.#delimited(true);
    if (this.#peek() === "'") return this.#delimited(false);
    const number = this.#match(/^-?[0-9]+(?![\w.])/);
    if (number !== undefined) return { kind: "text", parts: [number] };
    throw new SyntaxError(this.#peek() === "" ? "something is missing" : `${this.#rest()} is not understood`);
  }

  #variable(): Expression {
    if (this.#take("[")) {
      const name = this.expression();
      this.#expect("]");
      return { kind: "variable", name, required: false };
    }
    if (!this.#match(/^\.fetch\b\s*/)) throw new SyntaxError(`ENV${this.#rest()} is not understood`);
    const open = this.#take("(");
    const name = this.expression();
    let fallback = this.#take(",") ? this.expression() : undefined;
    if (open) this.#expect(")");
    if (fallback === undefined && this.#take("{")) {
      fallback = this.expression();
      this.#expect("}");
    }
    return fallback === undefined
      ? { kind: "variable", name, required: true }
      : { kind: "variable", name, required: true, fallback };
  }

  #argument(): Expression {
    if (!this.#take("(")) return this.#primary();
    const inside = this.expression();
    this.#expect(")");
    return inside;
  }

  /** From its opening character to the one that closes it; brackets may nest. */
  #delimited(interpolates: boolean): Expression {
    const open = this.#peek();
    const close = CLOSING[open] ?? open;
    if (open === "" || /[\w\s]/.test(open)) throw new SyntaxError("a delimiter is missing");
    this.#at++;
    const parts: (string | Expression)[] = [];
    let text = "";
    for (let nested = 0; ; ) {
      const char = this.#source[this.#at];
      if (char === undefined) throw new SyntaxError(`${close} is missing`);
      if (char === "\\") {
        text += this.#escape(interpolates, close);
        continue;
      }
      if (interpolates && this.#source.startsWith("#{", this.#at)) {
        this.#at += 2;
        parts.push(text, this.expression());
        text = "";
        this.#expect("}");
        continue;
      }
      this.#at++;
      if (char === close && nested === 0) return { kind: "text", parts: [...parts, text] };
      if (open !== close && char === open) nested++;
      if (char === close) nested--;
      text += char;
    }
  }

  #escape(interpolates: boolean, close: string): string {
    const char = this.#source[this.#at + 1] ?? "";
    this.#at += 2;
    if (interpolates) return ESCAPES[char] ?? char;
    return char === close || char === "\\" ? char : `\\${char}`;
  }

  #take(word: string): boolean {
    this.#skipBlanks();
    if (!this.#source.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #expect(word: string): void {
    if (!this.#take(word)) throw new SyntaxError(`${word} is missing`);
  }

  #match(pattern: RegExp): string | undefined {
    this.#skipBlanks();
    const found = pattern.exec(this.#source.slice(this.#at))?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #peek(): string {
    this.#skipBlanks();
    return this.#source[this.#at] ?? "";
  }

  #skipBlanks(): void {
    while (/\s/.test(this.#source[this.#at] ?? "")) this.#at++;
  }

  #rest(): string {
    const rest = this.#source.slice(this.#at).trim();
    return JSON.stringify(rest.length > 40 ? `${rest.slice(0, 40)}…` : rest);
  }
}
