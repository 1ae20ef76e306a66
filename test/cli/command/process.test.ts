import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../../../cli/command/commands.ts";
import { type Project, project, SMALL_CONFIG } from "./project.ts";

const programs = join(import.meta.dirname, "programs");
const launcher = join(import.meta.dirname, "../../../cli/kdeploy.mjs");
let there: Project;
beforeAll(async () => {
  there = await project({ "config/deploy.yml": SMALL_CONFIG, Dockerfile: "" });
});
afterAll(() => there.remove());

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

function start(first: string | { readonly cwd: string } = there, ...more: string[]) {
  const { cwd } = typeof first === "string" ? there : first;
  const words = typeof first === "string" ? [first, ...more] : more;
  const args = [join(programs, "waiting.ts"), "deploy", "--version", "v1", ...words];
  const child = spawn(process.execPath, args, { cwd, stdio: ["pipe", "pipe", "pipe"] });
  children.push(child);
  let output = "";
  const waiting: { text: string; resolve: () => void }[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      for (const one of waiting) if (output.includes(one.text)) one.resolve();
    });
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.on("close", (code, signal) => resolve(code ?? signal));
  });
  const saw = (text: string) =>
    Promise.race([
      new Promise<void>((resolve) => {
        waiting.push({ text, resolve });
        if (output.includes(text)) resolve();
      }),
      ended.then((code) => {
        if (!output.includes(text)) throw new Error(`ended with ${code} before ${text}: ${output}`);
      }),
    ]);
  return { child, ended, saw, output: () => output };
}

describe("interruption", () => {
  test.each<NodeJS.Signals>(["SIGINT", "SIGTERM", "SIGHUP"])(
    "%s: the work ends in order, exit code 130",
    async (name) => {
      const { child, ended, saw, output } = start();
      await saw("at work");
      child.kill(name);
      expect(await ended).toBe(130);
      expect(output()).toContain(`${name}: stopping`);
      expect(output()).toContain("lock released");
      expect(output()).toContain("ERROR (cancelled): the deploy was cancelled");
      expect(output()).toMatch(/Finished all in/);
    },
  );

  test("a second one ends it at once", async () => {
    const { child, ended, saw, output } = start("--stubborn");
    await saw("at work");
    child.kill("SIGINT");
    await saw("SIGINT: stopping");
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(output()).not.toContain("lock released");
  });

  test("of what has no other end is no news, and went well", async () => {
    const { child, ended, saw, output } = start("--follow");
    await saw("at work");
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(output()).not.toMatch(/stopping|ERROR|cancelled/);
  });

  test("as events", async () => {
    const { child, ended, saw, output } = start("--json");
    await saw("at work");
    child.kill("SIGTERM");
    expect(await ended).toBe(130);
    const events = output()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string });
    expect(events.map(({ event }) => event)).toEqual([
      "run-started",
      "step-started",
      "said",
      "said",
      "said",
      "failed",
      "run-finished",
    ]);
    expect(events.at(-1)).toMatchObject({ exitCode: 130 });
  });
});

test("output.file: a log of its own for a run that changes something, to its very end", async () => {
  const logged = await project({
    "config/deploy.yml": `${SMALL_CONFIG}output:\n  file:\n    path: log/deploys\n`,
    Dockerfile: "",
  });
  const { child, ended, saw, output } = start({ cwd: logged.cwd });
  await saw("at work");
  child.kill("SIGTERM");
  expect(await ended).toBe(130);
  const [file = "", ...others] = readdirSync(join(logged.cwd, "log/deploys"));
  expect(others).toEqual([]);
  expect(file).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d_deploy\.log$/);
  expect(output()).toContain(`The log is in ${join(logged.cwd, "log/deploys", file)}`);
  const log = readFileSync(join(logged.cwd, "log/deploys", file), "utf8");
  expect(log).toContain("at work\n");
  expect(log).toContain("ERROR (cancelled)");
  expect(log).toMatch(/Finished all in \d+\.\d seconds\ndeploy failed with exit code 130 in \d+\.\d seconds\n$/);
  await logged.remove();
});

describe("questions", () => {
  test("a closed standard input answers with no", async () => {
    const { child, ended, saw, output } = start("--ask");
    await saw("Go on? [y/N]");
    child.stdin?.end();
    expect(await ended).toBe(1);
    expect(output()).toContain("ERROR (declined): nothing done: there was no answer");
  });

  test("an interruption does, too", async () => {
    const { child, ended, saw } = start("--ask");
    await saw("Go on? [y/N]");
    child.kill("SIGINT");
    expect(await ended).toBe(130);
  });

  test("--yes answers", async () => {
    const { child, ended, saw, output } = start("--ask", "-y");
    await saw("at work");
    child.kill("SIGINT");
    await ended;
    expect(output()).not.toContain("Go on?");
  });
});

/** Every module that the program resolved. */
async function loadedBy(...words: string[]): Promise<string> {
  const trace = join(there.cwd, "trace");
  await rm(trace, { force: true });
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--import", join(programs, "trace-modules.mjs"), launcher, ...words],
    { cwd: "/", encoding: "utf8", env: { ...process.env, TRACE_FILE: trace } },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return readFileSync(trace, "utf8");
}

describe("help", () => {
  const heavy = /node_modules|cli\/config\/load\.ts|cli\/ssh\/|node:(?:net|tls|http|https|dns)\b/;
  const paths = COMMANDS.flatMap((entry) =>
    "commands" in entry ? entry.commands.map(({ name }) => [entry.name, name]) : [[entry.name]],
  );

  test.each([["--help"], ...paths.map((path) => [...path, "--help"])])(
    "%s %s loads no configuration reader, no YAML, no schema, no SSH",
    async (...words) => {
      const loaded = await loadedBy(...words.filter((word) => word !== undefined));
      expect(loaded).toContain("/cli/command/program.ts");
      expect(loaded).not.toMatch(heavy);
    },
  );

  test("what docs loads would be found", async () => {
    expect(await loadedBy("docs")).toMatch(heavy);
  });
});

test("a reader that leaves early is no reason to crash", async () => {
  const { status, stderr } = spawnSync(
    "bash",
    ["-c", `set -o pipefail; "${process.execPath}" "${launcher}" docs | head -n 1 >/dev/null`],
    { encoding: "utf8" },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
