/** `printf`: a format and its arguments → text, for the verbs that pages use: %s %q %v %d %x %t %f and %%. */
import { TEMPLATE_LIMITS } from "../../limits.ts";
import { textOf, type Value } from "./template-value.ts";

const VERB = /%([-+0# ]*)(\d*)(?:\.(\d*))?([^\d])|%$/g;

/** Wrong or missing arguments are shown in place, as Go does: a page with a slip is better than none. */
export function formatText(format: string, args: readonly Value[]): string {
  let next = 0;
  let size = 0;
  const formatted = format.replace(
    VERB,
    (_, flags: string | undefined, width = "", precision: string | undefined, verb = "") => {
      if (flags === undefined) return "%!(NOVERB)";
      if (verb === "%") return "%";
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const text = formatOne(verb, args[next++], precision);
      size += Number(width);
      if (size > TEMPLATE_LIMITS.maxRenderedBytes) throw new Error("a printf width is larger than a page may be");
      const number = /^[dxf]$/.test(verb);
      if (flags.includes("-")) return text.padEnd(Number(width));
      return text.padStart(Number(width), number && flags.includes("0") ? "0" : " ");
    },
  );
  return next < args.length ? `${formatted}%!(EXTRA ${args.slice(next).map(textOf).join(", ")})` : formatted;
}

function formatOne(verb: string, value: Value, precision: string | undefined): string {
  const text = textOf(value);
  const number = typeof value === "number";
  const whole = number && Number.isInteger(value);
  const cut = precision === undefined ? text : Array.from(text).slice(0, Number(precision)).join("");
  if (verb === "v") return cut;
  if (verb === "s" && (typeof value === "string" || value === undefined)) return cut;
  if (verb === "q" && (typeof value === "string" || value === undefined)) return JSON.stringify(cut);
  if (verb === "d" && whole) return text;
  if (verb === "t" && typeof value === "boolean") return text;
  if (verb === "f" && number) return value.toFixed(Math.min(Number(precision ?? 6), 100));
  if (verb === "x" && whole) return value.toString(16);
  if (verb === "x" && typeof value === "string") return Buffer.from(value).toString("hex");
  return `%!${verb}(${text})`;
}
