/** The examples' READMEs, typed literally: their shell blocks run on real servers, and one sees what they say. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { FILES, forThisBed } from "../bed/layout.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { reasonToSkip, run } from "../support/docker/engine.ts";
import { partsOf, shellBlocks } from "../support/readme-blocks.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples");
const NAMES = ["node-app", "two-destinations"];
/** Typed in the test of accessories. */
const ELSEWHERE = ["fullstack-app"];
const TIMEOUT_MS = 280_000;

const skip = reasonToSkip();
if (skip !== undefined) process.stderr.write(`Examples are not tested: ${skip}.\n`);

test("every README with something to type is typed by a test", () => {
  const readmes = readdirSync(EXAMPLES).filter((name) => existsSync(join(EXAMPLES, name, "README.md")));
  const toType = readmes.filter(
    (name) => shellBlocks(readFileSync(join(EXAMPLES, name, "README.md"), "utf8")).script !== "",
  );
  expect(toType.toSorted()).toEqual([...NAMES, ...ELSEWHERE].toSorted());
});

describe.skipIf(skip !== undefined)("the README of the example", () => {
  let bed: Bed;
  const folders: string[] = [];

  beforeAll(async () => {
    bed = await startBed();
  });

  beforeEach(() => bed.reset());

  afterAll(async () => {
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
    await bed?.reset();
    await bed?.end();
  });

  test.each(NAMES)("%s can be typed as it stands, and shows what it says", async (name) => {
    const folder = await copyOf(name);
    folders.push(folder);
    const { script, expected } = shellBlocks(forThisBed(readFileSync(join(EXAMPLES, name, "README.md"), "utf8")));
    expect(expected.length, "there is something to look for").toBeGreaterThan(1);
    const { code, output } = await typed(script, folder);
    expect(code, output).toBe(0);
    const parts = partsOf(output);
    expect(parts, output).toHaveLength(expected.length);
    for (const [at, text] of expected.entries()) expect(parts[at], output).toContain(text);
    for (const server of bed.servers)
      expect(await server.engine("ps", "--all", "--format", "{{.Names}}"), `${server.name} is empty again`).toBe("");
  });
});

/** This repository with nothing but the example in it, under git, with the addresses of this bed. */
async function copyOf(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kdeploy-example-"));
  const copy = join(folder, "examples", name);
  await mkdir(copy, { recursive: true });
  await cp(join(EXAMPLES, name), copy, { recursive: true });
  for (const entry of await readdir(copy, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const text = await readFile(file, "utf8");
    if (forThisBed(text) !== text) await writeFile(file, forThisBed(text));
  }
  const who = ["-c", "user.name=Bed", "-c", "user.email=bed@example.com"];
  for (const words of [
    ["init", "--quiet"],
    ["add", "--all"],
    ["commit", "--quiet", "--message=example"],
  ]) {
    const { code, stderr } = await run("git", ["-C", folder, ...who, ...words]);
    if (code !== 0) throw new Error(stderr);
  }
  return folder;
}

/** The bed is up already; its file of variables may be another one's than that of the README. */
async function typed(script: string, cwd: string): Promise<{ readonly code: number | null; readonly output: string }> {
  if (!existsSync(FILES.environment)) throw new Error("the bed is down");
  const prelude = "npm() { :; }\n";
  const text = prelude + script.replaceAll("~/.cache/kdeploy/bed/environment", FILES.environment);
  const child = spawn("bash", ["-e", "-o", "pipefail", "-c", text], {
    cwd,
    env: { ...process.env, NO_COLOR: "1", CI: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  }
  const timer = setTimeout(() => process.kill(-(child.pid ?? 0), "SIGKILL"), TIMEOUT_MS);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  return { code, output };
}
