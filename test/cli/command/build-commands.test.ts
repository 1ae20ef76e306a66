import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { EverydayFleet } from "../../support/everyday-fleet.ts";
import { THREE_HOSTS } from "../../support/simulated-fleet.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { committed } from "./project.ts";

/** Docker of this machine is a program that notes its words; git is the real one. */
async function bench(config = "") {
  const fleet = new EverydayFleet({ config: THREE_HOSTS + config });
  const cwd = await fleet.directory();
  const tools = await temporaryDirectory();
  const log = join(tools, "log");
  await writeFile(join(tools, "docker"), `#!/bin/sh\necho "$PWD: $*" >> ${log}\n`, { mode: 0o755 });
  await writeFile(log, "");
  const env = {
    PATH: `${tools}${delimiter}${process.env["PATH"]}`,
    HOME: tools,
    TMPDIR: tools,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CEILING_DIRECTORIES: cwd,
  };
  const run = (words: string, more: Record<string, string> = {}) => fleet.run(words, { env: { ...env, ...more } });
  const docker = async () => (await readFile(log, "utf8")).split("\n").filter((line) => line !== "");
  return { fleet, cwd, tools, run, docker };
}

const anywhere = (lines: readonly string[]) => lines.map((line) => line.replace(/^\S+: /, ""));

describe("build", () => {
  test("push builds the commit from a clone, and reaches no server", async () => {
    const { fleet, cwd, tools, run, docker } = await bench();
    const commit = committed(cwd);
    const { exitCode, err } = await run("build push");
    expect(exitCode).toBe(0);
    expect(err).not.toContain("committed");
    const lines = await docker();
    expect(anywhere(lines).slice(0, -1)).toEqual([
      "--version",
      "buildx version",
      "login -u deployer --password-stdin",
      `buildx imagetools inspect acme/app:${commit} --format {{json .Image}}`,
      "buildx inspect kamal-local-docker-container",
    ]);
    expect(lines.at(-1)).toMatch(
      new RegExp(`^${tools}/kamal-clones/app-\\w{13}/\\S+: buildx build .*-t acme/app:${commit} `),
    );
    expect(fleet.recording.all).toEqual([]);
  });

  test("deliver pushes and pulls, without the lock", async () => {
    const { fleet, run, docker } = await bench();
    expect((await run("build deliver --version v1")).exitCode).toBe(0);
    expect(anywhere(await docker()).at(-1)).toContain("buildx build --output=type=registry ");
    for (const host of ["one", "two", "three"]) {
      expect(fleet.lines(host)).toContain("docker pull acme/app:v1");
      expect(fleet.lockSteps(host)).toEqual([]);
    }
  });

  test("pull only pulls, after the hook before the first connection; no Dockerfile is needed", async () => {
    const { fleet, cwd, run, docker } = await bench();
    await rm(join(cwd, "Dockerfile"));
    await fleet.recordHooks(["pre-connect", "pre-build"]);
    expect((await run("build pull --version v1")).exitCode).toBe(0);
    expect(await fleet.hookLog()).toEqual(["pre-connect one,two,three build pull"]);
    expect(await docker()).toEqual([]);
    expect(fleet.lines("two")).toContain("docker pull acme/app:v1");
  });

  test.each(["build push", "build deliver", "build dev", "deploy", "redeploy", "setup"])(
    "%s without a Dockerfile ends before anything is done",
    async (words) => {
      const { fleet, cwd, run, docker } = await bench();
      await rm(join(cwd, "Dockerfile"));
      await mkdir(join(cwd, ".kamal/hooks"), { recursive: true });
      const script = "#!/bin/sh\ntouch hook-ran\n";
      await writeFile(join(cwd, ".kamal/hooks/pre-connect"), script, { mode: 0o755 });
      const { exitCode, err } = await run(`${words} --version v1`);
      expect(exitCode).toBe(3);
      expect(err).toContain("ERROR (file-missing): missing Dockerfile");
      expect(fleet.recording.all).toEqual([]);
      expect(await docker()).toEqual([]);
      await expect(readFile(join(cwd, "hook-ran"))).rejects.toThrow("ENOENT");
    },
  );

  test("deploy --skip-push needs none", async () => {
    const { cwd, run, fleet } = await bench();
    await rm(join(cwd, "Dockerfile"));
    expect((await run("deploy -P --version v2")).exitCode).toBe(0);
    expect(fleet.server("one").serving("app-web")).toBe("app-web-v2");
  });

  test("options: push to elsewhere, dev into Docker, and without cache", async () => {
    const { run, docker } = await bench("builder: { arch: amd64, driver: docker }\n");
    await run("build push --output oci --no-cache --version v1");
    expect(anywhere(await docker()).at(-1)).toMatch(/^buildx build --output=type=oci .* --no-cache \.$/);
    await run("build dev --no-cache --version v1");
    expect(anywhere(await docker()).at(-1)).toMatch(
      /^buildx build --output=type=docker .*app:v1-dirty .* --no-cache \.$/,
    );
    await run("build dev --output registry --version v1");
    expect(anywhere(await docker()).at(-1)).toContain("--output=type=registry ");
  });

  test("a directory that is built as it is gets a version of its own, and what is in it is named", async () => {
    const { cwd, run, docker } = await bench("builder: { arch: amd64, driver: docker, context: . }\n");
    const commit = committed(cwd);
    await writeFile(join(cwd, "new"), "");
    const { err } = await run("build push");
    expect(err).toContain("This is in the image, though it is not committed:\n  ?? new");
    expect(anywhere(await docker()).at(-1)).toMatch(new RegExp(`-t acme/app:${commit}_uncommitted_[0-9a-f]{16} `));
  });

  test("create, remove and details need no version", async () => {
    const { run, docker } = await bench();
    expect((await run("build create")).exitCode).toBe(0);
    expect((await run("build remove")).exitCode).toBe(0);
    const { exitCode, out } = await run("build details");
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: "Builder local: localhost\n\n" });
    expect(anywhere(await docker()).filter((line) => !/version/.test(line))).toEqual([
      "buildx inspect kamal-local-docker-container",
      "buildx rm kamal-local-docker-container",
      "context ls",
      "buildx ls",
    ]);
  });

  test("a dry run changes nothing", async () => {
    const { fleet, cwd, run, docker } = await bench();
    committed(cwd);
    const { exitCode, out } = await run("build deliver --dry-run");
    expect(exitCode).toBe(0);
    expect(out).toMatch(/would run on localhost: cd \S+ && docker buildx build/);
    expect(out).toMatch(/would run on two: docker pull/);
    expect(anywhere(await docker()).filter((line) => !/version|inspect/.test(line))).toEqual([]);
    expect(fleet.recording.all.filter(({ command }) => !command.startsWith("docker info"))).toEqual([]);
  });
});
