/** What templates compute with: texts, numbers, truths, nothing, and the data of a page. */

/** What a page is given; in all cases but a stopped service it is nothing at all. */
export type PageData = { readonly Message: string };

export type Value = string | number | boolean | undefined | PageData;

export function isTrue(value: Value): boolean {
  return value !== undefined && value !== "" && value !== 0 && value !== false;
}

/** A value as text where it is shown; nothing is shown as nothing. */
export function textOf(value: Value): string {
  if (value === undefined) return "";
  return typeof value === "object" ? `{${value.Message}}` : String(value);
}

/** `.Message` is the only field there is; all others are nothing. */
export function fieldOf(value: Value, path: readonly string[]): Value {
  let current = value;
  for (const name of path) {
    current = typeof current === "object" && name === "Message" ? current.Message : undefined;
  }
  return current;
}
