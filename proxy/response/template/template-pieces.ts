/** Source of a template → pieces: text to be copied, and the insides of its `{{ … }}`, trimmed and without comments. */
import { TemplateError } from "./template-error.ts";

export type Piece = { readonly kind: "text" | "action"; readonly text: string; readonly line: number };

const OPEN = "{{";
const CLOSE = "}}";

/** @throws TemplateError for an action or a comment that does not end */
export function splitTemplate(source: string): Piece[] {
  const pieces: Piece[] = [];
  let position = 0;
  let line = 1;
  let trimNext = false;
  const addText = (text: string, trimEnd: boolean): void => {
    let kept = trimNext ? text.replace(/^[ \t\r\n]+/, "") : text;
    if (trimEnd) kept = kept.replace(/[ \t\r\n]+$/, "");
    if (kept !== "") pieces.push({ kind: "text", text: kept, line });
    line += newlines(text);
  };
  for (;;) {
    const start = source.indexOf(OPEN, position);
    if (start === -1) break;
    let inside = start + OPEN.length;
    // A dash trims only with a blank beside it: `{{-3}}` is a number.
    const trimsBefore = source[inside] === "-" && isBlank(source[inside + 1]);
    addText(source.slice(position, start), trimsBefore);
    if (trimsBefore) inside += 2;
    const end = endOfAction(source, inside, line);
    const raw = source.slice(inside, end);
    trimNext = /[ \t\r\n]-$/.test(raw);
    const text = (trimNext ? raw.slice(0, -1) : raw).trim();
    if (!text.startsWith("/*")) pieces.push({ kind: "action", text, line });
    line += newlines(source.slice(start, end));
    position = end + CLOSE.length;
  }
  addText(source.slice(position), false);
  return pieces;
}

/** The offset of the `}}` that ends an action; those inside quotes and comments do not. */
function endOfAction(source: string, from: number, line: number): number {
  const blanks = /[ \t\r\n]*/y;
  blanks.lastIndex = from;
  blanks.exec(source);
  if (source.startsWith("/*", blanks.lastIndex)) return endOfComment(source, blanks.lastIndex, line);
  const next = /"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*'|\}\}|\{\{/g;
  next.lastIndex = from;
  for (let match = next.exec(source); match !== null; match = next.exec(source)) {
    if (match[0] === CLOSE) return match.index;
    if (match[0] === OPEN) break;
  }
  throw new TemplateError(line, "an action is not closed: }} is missing");
}

function endOfComment(source: string, from: number, line: number): number {
  const end = source.indexOf("*/", from);
  if (end === -1) throw new TemplateError(line, "a comment is not closed: */ is missing");
  const rest = /(?:[ \t\r\n]+-)?\}\}/y;
  rest.lastIndex = end + 2;
  const match = rest.exec(source);
  if (match === null) throw new TemplateError(line, "a comment must be the whole action: {{/* … */}}");
  return rest.lastIndex - CLOSE.length;
}

function newlines(text: string): number {
  return text.split("\n").length - 1;
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "\r" || character === "\n";
}
