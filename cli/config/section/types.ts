/** The words that the sections are written in: the original's types with the original's messages, over zod. */
import * as z from "zod";
import type { Syntax } from "../value-syntax.ts";

/** What a schema says when a hash has unknown keys: this mark and the known ones. `check.ts` makes the sentences. */
export const KNOWN_KEYS = "known keys:";
/** What a choice says when the branch that was meant does not fit: this mark and its number. */
export const BRANCH = "branch:";

const required = "is required";

/** "string": numbers and booleans are taken too, as their text. */
export function text(syntax?: Syntax) {
  const schema = z
    .union([z.string(), z.number(), z.boolean()], { error: saying("should be a string") })
    .transform(String);
  return syntax === undefined ? schema : schema.superRefine(refusing(syntax));
}

/** Text and nothing else, for values that a number can only be by mistake. */
export function strictText(message: string, syntax: Syntax) {
  return z.string({ error: saying(message) }).superRefine(refusing(syntax));
}

export function integer(range: { min?: number; max?: number } = {}) {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = range;
  const outside = max === Number.MAX_SAFE_INTEGER ? `should be at least ${min}` : `should be between ${min} and ${max}`;
  return z
    .int({ error: saying("should be an integer") })
    .min(min, { error: outside })
    .max(max, { error: outside });
}

/** A time of whole seconds. */
export function seconds() {
  return integer({ min: 0 });
}

export function port() {
  return integer({ min: 1, max: 65_535 });
}

export function boolean() {
  return z.boolean({ error: saying("should be a boolean") });
}

export function list<Item extends z.ZodType>(item: Item) {
  return z.array(item, { error: saying("should be an array") });
}

/** Any keys that `syntax` takes, all values alike. */
export function hash<Value extends z.ZodType>(value: Value, syntax?: Syntax) {
  const key = syntax === undefined ? z.string() : z.string().superRefine(refusing(syntax));
  return z.record(key, value, { error: saying("should be a hash") });
}

/** A hash with known keys only. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `${KNOWN_KEYS}${Object.keys(shape).join(" ")}`
        : said(issue.input, "should be a hash"),
  });
}

/**
 * One of several shapes. `pick` says which of them was meant, so that the error is about that one; without an answer
 * the message is `otherwise`.
 */
export function choice<const Branches extends readonly [z.ZodType, z.ZodType, ...z.ZodType[]]>(
  branches: Branches,
  otherwise: string,
  pick: (input: unknown) => number | undefined,
) {
  return z.union(branches, {
    error: (issue) => {
      const branch = pick(issue.input);
      return branch === undefined ? said(issue.input, otherwise) : `${BRANCH}${branch}`;
    },
  });
}

/** An optional key with what the documentation and the JSON Schema say of it. */
export function key<Schema extends z.ZodType>(schema: Schema, description: string, example?: unknown) {
  return schema.meta(example === undefined ? { description } : { description, examples: [example] }).optional();
}

/** The same for a key that must be there. */
export function requiredKey<Schema extends z.ZodType>(schema: Schema, description: string, example?: unknown) {
  return schema.meta(example === undefined ? { description } : { description, examples: [example] });
}

export function isHash(input: unknown): input is Record<string, unknown> {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}

/** An array is the first branch, a hash the second. */
export function arrayOrHash(input: unknown): number | undefined {
  return Array.isArray(input) ? 0 : isHash(input) ? 1 : undefined;
}

/** A check of one value as zod wants it. */
export function refusing(syntax: Syntax) {
  return (value: string, context: z.core.$RefinementCtx<string>): void => {
    const message = syntax(value);
    if (message !== undefined) context.addIssue({ code: "custom", message, input: value });
  };
}

function saying(message: string) {
  return (issue: { readonly input?: unknown }): string => said(issue.input, message);
}

function said(input: unknown, message: string): string {
  return input === undefined ? required : message;
}
