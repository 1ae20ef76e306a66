/** Text → the same text where it can do no harm: one function for each place that a page may show a value in. */

const HTML: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
  "`": "&#96;",
  "\0": "\u{fffd}",
};

/** For text between tags and for quoted attribute values. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`\0]/g, (character) => HTML[character] as string);
}

/** For attribute values without quotes: whatever could end one is escaped. */
export function escapeUnquoted(text: string): string {
  return text.replace(/[^A-Za-z0-9\u{80}-\u{10ffff}._-]/gu, (character) =>
    character === "\0" ? "\u{fffd}" : `&#${character.codePointAt(0)};`,
  );
}

/** For the inside of a script's quoted text, whichever quote it has: nothing but harmless characters stays as it is. */
export function escapeScript(text: string): string {
  let escaped = "";
  for (let index = 0; index < text.length; index++) {
    const character = text[index] as string;
    escaped += /[A-Za-z0-9 _.,:!?()-]/.test(character)
      ? character
      : `\\u${text.charCodeAt(index).toString(16).padStart(4, "0")}`;
  }
  // A comment mark of old must not come about either: `--` and `>` never stand together, as `>` is escaped.
  return escaped;
}

/** For anywhere in a style sheet: a plain word, number or colour, else escapes, which are part of a word and never end it. */
export function escapeStyle(text: string): string {
  if (/^(?:[-+]?\d*\.?\d+(?:%|[a-zA-Z]{0,4})|#[\da-fA-F]{3,8}|[a-zA-Z][a-zA-Z0-9-]*)$/.test(text)) return text;
  let escaped = "";
  for (const character of text.toWellFormed()) {
    const code = character.codePointAt(0) as number;
    escaped += /[A-Za-z0-9]/.test(character) ? character : `\\${(code === 0 ? 0xfffd : code).toString(16)} `;
  }
  return escaped;
}

const SAFE_SCHEMES = /^(?:https?|mailto|tel)$/i;
/** Stands in for an address that would run as a script, or lead nobody knows where. */
const NO_URL = "#unsafe-url";

/** True for the text before the first `:` of an address, if a browser may follow it. */
export function isSafeScheme(scheme: string): boolean {
  return SAFE_SCHEMES.test(scheme);
}

/** For the start of an address: its scheme must be one that only leads somewhere. */
export function escapeUrl(text: string): string {
  const scheme = /^([^/?#:]*):/.exec(text)?.[1];
  return scheme !== undefined && !isSafeScheme(scheme) ? NO_URL : escapeUrlPart(text);
}

/** For the rest of an address: its delimiters stay, everything else is percent-encoded. */
export function escapeUrlPart(text: string): string {
  return text
    .toWellFormed()
    .replace(/%(?![\da-fA-F]{2})|[^A-Za-z0-9\-._~!#$&*+,/:;=?@[\]%]/gu, (character) => escapeQuery(character));
}

/** For one value in a query, or where a scheme could still come about: nothing but unreserved characters stays. */
export function escapeQuery(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
