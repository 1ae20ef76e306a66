/**
 * The text of a secrets file → its entries, in order, values still unexpanded. The dialect is that of the original's dotenv library: what it
 * takes for a line, a quote or a comment is what its users' files rely on, odd as some of it is (config-schema §11).
 */
import { KdeployError } from "../errors.ts";

export interface DotenvEntry {
  readonly key: string;
  /** Without quotes; unescaped unless it was in single quotes. */
  readonly value: string;
  /** Whether `$(…)` and `$NAME` in it are to be replaced. */
  readonly expands: boolean;
  /** Line of the key, from 1. */
  readonly line: number;
}

/** Blank as Ruby sees it: JavaScript's `\s` would take a no-break space, which may well be part of a password. */
const S = "[ \\t\\n\\v\\f\\r]";
/** Blanks at the start do not span lines, as the library's do: what they would reach is tried as a line of its own, in linear time. */
const LINE = new RegExp(
  `(?<![^\\n])[ \\t\\v\\f]*(?<export>export${S}+)?(?<key>[A-Za-z0-9_.]+)` +
    `(?:(?:${S}*=${S}*?|:${S}+?)(?<value>${S}*'(?:\\\\'|[^'])*'|${S}*"(?:\\\\"|[^"])*"|[^#\\n]+)?)?` +
    `${S}*(?:#[^\\n]*)?(?![^\\n])`,
  "g",
);

/** `legacyLineBreaks`: `\n` in double quotes is a line break, as the library's `DOTENV_LINEBREAK_MODE=legacy` has it. */
export function parseDotenv(content: string, file: string, legacyLineBreaks: boolean): DotenvEntry[] {
  const text = content.replace(/^\uFEFF/, "").replaceAll(/\r\n?/g, "\n");
  const entries: DotenvEntry[] = [];
  let legacy = legacyLineBreaks;
  let line = 1;
  let counted = 0;
  for (const match of text.matchAll(LINE)) {
    const { export: exported, key = "", value } = match.groups ?? {};
    const keyAt =
      match.index + match[0].indexOf(key, exported === undefined ? 0 : match[0].indexOf(exported) + exported.length);
    for (; counted < keyAt; counted++) if (text[counted] === "\n") line++;
    if (exported !== undefined && value === undefined) {
      if (entries.some((entry) => entry.key === key)) continue;
      throw new KdeployError(
        "secrets-unreadable",
        `${file}:${line} export ${key} has no value, and none was given before`,
        {
          hint: `write ${key}=value, or take the line away`,
          exitClass: "secret",
        },
      );
    }
    const entry = { key, ...valueOf(value ?? "", legacy), line };
    if (key === "DOTENV_LINEBREAK_MODE") legacy = entry.value === "legacy";
    entries.push(entry);
  }
  return entries;
}

function valueOf(raw: string, legacy: boolean): { value: string; expands: boolean } {
  const trimmed = raw.replace(new RegExp(`^${S}+`), "").replace(/[ \t\n\v\f\r\0]+$/, "");
  const quoted = /^(['"])(.*)\1$/s.exec(trimmed);
  const inner = quoted?.[2] ?? trimmed;
  if (quoted?.[1] === "'") return { value: inner, expands: false };
  return { value: unescape(quoted?.[1] === '"' ? lineBreaks(inner, legacy) : inner), expands: true };
}

/** A backslash goes, the character after it stays; one before `$` is for the expansion to see. */
function unescape(value: string): string {
  return value.replaceAll(/\\([^$])/gs, "$1");
}

/** In double quotes `\n` survives the unescaping as two characters, or becomes a line break. */
function lineBreaks(value: string, legacy: boolean): string {
  if (legacy) return value.replaceAll("\\n", "\n").replaceAll("\\r", "\r");
  return value.replaceAll("\\n", "\\\\n").replaceAll("\\r", "\\\\r");
}
