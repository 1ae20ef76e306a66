/** Any program that prints a JSON object: `--from "PROGRAM ARGS"`, the names as further arguments → the values it prints. */
import { splitWords } from "../expansion.ts";
import type { Adapter } from "./adapter.ts";
import { adapterFailed, notFound } from "./failure.ts";
import { isObject, type JsonObject, objectIn, textIn } from "./json.ts";

export const adapter: Adapter = {
  account: "optional",
  from: "a program and its arguments",
  fetchesAll: true,
  async fetch({ names, from = "", open }) {
    const [program, ...args] = wordsOf(from);
    if (program === undefined) throw adapterFailed("--from names no program");
    const values = new Map(flattened(objectIn(await open(program).askJson([...args, ...names]), program)));
    if (names.length === 0) return values;
    return new Map(names.map((name) => found(values, name, program)));
  },
};

function wordsOf(line: string): string[] {
  try {
    return splitWords(line);
  } catch {
    throw adapterFailed("--from has a quote that is not closed");
  }
}

/** What is inside of objects has its whole way as its name. */
function flattened(object: JsonObject, before = ""): [string, string][] {
  return Object.entries(object).flatMap(([key, value]) =>
    isObject(value) ? flattened(value, `${before}${key}/`) : [[`${before}${key}`, textIn(value) ?? "null"]],
  );
}

function found(values: ReadonlyMap<string, string>, name: string, program: string): [string, string] {
  const key = values.has(name) ? name : [...values.keys()].find((one) => one.endsWith(`/${name}`));
  const value = values.get(key ?? "");
  if (key === undefined || value === undefined) {
    throw notFound(name, `what ${program} printed`, `it has: ${[...values.keys()].join(", ") || "nothing"}`);
  }
  return [key, value];
}
