/** Pieces of a template → a tree: texts, values, decisions, inclusions; and the templates that it defines beside itself. */
import { TemplateError } from "./template-error.ts";
import { type Pipeline, parseLeadingName, parsePipeline } from "./template-expression.ts";
import { type Piece, splitTemplate } from "./template-pieces.ts";

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly pipeline: Pipeline; readonly line: number }
  | {
      readonly kind: "decision";
      /** `with`: inside, the dot is what was found true. */
      readonly rebinds: boolean;
      readonly condition: Pipeline;
      readonly whenTrue: readonly Node[];
      readonly otherwise: readonly Node[];
      readonly line: number;
    }
  | { readonly kind: "include"; readonly name: string; readonly argument: Pipeline | null; readonly line: number };

export type Template = { readonly file: string; readonly nodes: readonly Node[] };

const MAX_NESTING = 100;
/** Known to Go's templates, but of no use to a page that is given one text. */
const REFUSED = new Set(["range", "break", "continue"]);

/** Adds the template of a file, and those that it defines, to `templates`. @throws TemplateError */
export function parseTemplate(file: string, source: string, templates: Map<string, Template>): void {
  const parser = new Parser(file, splitTemplate(source), templates);
  templates.set(file, { file, nodes: parser.all() });
}

type Action = { readonly word: string; readonly rest: string; readonly line: number };

class Parser {
  readonly #file: string;
  readonly #pieces: readonly Piece[];
  readonly #templates: Map<string, Template>;
  #at = 0;
  #depth = 0;

  constructor(file: string, pieces: readonly Piece[], templates: Map<string, Template>) {
    this.#file = file;
    this.#pieces = pieces;
    this.#templates = templates;
  }

  all(): Node[] {
    const { nodes, end } = this.#nodes();
    if (end !== null) throw new TemplateError(end.line, `{{${end.word}}} has nothing to belong to`);
    return nodes;
  }

  /** Nodes up to an `end` or `else`, which is returned as well; null at the end of the file. */
  #nodes(): { nodes: Node[]; end: Action | null } {
    const nodes: Node[] = [];
    while (this.#at < this.#pieces.length) {
      const piece = this.#pieces[this.#at++] as Piece;
      if (piece.kind === "text") {
        nodes.push({ kind: "text", text: piece.text });
        continue;
      }
      const action = readAction(piece);
      if (action.word === "end" || action.word === "else") return { nodes, end: action };
      const node = this.#node(action, piece);
      if (node !== null) nodes.push(node);
    }
    return { nodes, end: null };
  }

  #node(action: Action, piece: Piece): Node | null {
    const { word, rest, line } = action;
    if (REFUSED.has(word)) throw new TemplateError(line, `{{${word}}} is not supported in error pages`);
    switch (word) {
      case "if":
      case "with":
        return this.#decision(word === "with", rest, line);
      case "template": {
        const { name, rest: argument } = parseLeadingName(rest, line);
        return { kind: "include", name, argument: argument === "" ? null : parsePipeline(argument, line), line };
      }
      case "define": {
        const { name, rest: more } = parseLeadingName(rest, line);
        if (this.#depth > 0) throw new TemplateError(line, "{{define}} stands at the top of a file, not within blocks");
        if (more !== "") throw new TemplateError(line, "{{define}} takes a name and nothing else");
        this.#define(name, line);
        return null;
      }
      case "block": {
        const { name, rest: argument } = parseLeadingName(rest, line);
        this.#define(name, line);
        return { kind: "include", name, argument: parsePipeline(argument, line), line };
      }
      default:
        return { kind: "value", pipeline: parsePipeline(piece.text, line), line };
    }
  }

  #define(name: string, line: number): void {
    if (++this.#depth > MAX_NESTING) throw new TemplateError(line, "too many blocks within blocks");
    const { nodes, end } = this.#inner(line, "define");
    if (end.word === "else") throw new TemplateError(end.line, "{{else}} has nothing to belong to");
    this.#depth--;
    this.#templates.set(name, { file: this.#file, nodes });
  }

  #decision(rebinds: boolean, condition: string, line: number): Node {
    const word = rebinds ? "with" : "if";
    if (condition === "") throw new TemplateError(line, `{{${word}}} lacks its condition`);
    if (++this.#depth > MAX_NESTING) throw new TemplateError(line, "too many blocks within blocks");
    const parsed = parsePipeline(condition, line);
    const { nodes, end } = this.#inner(line, word);
    const otherwise = end.word === "else" ? this.#otherwise(end) : [];
    this.#depth--;
    return { kind: "decision", rebinds, condition: parsed, whenTrue: nodes, otherwise, line };
  }

  #otherwise(action: Action): readonly Node[] {
    if (action.rest !== "") {
      // `else if` and `else with` share the one `end`.
      const next = readAction({ kind: "action", text: action.rest, line: action.line });
      if (next.word !== "if" && next.word !== "with")
        throw new TemplateError(action.line, "only if or with can follow else");
      return [this.#decision(next.word === "with", next.rest, action.line)];
    }
    const { nodes, end } = this.#inner(action.line, "else");
    if (end.word === "else") throw new TemplateError(end.line, "a second {{else}}");
    return nodes;
  }

  #inner(line: number, word: string): { nodes: Node[]; end: Action } {
    const { nodes, end } = this.#nodes();
    if (end === null) throw new TemplateError(line, `{{${word}}} is not closed: {{end}} is missing`);
    if (end.word === "end" && end.rest !== "") throw new TemplateError(end.line, "{{end}} takes nothing");
    return { nodes, end };
  }
}

function readAction({ text, line }: Piece): Action {
  if (text === "") throw new TemplateError(line, "an empty action");
  const word = /^[a-z]+(?![\w.])/.exec(text)?.[0] ?? "";
  return { word, rest: text.slice(word.length).trim(), line };
}
