/** examples/fullstack-app does on three servers what its README says, typed as it stands there. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HOOK_FILES } from "../../cli/command/init-files.ts";
import { FILES, forThisBed } from "../bed/layout.ts";
import { AppProject } from "../support/bed/app-project.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { reasonToSkip, run } from "../support/docker/engine.ts";

const skip = reasonToSkip();

let bed: Bed;
let project: AppProject;
let blocks: readonly string[];

if (skip !== undefined) process.stderr.write(`The example with a database is not tested: ${skip}.\n`);

describe.skipIf(skip !== undefined)("the README of the app with a database and a queue", () => {
  beforeAll(async () => {
    bed = await startBed();
    await bed.reset();
    project = await AppProject.create("fullstack-app");
    await project.commit("first");
    const readme = forThisBed(await project.read("README.md"));
    blocks = Array.from(readme.matchAll(/^```sh\n([^]*?)^```$/gm), ([, block]) => block as string);
  });

  afterAll(async () => {
    await project?.remove();
    await bed?.reset();
    await bed?.end();
  });

  test("setup starts database, queue and app; a visit is recorded by the worker", async () => {
    expect(visits(await typed(0))).toBe(1);
  });

  test("the accessories can be looked at, and into", async () => {
    const shown = await typed(1);
    expect(shown).toContain("fullstack-app-redis");
    expect(shown).toMatch(/\([12] rows?\)/);
    expect(shown).toContain("# Keyspace");
    expect(shown).toContain("database system is ready to accept connections");
  });

  test("an upgrade of the database keeps its data, and the app goes on", async () => {
    expect(visits(await typed(2))).toBe(2);
    const image = ["inspect", "--format", "{{.Config.Image}}", "fullstack-app-db"];
    expect(await bed.servers[2].engine(...image)).toBe("postgres:15-bookworm");
  });

  test("what a backup has, comes back after a loss", async () => {
    expect(visits(await typed(3))).toBeGreaterThanOrEqual(2);
  });

  test("its hooks are the samples that init writes", async () => {
    for (const name of ["accessory-backup", "accessory-restore"]) {
      const sample = HOOK_FILES.find(({ path }) => path.endsWith(`/${name}.sample`));
      expect(await project.read(`.kamal/hooks/${name}`)).toBe(await sample?.content());
    }
  });

  test("remove leaves nothing of it", async () => {
    await typed(4);
    expect(blocks).toHaveLength(5);
    for (const server of bed.servers) {
      expect(await server.engine("ps", "--all", "--format", "{{.Names}}")).toBe("");
      expect(await server.inside("ls -A /root")).not.toContain("fullstack-app");
    }
  });
});

/** As the last answer of the app says it. */
function visits(printed: string): number {
  return Number([...printed.matchAll(/^(\d+) visits are recorded/gm)].at(-1)?.[1]);
}

/** In a shell as a person has it after the README's first lines. @returns standard output */
async function typed(block: number): Promise<string> {
  const environment = await readFile(FILES.environment, "utf8");
  const script = `set -eu\n${environment}\ncd '${project.folder}'\n${blocks[block] ?? "exit 9"}`;
  const { code, stdout, stderr } = await run("bash", ["-c", script]);
  expect(code, `${blocks[block]}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}
