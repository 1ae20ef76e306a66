/**
 * One unquoted YAML scalar, as text → the value it stands for, and a warning where the original reads another one.
 *
 * The dialect, and why. The original reads YAML 1.1 the way Ruby does; files written for it must mean the same here, except where
 * Ruby's reading is never what was meant (such a value is broken in every deploy of the original, so nobody can rely on it).
 *
 * | written | read as | the original |
 * |---|---|---|
 * | `yes no on off true false`, any case | boolean; "true"/"false" where text is expected, with a warning if spelled otherwise | the same, silently |
 * | `y`, `n` | text | the same |
 * | `~`, `null`, nothing | null | the same |
 * | `12`, `-3`, `+5`, `1_000`, `0x1f`, `0b11` | integer | the same |
 * | an integer beyond 2^53 | text, digit by digit | integer |
 * | `0644` | text, with a warning | 420: octal |
 * | `22:22`, `12:34:56` | text, with a warning | 1342, 45296: base 60 |
 * | `1.5`, `1.10`, `2.0` | text as written, with a warning if Ruby prints it otherwise | 1.5, 1.1, 2.0 |
 * | `1e3`, `2024-01-02`, `1,000` | text | text, date, 1000 |
 * | `:verbose` | the text "verbose" | symbol |
 * | `::1`, `:8080` | text | symbols |
 *
 * Of structure: `<<` merges, in the order of the YAML standard (a key beside it wins, wherever it stands: the original lets the later
 * one win, so there is a warning where that differs); aliases are expanded, up to `CONFIG_LIMITS.maxValues` values; a key given twice is an error (the
 * original takes the last); a tag (`!ruby/object`, `!!js`) is an error, except `!!str`; a second document is an error; keys are text.
 */

export interface Resolved {
  readonly value: string | number | boolean | null;
  /** What the original makes of it, where that is something else. */
  readonly originalReads?: string;
}

const BOOLEAN = /^(?:(yes|true|on)|no|false|off)$/i;
const NULL = /^(?:~|null|Null|NULL|)$/;
const SYMBOL = /^:([A-Za-z_][A-Za-z0-9_]*[?!=]?)$/;
const INTEGER = /^[-+]?(?:0|[1-9](?:_?[0-9])*)$/;
const PREFIXED = /^([-+]?)(0[xb][0-9a-fA-F_]+)$/;
const OCTAL = /^[-+]?0[0-7_]+$/;
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}$/;
const FLOAT = /^[-+]?(?:[0-9][0-9_]*)?\.[0-9]*(?:[eE][-+][0-9]+)?$/;

/** The value of an unquoted scalar. */
export function resolvePlain(text: string): Resolved {
  if (NULL.test(text)) return { value: null };
  const boolean = BOOLEAN.exec(text);
  if (boolean) return { value: boolean[1] !== undefined };
  const symbol = SYMBOL.exec(text);
  if (symbol?.[1] !== undefined) return { value: symbol[1] };
  if (INTEGER.test(text)) return integer(text, Number(text.replaceAll("_", "")));
  const prefixed = PREFIXED.exec(text);
  if (prefixed) {
    const size = Number((prefixed[2] ?? "").replaceAll("_", ""));
    if (!Number.isNaN(size)) return integer(text, prefixed[1] === "-" ? -size : size);
  }
  if (OCTAL.test(text)) return { value: text, originalReads: `${Number.parseInt(text.replaceAll("_", ""), 8)}` };
  if (BASE_60.test(text)) return { value: text, originalReads: `${base60(text)}` };
  if (FLOAT.test(text) && /[0-9]/.test(text)) return float(text);
  return { value: text };
}

function integer(text: string, value: number): Resolved {
  return { value: Number.isSafeInteger(value) ? value : text };
}

function float(text: string): Resolved {
  const number = Number(text.replaceAll("_", ""));
  const printed = Number.isInteger(number) ? `${number}.0` : `${number}`;
  return printed === text || /[eE]/.test(text + printed) ? { value: text } : { value: text, originalReads: printed };
}

function base60(text: string): number {
  const size = text
    .replace(/^[-+]/, "")
    .replaceAll("_", "")
    .split(":")
    .reduce((sum, digits) => sum * 60 + Number(digits), 0);
  return text.startsWith("-") ? -size : size;
}
