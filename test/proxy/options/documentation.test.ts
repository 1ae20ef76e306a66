import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DEPLOY_FLAGS } from "../../../proxy/options/deploy-flags.ts";
import {
  type FlagTable,
  LIST_FLAGS,
  PAUSE_FLAGS,
  ROLLOUT_DEPLOY_FLAGS,
  ROLLOUT_SET_FLAGS,
  RUN_FLAGS,
  STOP_FLAGS,
} from "../../../proxy/options/flags.ts";

const readme = readFileSync(join(import.meta.dirname, "../../../README.md"), "utf8");
const TABLES: readonly (readonly [string, FlagTable])[] = [
  ["deploy", DEPLOY_FLAGS],
  ["run", RUN_FLAGS],
  ["list", LIST_FLAGS],
  ["pause", PAUSE_FLAGS],
  ["stop", STOP_FLAGS],
  ["rollout deploy", ROLLOUT_DEPLOY_FLAGS],
  ["rollout set", ROLLOUT_SET_FLAGS],
];

/** Flags in the text that are set as code, without their values. */
function flagsIn(text: string): Set<string> {
  return new Set([...text.matchAll(/`(?:[^`]*\s)?--([a-z0-9-]+)[^`]*`/g)].map((match) => match[1] ?? ""));
}

test.each(TABLES)("the README names every flag of %s", (_, table) => {
  const named = flagsIn(readme);
  expect(Object.keys(table).filter((name) => !named.has(name))).toEqual([]);
});

test("the README names no flag that does not exist", () => {
  const known = new Set(TABLES.flatMap(([, table]) => Object.keys(table)));
  const commands = readme.slice(readme.indexOf("## Commands"));
  // `--flag` stands for any of them.
  const unknown = [...flagsIn(commands)].filter((name) => !known.has(name) && name !== "flag");
  expect(unknown).toEqual([]);
});

test.each(["run", "deploy"] as const)("the README names every variable and default of %s", (command) => {
  const [, table = {}] = TABLES.find(([name]) => name === command) ?? [];
  const undocumented = Object.entries(table).flatMap(([name, flag]) => {
    const row = readme.split("\n").find((line) => line.startsWith("| `--") && line.includes(`\`--${name}\``)) ?? "";
    const hasDefault = flag.kind === "bool" || (flag.kind === "int" && flag.fallback !== 0);
    const facts = [...(flag.environment ?? []), ...(hasDefault ? [`(${String(flag.fallback)}`] : [])];
    return facts.filter((fact) => !row.includes(fact)).map((fact) => `--${name}: ${fact}`);
  });
  expect(undocumented).toEqual([]);
});
