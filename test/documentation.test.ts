/** The documents say what the program does: its commands, flags, errors and variables, and where things are. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { CommandModule } from "../proxy/command/command.ts";
import { type CommandWords, parseFlags } from "../proxy/command/parse-flags.ts";
import type { Flag, FlagTable } from "../proxy/options/flags.ts";
import { formatDurationMs } from "../proxy/options/go-duration.ts";
import { runCommandLine } from "./support/command-line.ts";

const root = join(import.meta.dirname, "..");
const readme = read("README.md");
const reference = read("proxy/FLAGS.md");
const tour = read("proxy/README.md");
const sources = ["proxy", "shared"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(ts|mjs)$/.test(path))
    .map((path) => read(`${folder}/${path}`)),
);

const commands = [...(await commandsOf([])), ...(await commandsOf(["rollout"]))];
const tables = new Map(await Promise.all(commands.map(async (name) => [name, await flagsOf(name)] as const)));
const withFlags = [...tables].filter(([, table]) => Object.keys(table).length > 0);

describe("commands", () => {
  test("the program's own overview was understood", () => {
    expect(commands).toEqual(
      expect.arrayContaining(["run", "deploy", "list", "rollout set", "rollout stop", "version"]),
    );
    expect(withFlags.length).toBeGreaterThan(6);
  });

  test("README and reference name every command", () => {
    for (const text of [readme, reference]) {
      expect(commands.filter((name) => !new RegExp(`\`${name}(?: [^\`]*)?\``).test(text))).toEqual([]);
    }
  });

  test("the reference has a place for each command, and none for one that does not exist", () => {
    const headed = Array.from(reference.matchAll(/^## `([a-z ]+?)(?: <service>)?`$/gm), ([, name]) => name as string);
    expect(headed.toSorted()).toEqual(withFlags.map(([name]) => name).toSorted());
    const listed = rowsOf(section(reference, /^## Commands without flags$/m)).map(({ command = "" }) =>
      command.replace(/`| [<[].*/g, ""),
    );
    const without = commands.filter((name) => !headed.includes(name));
    expect(listed.toSorted()).toEqual([...without, "help", "completion"].toSorted());
  });
});

describe.each(withFlags)("flags of %s", (name, table) => {
  const rows = rowsOf(section(reference, new RegExp(`^## \`${name}(?: <service>)?\`$`, "m")));

  test("all are in the reference, once, and no others", () => {
    expect(rows.map(({ flag = "" }) => flag).toSorted()).toEqual(
      Object.keys(table)
        .map((flag) => `\`--${flag}\``)
        .toSorted(),
    );
  });

  test("types, defaults and variables are those of the program", () => {
    const documented = rows.map(({ flag, type, default: standard, environment = "" }) => [
      flag,
      type,
      standard,
      environment,
    ]);
    const expected = rows.map(({ flag: code = "" }) => {
      const flag = table[code.slice(3, -1)];
      return flag ? [code, flag.kind, defaultInWords(flag), variables(flag)] : [code];
    });
    expect(documented).toEqual(expected);
  });

  test("each has an example that the program understands, and that changes something", () => {
    for (const { flag = "", example = "", "what it does": purpose = "" } of rows) {
      const given = shellWords(example.slice(1, -1));
      const parsed = parseFlags(given, table, words(name), {});
      if ("help" in parsed) throw new Error(`${example} asks for help`);
      const key = flag.slice(3, -1);
      expect(parsed.positionals, example).toEqual([]);
      expect(parsed.mentioned, example).toContain(key);
      expect(parsed.values[key], example).not.toEqual(table[key]?.fallback);
      expect(purpose).not.toBe("");
    }
  });
});

test("README and reference name no flag that does not exist", () => {
  // `--flag` stands for any of them; help and version are the program's own.
  const known = new Set(["flag", "help", "version", ...withFlags.flatMap(([, table]) => Object.keys(table))]);
  const commandsPart = readme.slice(readme.indexOf("## Commands"));
  for (const text of [commandsPart, reference]) {
    expect([...flagsNamedIn(text)].filter((flag) => !known.has(flag))).toEqual([]);
  }
});

/** Commands that are about the proxy as a whole. */
const WITHOUT_SERVICE: ReadonlySet<string> = new Set(["run", "certificates"]);

test("the README leads to the reference, and its own command lines are understood", () => {
  expect(readme.includes("(proxy/FLAGS.md)")).toBe(true);
  const lines = Array.from(readme.matchAll(/(?:^|exec kamal-proxy )kamal-proxy (.+)$/gm), ([, line]) =>
    (line as string).split(" && kamal-proxy "),
  ).flat();
  expect(lines.length).toBeGreaterThan(8);
  for (const line of lines) {
    const name = commands.find((command) => `${line} `.startsWith(`${command} `)) ?? "";
    const parsed = parseFlags(shellWords(line.slice(name.length)), tables.get(name) ?? {}, words(name), {});
    expect("positionals" in parsed && parsed.positionals, line).toEqual(WITHOUT_SERVICE.has(name) ? [] : ["my-app"]);
  }
});

describe("errors", () => {
  const rows = rowsOf(section(reference, /^## Errors$/m));

  test("every code is in the reference, once, and no others", () => {
    const union = /type ErrorCode =([^;]*);/.exec(read("proxy/errors.ts"))?.[1] ?? "";
    const codes = Array.from(union.matchAll(/"([a-z-]+)"/g), ([, code]) => `\`${code}\``);
    expect(codes.length).toBeGreaterThan(20);
    expect(rows.map(({ code = "" }) => code).toSorted()).toEqual(codes.toSorted());
  });

  test("the messages are the program's, word for word between the dots", () => {
    // A message in the source has a value, or a whole choice of words, where the reference has dots.
    const everything = sources.join("\n").replaceAll('\\"', '"');
    const unknown = rows.flatMap(({ message = "" }) =>
      codesIn(message)
        .flatMap((text) => text.split("…"))
        .filter((words) => words.trim().length > 2 && !everything.includes(words)),
    );
    expect(unknown).toEqual([]);
    expect(rows.filter(({ "what to do": advice }) => !advice)).toEqual([]);
  });
});

test("every variable of the environment is in the reference, and no others", () => {
  const ofFlags = withFlags.flatMap(([, table]) => Object.values(table).flatMap((flag) => flag.environment ?? []));
  const readDirectly = sources.flatMap((text) =>
    Array.from(text.matchAll(/\b(?:environment|env)\["([A-Z_0-9]+)"\]/g), ([, name]) => name as string),
  );
  const ofTheImage = Array.from(
    read("Dockerfile.proxy").matchAll(/\b(NODE_[A-Z_]+)=""/g),
    ([, name]) => name as string,
  );
  expect(readDirectly).toContain("KAMAL_PROXY_SOCKET");
  expect(ofTheImage).not.toEqual([]);
  const documented = [
    ...rowsOf(section(reference, /^## Environment variables$/m)).map(({ variable = "" }) => variable.slice(1, -1)),
    ...rowsOf(section(reference, /^## `run`$/m)).flatMap(({ environment = "" }) => codesIn(environment)),
  ];
  expect(documented.toSorted()).toEqual([...new Set([...ofFlags, ...readDirectly, ...ofTheImage])].toSorted());
});

describe("the tour of the proxy", () => {
  test.each(["Life of a request", "Life of a deploy"])("names files for every station of the %s", (title) => {
    const stations = rowsOf(section(tour, new RegExp(`^## ${title}$`, "m")));
    expect(stations.length).toBeGreaterThan(8);
    expect(stations.filter(({ where = "" }) => filesNamedIn(where).length === 0 && !where.endsWith("/`"))).toEqual([]);
  });

  test("names only files and folders that exist", () => {
    const named = filesNamedIn(tour);
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((path) => !existsSync(join(root, "proxy", path)) && !existsSync(join(root, path)))).toEqual([]);
  });

  test("its list of layers is the one that is enforced", () => {
    const enforced = /proxy: \[([^\]]*)\]/.exec(read("test/architecture.test.ts"))?.[1] ?? "";
    const layers = Array.from(enforced.matchAll(/"([^"]+)"/g), ([, layer]) => layer as string)
      .filter((layer) => !layer.endsWith(".mjs"))
      .map((layer) => layer.replace(/\.ts$/, ""));
    expect(layers.length).toBeGreaterThan(15);
    const written = /```\n([^`]*)```/.exec(section(tour, /^## Layers$/m))?.[1] ?? "";
    expect(written.split(">").map((layer) => layer.trim())).toEqual(layers);
  });
});

describe("the comparison itself", () => {
  test("finds what it is for", () => {
    const text = "## `x`\n\n| flag | default |\n|---|---|\n| `--a` | 1 |\n\n## Next\n\n| flag |\n|---|\n| `--b` |\n";
    expect(rowsOf(section(text, /^## `x`$/m))).toEqual([{ flag: "`--a`", default: "1" }]);
    expect([...flagsNamedIn("`x --one 1 --two=2` --three")]).toEqual(["one", "two"]);
    expect(shellWords('--a "b c" d')).toEqual(["--a", "b c", "d"]);
    expect(filesNamedIn("`a/b.ts` and `c/`, `.d`")).toEqual(["a/b.ts", "c/"]);
  });
});

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The commands that an overview lists, as one types them, without aliases. */
async function commandsOf(path: readonly string[]): Promise<string[]> {
  const { stdout } = await runCommandLine([...path, "--help"]);
  const listed = Array.from(stdout.matchAll(/^ {2}([a-z]+)(?:, [a-z]+)* {2,}\S/gm), ([, name]) => name as string);
  return listed.filter((name) => name !== "rollout").map((name) => [...path, name].join(" "));
}

async function flagsOf(command: string): Promise<FlagTable> {
  const file = `../proxy/command/${command.replace(" ", "-")}.ts`;
  return ((await import(file)) as { command: CommandModule }).command.flags;
}

/** From a heading to the next one of its level. */
function section(text: string, heading: RegExp): string {
  const found = heading.exec(text);
  if (!found) return "";
  const rest = text.slice(found.index + found[0].length);
  const end = rest.search(/^## /m);
  return end === -1 ? rest : rest.slice(0, end);
}

/** The rows of a text's tables, by column. */
function rowsOf(text: string): Record<string, string>[] {
  const lines = text.split("\n").filter((line) => line.startsWith("|"));
  const [titles = [], , ...rows] = lines.map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
  return rows.map((cells) => Object.fromEntries(titles.map((title, at) => [title, cells[at] ?? ""])));
}

/** What the help says of a default, or the value itself. */
function defaultInWords(flag: Flag): string {
  const said = flag.default ?? /\(default: (.+)\)$/.exec(flag.help)?.[1];
  if (flag.required) return "required";
  if (said !== undefined) return said;
  if (flag.kind === "duration") return formatDurationMs(Number(flag.fallback));
  return String(flag.fallback) || "–";
}

function words(name: string): CommandWords {
  return { name, usage: "", summary: "" };
}

function variables(flag: Flag): string {
  return (flag.environment ?? []).map((name) => `\`${name}\``).join(", ");
}

/** Flags in the text that are set as code, without their values. */
function flagsNamedIn(text: string): Set<string> {
  const codes = codesIn(text).flatMap((code) => Array.from(code.matchAll(/(?:^|\s)--([a-z0-9-]+)/g)));
  return new Set(codes.map(([, name]) => name as string));
}

function filesNamedIn(text: string): string[] {
  return codesIn(text).filter((code) => /^[a-z0-9][\w.-]*(\/[\w.-]+)*(\.(ts|mjs|json)|\/)$/.test(code));
}

function codesIn(text: string): string[] {
  return Array.from(text.replace(/```[^`]*```/g, "").matchAll(/`([^`\n]+)`/g), ([, code]) => code as string);
}

/** Splits as a shell does, as far as the examples go. */
function shellWords(line: string): string[] {
  return Array.from(line.matchAll(/"([^"]*)"|(\S+)/g), ([, quotedWords, plain]) => (quotedWords ?? plain) as string);
}
