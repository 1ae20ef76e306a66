import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CommandContext, defineCommand, type Entry, type Group, type Leaf } from "../../../cli/command/command.ts";
import { COMMANDS } from "../../../cli/command/commands.ts";
import { runProgram } from "../../../cli/command/program.ts";
import { memoryTerminal } from "./memory-terminal.ts";
import { committed, type Project, project, SMALL_CONFIG } from "./project.ts";

let there: Project;
let commit: string;
beforeAll(async () => {
  there = await project({
    "config/deploy.yml": `${SMALL_CONFIG}aliases:
  console: app exec -i "bin/console --fast"
  con2: console -v
  endless: endless
  up: app boot -p
`,
    "config/deploy.staging.yml": "aliases:\n  console: app exec staging\n",
    "broken.yml": "service: [\n",
    Dockerfile: "FROM scratch\n",
  });
  commit = committed(there.cwd);
});
afterAll(() => there.remove());

type Call = { readonly name: string; readonly context: CommandContext };

/** A small program whose commands only note how they were called. */
function program() {
  const calls: Call[] = [];
  const leaf = (name: string, more: Partial<Parameters<typeof defineCommand>[0]> = {}): Leaf => ({
    name: name.split(" ").at(-1) as string,
    summary: `Does ${name}`,
    load: async () =>
      defineCommand({
        options: { interactive: { kind: "bool", short: "i", help: "at it" } },
        needs: "nothing",
        changes: false,
        ...more,
        run: async (context) => {
          calls.push({ name, context });
          return 0;
        },
      }),
  });
  const app: Group = {
    name: "app",
    summary: "The app",
    commands: [
      leaf("app boot"),
      leaf("app stale-containers"),
      leaf("app exec", { arguments: [{ name: "CMD", rest: true }], passesOptions: true }),
    ],
  };
  const commands: Entry[] = [
    app,
    leaf("deploy", { changes: true }),
    leaf("details"),
    leaf("redeploy"),
    leaf("rollback", { arguments: [{ name: "VERSION" }] }),
    { ...leaf("remove-secretly"), hidden: true },
    { ...leaf("upgrade") },
    leaf("config-only", { needs: "config" }),
    leaf("work-only", { needs: "work" }),
    leaf("work-change", { needs: "work", changes: true }),
    leaf("work-elsewhere", { needs: "work", changes: true, needsVersion: false }),
  ];
  const run = async (words: string | readonly string[], env: Record<string, string> = {}) => {
    calls.length = 0;
    const terminal = memoryTerminal({ cwd: there.cwd, env });
    const list = typeof words === "string" ? words.split(" ").filter((word) => word !== "") : words;
    const exitCode = await runProgram(list, terminal, commands);
    return { exitCode, call: calls[0], calls: [...calls], out: terminal.out(), err: terminal.err() };
  };
  return run;
}

const run = program();

describe("which command is meant", () => {
  test.each([
    ["deploy", "deploy"],
    ["dep", "deploy"],
    ["r version1", undefined],
    ["red", "redeploy"],
    ["app boot", "app boot"],
    ["app b", "app boot"],
    ["ap bo", "app boot"],
    ["app stale_containers", "app stale-containers"],
    ["app stale-containers", "app stale-containers"],
    ["app stale_", "app stale-containers"],
    ["remove-secretly", "remove-secretly"],
    ["-d staging -c config/deploy.yml deploy", "deploy"],
    ["app -d staging boot", "app boot"],
    ["-v app -q boot -p", "app boot"],
  ])("%s", async (words, name) => {
    expect((await run(words)).call?.name).toBe(name);
  });

  test("several beginnings are listed", async () => {
    const { exitCode, err } = await run("de");
    expect(exitCode).toBe(2);
    expect(err).toContain("kdeploy de may be any of deploy, details");
  });

  test.each([
    ["deplyo", "unknown command kdeploy deplyo — did you mean deploy?"],
    ["app bot", "unknown command kdeploy app bot — did you mean boot?"],
    ["zzzzzz", "unknown command kdeploy zzzzzz"],
    ["remove-s", "unknown command kdeploy remove-s"],
  ])("unknown: %s", async (words, message) => {
    const { exitCode, err, out } = await run(words);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
    expect(err).toContain(message);
  });
});

describe("options", () => {
  test("before the command and after it, in either form", async () => {
    const { call } = await run("-d staging app --lock_wait boot -p --roles=web,job");
    expect(call?.context.shared).toMatchObject({
      destination: "staging",
      "lock-wait": true,
      primary: true,
      roles: "web,job",
    });
  });

  test("--version has a version after a command, and is a question alone", async () => {
    expect((await run("deploy --version v1")).call?.context.shared.version).toBe("v1");
    expect((await run("--version v1 deploy")).call?.context.shared.version).toBe("v1");
    expect((await run("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("--dry-run only where something is changed", async () => {
    expect((await run("deploy --dry-run")).call?.context.shared["dry-run"]).toBe(true);
    expect((await run("details --dry-run")).err).toContain("unknown option --dry-run");
    expect((await run("details")).call?.context.shared["dry-run"]).toBe(false);
  });

  test("-- protects the command of app exec", async () => {
    const { call } = await run("app exec -i -- rails --help -v -- x");
    expect(call?.context.args).toEqual(["rails", "--help", "-v", "--", "x"]);
    expect(call?.context.shared.verbose).toBe(false);
  });

  test("options without a command are a mistake", async () => {
    const { exitCode, err } = await run("-d staging");
    expect(exitCode).toBe(2);
    expect(err).toContain("no command in: -d staging");
  });

  test.each([
    ["rollback", "kdeploy rollback needs VERSION"],
    ["rollback a b", 'kdeploy rollback does not take "b"'],
    ["deploy now", 'kdeploy deploy does not take "now"'],
    ["app exec", "kdeploy app exec needs CMD"],
  ])("arguments: %s", async (words, message) => {
    const { exitCode, err } = await run(words);
    expect(exitCode).toBe(2);
    expect(err).toContain(message);
  });

  test("with --json, a mistake is an event, too", async () => {
    const { err, out } = await run("deplyo --json");
    expect(out).toBe("");
    expect(JSON.parse(err)).toMatchObject({ event: "failed", code: "command-unknown" });
  });
});

describe("help", () => {
  test.each(["", "--help", "help"])("%j: all commands but hidden ones", async (words) => {
    const { exitCode, out } = await run(words);
    expect(exitCode).toBe(0);
    expect(out).toContain("  app …");
    expect(out).toContain("  rollback ");
    expect(out).not.toContain("secretly");
  });

  test.each(["app", "app --help", "help app", "app help", "--help app"])("%j: a group", async (words) => {
    const { exitCode, out } = await run(words);
    expect(exitCode).toBe(0);
    expect(out).toContain("Usage: kdeploy app COMMAND");
    expect(out).toContain("  stale-containers ");
  });

  test.each([
    "app boot --help",
    "help app boot",
    "app help boot",
    "--help app boot",
    "app boot --frobnicate --help",
    "app boot surplus words --help",
    "app bo --help",
  ])("%j: a command, whatever else is wrong", async (words) => {
    const { exitCode, out, calls } = await run(words);
    expect({ exitCode, calls }).toEqual({ exitCode: 0, calls: [] });
    expect(out).toContain("Usage: kdeploy app boot [OPTIONS]");
    expect(out).toContain("-i, --interactive");
    expect(out).toContain("-h, --hosts LIST");
  });

  test("of what does not exist", async () => {
    expect(await run("help depoly")).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("did you mean deploy?"),
    });
  });
});

describe("aliases", () => {
  test("stand for a command and its words, and more may follow", async () => {
    const { call } = await run("console --trace -p");
    expect(call).toMatchObject({
      name: "app exec",
      context: { args: ["bin/console --fast", "--trace"], options: { interactive: true }, shared: { primary: true } },
    });
  });

  test("of aliases, and of a destination", async () => {
    expect((await run("con2")).call?.context.shared.verbose).toBe(true);
    expect((await run("console -d staging")).call?.context.args).toEqual(["staging"]);
    expect((await run("-d staging console")).call?.context.args).toEqual(["staging"]);
  });

  test("win over beginnings of commands", async () => {
    expect((await run("up")).call).toMatchObject({ name: "app boot", context: { shared: { primary: true } } });
  });

  test("that never end are an error of the configuration", async () => {
    expect(await run("endless")).toMatchObject({ exitCode: 3, err: expect.stringContaining("alias endless") });
  });

  test("with a broken configuration: that is said first, unless the word begins a command", async () => {
    expect(await run("whatever -c broken.yml")).toMatchObject({
      exitCode: 3,
      err: expect.stringContaining("broken.yml:"),
    });
    expect((await run("dep -c broken.yml")).call?.name).toBe("deploy");
  });

  test("without a configuration the word is unknown", async () => {
    expect(await run("whatever -c none.yml")).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("unknown command kdeploy whatever"),
    });
  });
});

describe("what a command needs", () => {
  test("a configuration that is not there", async () => {
    expect(await run("config-only -c none.yml")).toMatchObject({
      exitCode: 3,
      calls: [],
      err: expect.stringContaining("kdeploy init"),
    });
  });

  test("work: version, hosts, performer, and what was typed", async () => {
    const { call, exitCode } = await run("work-only -r job --lock-wait --lock-wait-timeout 7");
    expect(exitCode).toBe(0);
    expect(call?.context).toMatchObject({
      work: {
        version: commit,
        selection: { hosts: ["192.0.2.3"] },
        performer: "ada@example.com",
        lockWait: { timeoutMs: 7_000, intervalMs: 15_000 },
        invocation: { command: "work-only", subcommand: undefined, roles: "job" },
        dryRun: false,
      },
    });
  });

  test.each([
    [["--version", "v7"], {}, "v7", ""],
    [[], { VERSION: "v8" }, "v8", "version v8 is taken from the environment variable VERSION"],
    [["--version", "v7"], { VERSION: "v8" }, "v7", ""],
  ])("version %j %j", async (words, env, version, said) => {
    const { call, out } = await run(["work-change", ...words], env);
    expect(call?.context).toMatchObject({ work: { version } });
    expect(out).toContain(said);
  });

  test.each(["work-only", "work-elsewhere"])("where the version is from is no news to %s", async (name) => {
    const { call, out, err } = await run(name, { VERSION: "v8" });
    expect(call?.context).toMatchObject({ work: { version: "v8" } });
    expect(out + err).not.toContain("VERSION");
  });

  test("a version that is no tag is refused before anything is done", async () => {
    expect(await run(["work-only", "--version", "a b; c"])).toMatchObject({ exitCode: 2, calls: [] });
  });

  test("filters that match nothing", async () => {
    expect(await run("work-only -h nowhere")).toMatchObject({ exitCode: 2, calls: [] });
  });

  test("--json: the run from its start to its end, and nothing else", async () => {
    const { out, err } = await run("work-only --json --version v1");
    const events = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events).toMatchObject([
      { event: "run-started", command: "work-only", version: "v1", destination: null, changes: false },
      { event: "run-finished", exitCode: 0 },
    ]);
    expect(err).toBe("");
  });
});

test("every command's help can be printed, and mentions its options once", async () => {
  const paths = COMMANDS.flatMap((entry) =>
    "commands" in entry ? entry.commands.map(({ name }) => [entry.name, name]) : [[entry.name]],
  );
  for (const path of paths) {
    const terminal = memoryTerminal({ cwd: "/nonexistent" });
    expect(await runProgram([...path, "--help"], terminal)).toBe(0);
    expect(terminal.err()).toBe("");
    expect(terminal.out()).toContain(`Usage: kdeploy ${path.join(" ")} `);
    const options = [...terminal.out().matchAll(/^ {2}(?:-\w, | {4})(--[a-z-]+)/gm)].map(([, name]) => name);
    expect(options).toEqual([...new Set(options)]);
    const tooLong = terminal
      .out()
      .split("\n")
      .filter((line) => line.length > 100);
    expect(tooLong).toEqual([]);
  }
  expect(paths.length).toBeGreaterThan(9);
});
