import { execFileSync } from "node:child_process";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { prepareClone } from "../../../../cli/execute/build/clone.ts";
import { findSources } from "../../../../cli/execute/build/sources.ts";
import { LocalHost } from "../../../../cli/execute/local-host.ts";
import { SimulatedFleet, THREE_HOSTS } from "../../../support/simulated-fleet.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";
import { committed, type Project, project } from "../../command/project.ts";

/** An app in a folder of a real repository. */
async function repository() {
  const there: Project = await project({
    "apps/one two/Dockerfile": "FROM scratch\n",
    "apps/one two/a": "a",
    other: "",
  });
  const cwd = join(there.cwd, "apps/one two");
  const temporary = await temporaryDirectory();
  const env = { PATH: process.env["PATH"], HOME: there.cwd, GIT_CONFIG_NOSYSTEM: "1" };
  const fleet = new SimulatedFleet({ config: THREE_HOSTS, cwd });
  const work = fleet.work({ local: new LocalHost({ cwd, env }), env: { TMPDIR: temporary } });
  const build = async () => {
    const { clone, context } = await findSources(work, "v1");
    if (clone === undefined) throw new Error("no clone");
    await prepareClone(work, clone.place, clone.commit);
    expect(context).toBe(".");
    return clone.place;
  };
  return { ...there, cwd, root: there.cwd, build, fleet };
}

const commit = (root: string) => committed(root);

test("a clone has the commit and nothing else, and is nobody else's to read", async () => {
  const { root, cwd, build, fleet, remove } = await repository();
  commit(root);
  await writeFile(join(cwd, "a"), "changed");
  await writeFile(join(cwd, "notes"), "");
  const { buildDirectory, directory } = await build();
  expect((await readdir(buildDirectory)).toSorted()).toEqual(["Dockerfile", "a"]);
  expect(await readFile(join(buildDirectory, "a"), "utf8")).toBe("a");
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  const [warning = ""] = fleet.said();
  expect(warning).toMatch(/^This is not in the image.*\n {3}M "apps\/one two\/a"\n {2}\?\? "apps\/one two\/notes"$/s);
  await remove();
});

test("the next commit comes into the same clone, whatever lies about in it", async () => {
  const { root, cwd, build, fleet, remove } = await repository();
  commit(root);
  const { buildDirectory } = await build();
  await writeFile(join(buildDirectory, "left-over"), "");
  await writeFile(join(buildDirectory, "a"), "spoilt");
  await rm(join(cwd, "a"));
  await writeFile(join(cwd, "b"), "b");
  commit(root);
  await build();
  expect((await readdir(buildDirectory)).toSorted()).toEqual(["Dockerfile", "b"]);
  expect(fleet.said().filter((text) => text.includes("made anew"))).toEqual([]);
  await remove();
});

test.each([
  ["no repository any more", (clone: string) => rm(join(clone, ".git"), { recursive: true })],
  ["broken", (clone: string) => writeFile(join(clone, ".git/HEAD"), "nonsense")],
])("one that is %s is made anew", async (_what, spoil) => {
  const { root, build, fleet, remove } = await repository();
  commit(root);
  const { cloneDirectory, buildDirectory } = await build();
  await spoil(cloneDirectory);
  await build();
  expect((await readdir(buildDirectory)).toSorted()).toEqual(["Dockerfile", "a"]);
  expect(fleet.said().join("\n")).toContain("is made anew");
  await remove();
});

test("a Dockerfile that is not committed is missed before the build", async () => {
  const { root, cwd, build, remove } = await repository();
  await rm(join(cwd, "Dockerfile"));
  commit(root);
  await writeFile(join(cwd, "Dockerfile"), "FROM scratch\n");
  await expect(build()).rejects.toMatchObject({ code: "file-missing", exitCode: 3 });
  await remove();
});

test("a folder that is not in the commit cannot be built", async () => {
  const { root, cwd, build, remove } = await repository();
  await writeFile(join(root, ".gitignore"), "apps\n");
  commit(root);
  await expect(build()).rejects.toMatchObject({
    code: "clone-failed",
    details: [expect.stringContaining(cwd.slice(-7))],
  });
  await remove();
});

test("started by a hook of git's, which names its repository in the environment, nothing of that one is changed", async () => {
  const { cwd, remove } = await project({ Dockerfile: "FROM scratch\n", staged: "" });
  const commit = committed(cwd);
  const temporary = await temporaryDirectory();
  const variables = { GIT_DIR: join(cwd, ".git"), GIT_INDEX_FILE: join(cwd, ".git/index") };
  const env = { PATH: process.env["PATH"], HOME: cwd, GIT_CONFIG_NOSYSTEM: "1", TMPDIR: temporary, ...variables };
  const fleet = new SimulatedFleet({ config: THREE_HOSTS, cwd });
  const work = fleet.work({ local: new LocalHost({ cwd, env }), env });
  const git = (line: string) => execFileSync("git", line.split(" "), { cwd, encoding: "utf8" });
  await writeFile(join(cwd, "staged"), "staged");
  git("add staged");
  const config = await readFile(join(cwd, ".git/config"), "utf8");
  for (let builds = 0; builds < 2; builds++) {
    const { clone } = await findSources(work, "v1");
    if (clone === undefined) throw new Error("no clone");
    await prepareClone(work, clone.place, commit);
    expect(await readFile(join(clone.place.cloneDirectory, "staged"), "utf8")).toBe("");
  }
  expect(git("diff --cached --name-only")).toBe("staged\n");
  expect(await readFile(join(cwd, ".git/config"), "utf8")).toBe(config);
  await remove();
});
