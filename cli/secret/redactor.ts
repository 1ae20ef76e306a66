/** Any text → the same text without the secrets that are known, in whatever form a log or a header would carry them. */
import { SECRET_LIMITS } from "./limits.ts";
import { REDACTED, type Secret } from "./secret.ts";

/** Knows every secret of this run. Work on whole lines: a secret cut in two by the end of a chunk is not found. */
export class Redactor {
  readonly #forms = new Set<string>();

  add(secret: Secret): void {
    const value = secret.reveal();
    if (value.length < SECRET_LIMITS.minRedactedLength) return;
    for (const form of formsOf(value)) {
      if (form.length >= SECRET_LIMITS.minRedactedLength) this.#forms.add(form);
    }
  }

  redact(text: string): string {
    const covered: { start: number; end: number }[] = [];
    for (const form of this.#forms) {
      for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1))
        covered.push({ start: at, end: at + form.length });
    }
    if (covered.length === 0) return text;
    covered.sort((one, other) => one.start - other.start);
    let redacted = "";
    let done = 0;
    for (const { start, end } of covered) {
      // Secrets may overlap or hold one another: what they cover together is one blank.
      if (start >= done) redacted += text.slice(done, start) + REDACTED;
      done = Math.max(done, end);
    }
    return redacted + text.slice(done);
  }
}

function formsOf(value: string): string[] {
  const lines = value.split(/\r?\n/).filter((line) => line.length >= SECRET_LIMITS.minPartLength);
  const texts = lines.length > 1 || lines[0] !== value ? [value, value.trim(), ...lines] : [value];
  return texts.flatMap((text) => [text, ...escapedForms(text), ...base64Forms(text)]);
}

/**
 * As JSON, URLs, env files of the original, and POSIX shells in single and double quotes write it; and as programs show a
 * text that they were not meant to show: Node, Python and Ruby, in the quotes that need the fewest backslashes.
 */
function escapedForms(text: string): string[] {
  const url = encodeUrl(text);
  const json = JSON.stringify(text).slice(1, -1);
  const shown = json.replaceAll('\\"', '"');
  return [
    json,
    shown,
    shown.replaceAll("'", "\\'"),
    shown.replaceAll("`", "\\`"),
    json.replaceAll(/#(?=[{$@])/g, "\\#"),
    url,
    url.replaceAll("%20", "+"),
    url.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    encodeUrl(text, /[!'()*]/g),
    text.replaceAll("'", "'\\''"),
    text.replaceAll(/["\\$`]/g, "\\$&"),
  ];
}

function encodeUrl(text: string, further = /$^/g): string {
  // A lone surrogate cannot be encoded, and cannot have come out of a UTF-8 file either.
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    further,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * Alone, and as a part of something longer such as `user:password`: then its bytes fall into the groups of three in one of
 * three ways, and the characters at both ends depend on the neighbours.
 */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text, "utf8");
  const forms = [bytes.toString("base64").replace(/=+$/, "")];
  if (bytes.length >= SECRET_LIMITS.minPartLength) {
    for (const before of [0, 1, 2]) {
      const shifted = Buffer.concat([Buffer.alloc(before), bytes])
        .toString("base64")
        .replace(/=+$/, "");
      const ownFrom = Math.ceil((before * 8) / 6);
      const ownUntil = Math.floor(((before + bytes.length) * 8) / 6);
      forms.push(shifted.slice(ownFrom, ownUntil));
    }
  }
  return forms.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}
