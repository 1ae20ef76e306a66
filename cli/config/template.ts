/**
 * A configuration file with `<% %>` tags → the text that the YAML parser gets, and the way back to the file's own lines.
 *
 * The original renders these files as ERB, so any Ruby runs. Here only what fetches a text is understood; `POSSIBLE` lists it, in errors too.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { ConfigError } from "../errors.ts";
import type { RunCommand } from "../secret/shell-command.ts";
import { CONFIG_LIMITS } from "./limits.ts";
import { positionInText, type Segment, SourceText } from "./source-text.ts";
import { type Expression, parseExpression, type TrimMethod } from "./template-expression.ts";

export interface TemplateContext {
  readonly cwd: string;
  /** Variables that `ENV` knows; KAMAL_DESTINATION is among them when there is a destination. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly run: RunCommand;
}

export const POSSIBLE =
  'possible are ENV["X"], ENV.fetch("X", "default"), "text", %x(command), `command`, File.read("path"), || between them, .strip and .chomp after them, and <%# comments %>';

/** Throws ConfigError naming the line of the tag that is not understood, or whose variable, file or command fails. */
export async function renderTemplate(file: string, source: string, context: TemplateContext): Promise<SourceText> {
  const segments: Segment[] = [];
  let text = "";
  const put = (piece: string, sourceOffset: number, copied: boolean): void => {
    segments.push({ offset: text.length, sourceOffset, copied });
    text += piece;
  };
  let at = 0;
  let tags = 0;
  for (const tag of tagsIn(source, file)) {
    if (++tags > CONFIG_LIMITS.maxTemplateTags)
      throw refusal(file, source, tag.start, `more than ${CONFIG_LIMITS.maxTemplateTags} template tags`);
    put(source.slice(at, tag.textEnd), at, true);
    put(await outputOf(tag, file, source, context), tag.start, false);
    if (text.length > CONFIG_LIMITS.maxFileBytes)
      throw refusal(file, source, tag.start, `the rendered file exceeds ${CONFIG_LIMITS.maxFileBytes} bytes`);
    at = tag.end;
  }
  put(source.slice(at), at, true);
  return new SourceText(file, source, text, segments);
}

interface Tag {
  /** Of `<%`. */
  readonly start: number;
  /** Where the text before it ends: at `start`, or before the indentation that `<%-` takes away. */
  readonly textEnd: number;
  /** After `%>`, or after the line break that `-%>` takes away. */
  readonly end: number;
  readonly kind: "output" | "comment" | "code" | "literal";
  readonly content: string;
}

/** Throws ConfigError for a tag without an end. */
function* tagsIn(source: string, file: string): Generator<Tag> {
  for (let start = source.indexOf("<%"); start !== -1; ) {
    if (source.startsWith("<%%", start)) {
      yield { start, textEnd: start, end: start + 3, kind: "literal", content: "<%" };
      start = source.indexOf("<%", start + 3);
      continue;
    }
    const close = source.indexOf("%>", start + 2);
    if (close === -1) throw refusal(file, source, start, "template tag <% without %>");
    let inside = source.slice(start + 2, close);
    let textEnd = start;
    let end = close + 2;
    if (inside.endsWith("-")) {
      inside = inside.slice(0, -1);
      end += /^\r?\n/.exec(source.slice(end, end + 2))?.[0].length ?? 0;
    }
    if (inside.startsWith("-")) {
      inside = inside.slice(1);
      const lineStart = source.lastIndexOf("\n", start - 1) + 1;
      if (/^[ \t]*$/.test(source.slice(lineStart, start))) textEnd = lineStart;
    }
    const kind = inside.startsWith("=") ? "output" : inside.startsWith("#") ? "comment" : "code";
    yield { start, textEnd, end, kind, content: kind === "code" ? inside : inside.slice(1) };
    start = source.indexOf("<%", end);
  }
}

async function outputOf(tag: Tag, file: string, source: string, context: TemplateContext): Promise<string> {
  if (tag.kind === "literal") return tag.content;
  if (tag.kind === "comment") return "";
  // Ruby's own comments make a tag that does nothing.
  const code = tag.content.replaceAll(/^\s*#.*$/gm, "").trim();
  if (tag.kind === "code" && code === "") return "";
  try {
    if (tag.kind === "code") throw new SyntaxError(`code such as ${JSON.stringify(code.slice(0, 40))} is not run`);
    return (await evaluate(parseExpression(tag.content), context)) ?? "";
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw refusal(
      file,
      source,
      tag.start,
      error instanceof SyntaxError ? `template: ${why}; ${POSSIBLE}` : `template: ${why}`,
    );
  }
}

/** Undefined is Ruby's nil. */
async function evaluate(expression: Expression, context: TemplateContext): Promise<string | undefined> {
  const { kind } = expression;
  if (kind === "variable") return variable(expression, context);
  if (kind === "file") return contentOf((await evaluate(expression.path, context)) ?? "", context.cwd);
  if (kind === "either") {
    return (await evaluate(expression.first, context)) ?? (await evaluate(expression.second, context));
  }
  if (kind === "trim") {
    const text = await evaluate(expression.of, context);
    if (text === undefined && expression.method !== "to_s") {
      throw new Error(`nothing to .${expression.method}: the value is not set`);
    }
    return TRIMMING[expression.method](text ?? "");
  }
  if (kind === "command") {
    const script = (await evaluate(expression.script, context)) ?? "";
    return context.run(script, { cwd: context.cwd, env: context.env }).catch((error: Error) => {
      throw new Error(`command ${JSON.stringify(script)} ${error.message}`);
    });
  }
  const parts: string[] = [];
  for (const part of expression.parts) {
    parts.push(typeof part === "string" ? part : ((await evaluate(part, context)) ?? ""));
  }
  return parts.join("");
}

async function variable(
  expression: Expression & { kind: "variable" },
  context: TemplateContext,
): Promise<string | undefined> {
  const name = (await evaluate(expression.name, context)) ?? "";
  const value = context.env[name];
  if (value !== undefined || !expression.required) return value;
  if (expression.fallback !== undefined) return evaluate(expression.fallback, context);
  throw new Error(`variable ${name} is not set`);
}

async function contentOf(path: string, cwd: string): Promise<string> {
  const content = await readFile(resolve(cwd, path), "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Error(`file ${path} cannot be read${error.code === "ENOENT" ? ": there is none" : `: ${error.message}`}`);
  });
  if (content.length > CONFIG_LIMITS.maxFileBytes)
    throw new Error(`file ${path} is larger than ${CONFIG_LIMITS.maxFileBytes} bytes`);
  return content;
}

const TRIMMING: Readonly<Record<TrimMethod, (text: string) => string>> = {
  strip: (text) => text.trim(),
  lstrip: (text) => text.trimStart(),
  rstrip: (text) => text.trimEnd(),
  chomp: (text) => text.replace(/\r?\n$/, ""),
  to_s: (text) => text,
};

function refusal(file: string, source: string, offset: number, message: string): ConfigError {
  return new ConfigError([{ ...positionInText(file, source, offset), keyPath: "", message }]);
}
