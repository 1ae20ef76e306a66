/** What a program printed → JSON, and the parts of it that are wanted. No error repeats any of it: it is all secrets. */
import { adapterFailed } from "./failure.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** @param what whose it is: `op item get App` @throws KdeployError `adapter-failed` */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text, keepNumbers);
  } catch {
    // The parser's own message quotes what it read.
    throw adapterFailed(`${what} printed what is no JSON`);
  }
}

/** @throws KdeployError `adapter-failed` */
export function objectIn(value: unknown, what: string): JsonObject {
  if (isObject(value)) return value;
  throw adapterFailed(`${what} printed no JSON object`);
}

/** Objects of a list. @throws KdeployError `adapter-failed` */
export function rowsIn(value: unknown, what: string): readonly JsonObject[] {
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw adapterFailed(`${what} printed no JSON list of objects`);
}

/** An object, and no list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRaw(value);
}

/** Text as it is; numbers, lists and so on as JSON writes them; undefined for what is not there. */
export function textIn(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

type Raw = { readonly rawJSON: (text: string) => unknown; readonly isRawJSON: (value: unknown) => boolean };

/** In Node since version 21, but not in TypeScript's library yet. */
const { rawJSON, isRawJSON } = JSON as unknown as Raw;

function isRaw(value: unknown): boolean {
  return isRawJSON(value);
}

/** `12345678901234567890` is not to become another number. */
function keepNumbers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || source === String(value)) return value;
  return rawJSON(source);
}
