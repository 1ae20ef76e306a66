/** The examples name commands and options of kdeploy that exist, and the workflow is one that GitHub can read. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { checkArguments } from "../../../cli/command/check-arguments.ts";
import { COMMANDS } from "../../../cli/command/commands.ts";
import { commandNamed } from "../../../cli/command/find-command.ts";
import { optionsOf } from "../../../cli/command/help.ts";
import { parseWords } from "../../../cli/command/parse-words.ts";
import { shellBlocks } from "../../support/readme-blocks.ts";

const folder = join(import.meta.dirname, "../../../examples");
const read = (...path: string[]) => readFileSync(join(folder, ...path), "utf8");
const readmes = readdirSync(folder).filter((name) => existsSync(join(folder, name, "README.md")));

type Workflow = {
  readonly on: Record<string, unknown>;
  readonly permissions: Record<string, string>;
  readonly jobs: Record<string, { readonly "runs-on": string; readonly steps: readonly Step[] }>;
};
type Step = { readonly uses?: string; readonly run?: string; readonly env?: Record<string, string> };

/** The words behind each `kdeploy` of a script, up to what a shell does with them then. */
function calls(script: string): string[][] {
  const found = script.matchAll(/(?:^|[\n;&|(] ?|exec |run: )kdeploy ((?:"[^"]*"|[^\n;&|()"])+)/g);
  return Array.from(found, ([, words = ""]) =>
    Array.from(words.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, plain]) => (quoted ?? plain) as string),
  );
}

/** Words of the example's own. */
function aliasesOf(name: string): string[] {
  const config = join(name, "config/deploy.yml");
  if (!existsSync(join(folder, config))) return [];
  const [, section = ""] = /^aliases:\n((?: .*\n)*)/m.exec(read(config)) ?? [];
  return Array.from(section.matchAll(/^ {2}(\w+):/gm), ([, alias]) => alias as string);
}

/** @throws KdeployError for what the program would refuse */
async function understood(words: readonly string[]) {
  const [name = "", second = ""] = words;
  const entry = commandNamed(name, COMMANDS);
  if (entry === undefined) throw new Error(`no command ${name}`);
  const leaf = "commands" in entry ? commandNamed(second, entry.commands) : entry;
  if (leaf === undefined) throw new Error(`no command ${name} ${second}`);
  const command = await leaf.load();
  const rest = words.slice("commands" in entry ? 2 : 1);
  const { args } = parseWords(rest, optionsOf(command), { path: name, passesOptions: command.passesOptions === true });
  return { command, args };
}

test.each(readmes)("what the README of %s has one type is understood", async (name) => {
  const readme = read(name, "README.md");
  const inText = Array.from(readme.matchAll(/`(kdeploy [^`\n]+)`/g), ([, line]) => `${line}\n`).join("");
  const aliases = aliasesOf(name);
  const own = (script: string) => calls(script).filter(([first = ""]) => !aliases.includes(first));
  for (const words of own(shellBlocks(readme).script)) {
    const { args, command } = await understood(words);
    expect(() => checkArguments(command, args, words.join(" "))).not.toThrow();
  }
  // A sentence may leave the arguments out.
  for (const words of own(inText)) await understood(words);
});

test("the README of all names each of them", () => {
  const overview = read("README.md");
  for (const name of readmes) expect(overview).toContain(`(${name}/README.md)`);
});

test("what is not understood would be found", async () => {
  expect(calls('x=$(kdeploy app version -q)\nkdeploy app exec --reuse "a -b" || echo\nexec kdeploy deploy\n')).toEqual([
    ["app", "version", "-q"],
    ["app", "exec", "--reuse", "a -b"],
    ["deploy"],
  ]);
  await expect(understood(["deploy", "--frobnicate"])).rejects.toThrow("frobnicate");
  const { args, command } = await understood(["deploy", "surplus"]);
  expect(() => checkArguments(command, args, "deploy")).toThrow("surplus");
  await expect(understood(["app", "nothing"])).rejects.toThrow("nothing");
});

test("the workflow for GitHub Actions is whole, and its commands are understood", async () => {
  const text = read("github-actions", "deploy.yml");
  const { jobs, on, permissions } = parse(text) as Workflow;
  expect(Object.keys(on)).toEqual(["push", "workflow_dispatch"]);
  expect(permissions).toEqual({ contents: "read" });
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  for (const { run, uses } of steps) expect(run === undefined, `${run} ${uses}`).toBe(uses !== undefined);
  const typed = steps.flatMap(({ run }) => (run === undefined ? [] : calls(run)));
  expect(typed.map(([name]) => name)).toEqual(["check", "deploy"]);
  for (const words of typed) await understood(words);
  const readme = read("github-actions", "README.md");
  for (const [, name] of text.matchAll(/\$\{\{ (?:secrets|vars)\.(\w+) \}\}/g)) expect(readme).toContain(`\`${name}\``);
});
