import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { resolvePerformer, resolveVersion } from "../../../cli/command/resolve-version.ts";
import type { Config } from "../../../cli/config/config.ts";
import { LocalHost } from "../../../cli/execute/local-host.ts";
import { committed, type Project, project } from "./project.ts";

let repository: Project;
let plain: Project;
let commit: string;
beforeAll(async () => {
  repository = await project({ a: "a" });
  plain = await project();
  commit = committed(repository.cwd);
});
afterAll(() => Promise.all([repository.remove(), plain.remove()]));

async function version(
  cwd: string,
  { asked, env = {}, context }: { asked?: string; env?: Record<string, string>; context?: string } = {},
) {
  const notices: string[] = [];
  const config = { builder: { context } } as unknown as Config;
  const local = new LocalHost({ cwd, env: { ...process.env, GIT_CEILING_DIRECTORIES: cwd } });
  const found = await resolveVersion({ asked, env, config, local, notice: (text) => notices.push(text) });
  return { found, notices };
}

test("the commit, whatever is not committed, when a clone is built", async () => {
  await writeFile(join(repository.cwd, "b"), "b");
  expect(await version(repository.cwd)).toEqual({ found: commit, notices: [] });
});

test("a name of its own each time when the directory itself is built, and is not as committed", async () => {
  const [one, other] = [
    await version(repository.cwd, { context: "." }),
    await version(repository.cwd, { context: "." }),
  ];
  expect(one.found).toMatch(new RegExp(`^${commit}_uncommitted_[0-9a-f]{16}$`));
  expect(one.found).not.toBe(other.found);
});

test("what was asked for, then the environment, which is told", async () => {
  expect(await version(plain.cwd, { asked: "v1", env: { VERSION: "v2" } })).toEqual({ found: "v1", notices: [] });
  expect(await version(plain.cwd, { env: { VERSION: "v2" } })).toMatchObject({
    found: "v2",
    notices: [/v2.*VERSION/].map((text) => expect.stringMatching(text)),
  });
});

test("without a repository there is none", async () => {
  await expect(version(plain.cwd)).rejects.toMatchObject({ code: "version-unknown", exitCode: 2 });
  await expect(version(plain.cwd, { env: { VERSION: "" } })).rejects.toMatchObject({ code: "version-unknown" });
});

test.each(["a b", "-x", ".x", "a/b", "a:b", "$(id)", "é", "x".repeat(129)])("%j is no tag", async (asked) => {
  await expect(version(plain.cwd, { asked })).rejects.toMatchObject({ code: "option-invalid", exitCode: 2 });
});

test("whoever runs it: git's e-mail address, else the account", async () => {
  expect(await resolvePerformer(new LocalHost({ cwd: repository.cwd }))).toBe("ada@example.com");
  const env = {
    PATH: process.env["PATH"],
    HOME: plain.cwd,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CEILING_DIRECTORIES: plain.cwd,
  };
  const account = await resolvePerformer(new LocalHost({ cwd: plain.cwd, env }));
  expect(account).not.toBe("");
  expect(account).not.toContain("@");
});
