import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildImage } from "../../../../cli/execute/job/build-image.ts";
import { EXECUTE_LIMITS } from "../../../../cli/execute/limits.ts";
import { RunState } from "../../../../cli/execute/run-state.ts";
import type { Work } from "../../../../cli/execute/work.ts";
import { BuildMachine, COMMIT } from "../../../support/build-machine.ts";

const STEP = { kind: "build-image", version: COMMIT, noCache: false } as const;
const OTHER = "9876543210987654321098765432109876543210";

function build(machine: BuildMachine, more: { noCache?: boolean; version?: string; output?: string } = {}, work = {}) {
  return buildImage(machine.work(work), { ...STEP, ...more });
}

const image = (more: object = {}) =>
  JSON.stringify({ architecture: "amd64", config: { Labels: { service: "app" } }, ...more });

describe("a build", () => {
  test("of a commit: check, login, question, clone, builder, build and push, in the clone", async () => {
    const machine = await BuildMachine.create();
    await build(machine);
    expect(machine.gist).toEqual([
      "check",
      "login",
      "ask registry",
      "make directory",
      "clone",
      "inspect builder",
      "build",
    ]);
    const name = machine.cwd.split("/").at(-1);
    expect(machine.lines.at(-1)).toMatch(
      new RegExp(
        `^cd /tmp/kamal-clones/app-[0-9a-f]{13}/${name} && docker buildx build --output=type=registry .* \\. 2>&1$`,
      ),
    );
  });

  test("each phase is a step with its time, and the output comes as it is printed, without what only counts", async () => {
    const machine = await BuildMachine.create();
    machine.scripted.push([
      /buildx build/,
      { stdout: "#1 one\n\n#9 pushing layer d7 26.15MB / 149.71MB 3.2s\n#2 two\n" },
    ]);
    await build(machine);
    const { events } = machine.fleet;
    expect(events.flatMap((event) => (event.event === "step-started" ? [event.title] : []))).toEqual([
      "Prepare the build",
      `Ask the registry for ${COMMIT}`,
      `Clone commit ${COMMIT.slice(0, 7)}`,
      `Build and push ${COMMIT}`,
    ]);
    const output = events.flatMap((event) =>
      event.event === "command-output" && event.level === "info" ? [event.line] : [],
    );
    expect(output).toEqual(["#1 one", "#2 two"]);
  });

  test("hooks: pre-connect before anything, pre-build after the login and before the sources are looked at", async () => {
    const machine = await BuildMachine.create();
    await mkdir(join(machine.cwd, ".kamal/hooks"), { recursive: true });
    for (const hook of ["pre-connect", "pre-build"]) {
      await writeFile(join(machine.cwd, ".kamal/hooks", hook), "#!/bin/sh\n");
      await chmod(join(machine.cwd, ".kamal/hooks", hook), 0o755);
    }
    await build(machine);
    const at = (text: string) => machine.lines.findIndex((line) => line.includes(text));
    expect(at("hooks/pre-connect")).toBe(0);
    expect(at("hooks/pre-build")).toBeGreaterThan(at("docker login"));
    expect(at("hooks/pre-build")).toBeLessThan(at("git rev-parse"));
  });

  test("a Dockerfile that is missing ends it before anything is run", async () => {
    const machine = await BuildMachine.create();
    await rm(join(machine.cwd, "Dockerfile"));
    await expect(build(machine)).rejects.toMatchObject({
      code: "file-missing",
      exitCode: 3,
      message: "missing Dockerfile",
    });
    expect(machine.lines).toEqual([]);
  });

  test("a Dockerfile that is not in the commit is named, and what to do", async () => {
    const machine = await BuildMachine.create();
    machine.scripted.push([/^test -e \S+Dockerfile/, { exitCode: 1 }]);
    await expect(build(machine)).rejects.toMatchObject({
      message: "missing Dockerfile in the commit that is built",
      hint: expect.stringContaining("commit it"),
    });
    expect(machine.gist).not.toContain("build");
  });

  test("without docker it says so", async () => {
    const machine = await BuildMachine.create();
    machine.docker = false;
    await expect(build(machine)).rejects.toMatchObject({ code: "docker-missing", host: "localhost" });
  });

  test("a dry run says the lines, asks for no secret, and runs none of them", async () => {
    const machine = await BuildMachine.create("builder: { arch: amd64, secrets: [NOT_THERE] }\n");
    await build(machine, {}, { dryRun: true } satisfies Partial<Work>);
    expect(machine.gist).toEqual(["check", "ask registry", "inspect builder"]);
    const said = machine.fleet.said().join("\n");
    expect(said).toContain("would run on localhost: docker login");
    expect(said).toMatch(/would run on localhost: \/usr\/bin\/env git -C \S+ clone /);
    expect(said).toMatch(
      /would run on localhost: cd \S+ && eval "\$\(cat\)" && docker buildx build .*--secret id="NOT_THERE"/,
    );
  });

  test("secrets come by stdin, and are in no event [CLI-14]", async () => {
    const config = "builder: { arch: amd64, secrets: [TOKEN] }\n";
    const machine = await BuildMachine.create(config);
    await mkdir(join(machine.cwd, ".kamal"));
    await writeFile(join(machine.cwd, ".kamal/secrets"), "TOKEN=hush-hush-hush\n");
    machine.scripted.push([/buildx build/, { stdout: "leaked hush-hush-hush\n" }]);
    await build(machine);
    const ran = machine.fleet.recording.all.find(({ command }) => command.includes("buildx build"));
    expect(ran?.input).toBe("export TOKEN='hush-hush-hush'");
    expect(machine.lines.join("\n") + JSON.stringify(machine.fleet.events)).not.toContain("hush-hush-hush");
  });
});

describe("what the registry has already [C9]", () => {
  test("is not built again, and that is said with the way round it", async () => {
    const machine = await BuildMachine.create();
    machine.pushed = image();
    await build(machine);
    expect(machine.gist).toEqual(["check", "login", "ask registry"]);
    expect(machine.lines.at(-1)).toBe(
      `docker buildx imagetools inspect ghcr.io/acme/app:${COMMIT} --format '{{json .Image}}'`,
    );
    expect(machine.fleet.said()).toContain(
      `The registry has ${COMMIT} already: it is not built again. With --no-cache it is.`,
    );
  });

  test.each([
    ["another service's", image({ config: { Labels: { service: "other" } } })],
    ["one without labels", image({ config: {} })],
    ["one of another architecture", image({ architecture: "arm64" })],
    ["an answer that is no JSON", "Name: app"],
    ["an empty answer", "null"],
  ])("%s is built", async (_what, pushed) => {
    const machine = await BuildMachine.create();
    machine.pushed = pushed;
    await build(machine);
    expect(machine.gist).toContain("build");
  });

  test("all architectures have to be there", async () => {
    const both = { "linux/amd64": JSON.parse(image()), "linux/arm64/v8": JSON.parse(image({ architecture: "arm64" })) };
    const config = "builder: { arch: [amd64, arm64] }\n";
    const whole = await BuildMachine.create(config);
    whole.pushed = JSON.stringify(both);
    await build(whole);
    expect(whole.gist).not.toContain("build");
    const half = await BuildMachine.create(config);
    half.pushed = image();
    await build(half);
    expect(half.gist).toContain("build");
  });

  test.each([
    ["with --no-cache", { noCache: true }, ""],
    ["a version with a name of its own", { version: "v1" }, ""],
    ["what is not committed", { version: `${COMMIT}_uncommitted_0123456789abcdef` }, ""],
    ["an output elsewhere", { output: "docker" }, ""],
    ["a directory", {}, ", context: ."],
  ])("%s is always built, and nothing is asked", async (_what, more, context) => {
    const machine = await BuildMachine.create(`builder: { arch: amd64${context} }\n`);
    machine.pushed = image();
    await build(machine, more);
    expect(machine.gist).toContain("build");
    expect(machine.gist).not.toContain("ask registry");
  });

  test.each([
    "args: { RAILS_ENV: staging }",
    "target: staging",
    "dockerfile: Dockerfile.staging",
    "pack: { builder: b }",
  ])(
    "what a destination or a change that is not committed may build otherwise is always built: %s",
    async (setting) => {
      const machine = await BuildMachine.create(`builder: { arch: amd64, ${setting} }\n`);
      await writeFile(join(machine.cwd, "Dockerfile.staging"), "FROM scratch\n");
      machine.pushed = image();
      await build(machine);
      expect(machine.gist).not.toContain("ask registry");
      expect(machine.lines.some((line) => /docker buildx build|pack build/.test(line))).toBe(true);
    },
  );

  test("a registry that does not answer in time is no failure", async () => {
    const machine = await BuildMachine.create();
    machine.local.trouble(/imagetools/, "hangs");
    await build(machine, {}, { state: new RunState({ ...EXECUTE_LIMITS, registryAnswerTimeoutMs: 5 }) });
    expect(machine.gist).toContain("build");
  });
});

describe("what is not committed", () => {
  test("is not in a clone, and named", async () => {
    const machine = await BuildMachine.create();
    machine.git = { head: COMMIT, changed: " M server.js\n?? notes.txt\n", cloned: COMMIT };
    await build(machine);
    expect(machine.fleet.said()).toContain(
      "This is not in the image, because it is not committed:\n   M server.js\n  ?? notes.txt",
    );
  });

  test("is part of a directory, and named; of many the first", async () => {
    const machine = await BuildMachine.create("builder: { arch: amd64, context: app dir }\n");
    const files = Array.from({ length: 30 }, (_, at) => `?? file${at}`).join("\n");
    machine.git = { head: COMMIT, changed: `${files}\n`, cloned: COMMIT };
    await build(machine);
    const [warning = ""] = machine.fleet.said().filter((text) => text.startsWith("This is in the image"));
    expect(warning.split("\n")).toHaveLength(22);
    expect(warning).toMatch(/\?\? file19\n {2}… and 10 more$/);
    expect(machine.lines.at(-1)).toMatch(/^docker buildx build .* 'app dir' 2>&1$/);
    expect(machine.gist).not.toContain("clone");
  });

  test("outside of a repository the directory is built", async () => {
    const machine = await BuildMachine.create();
    machine.git = undefined;
    await build(machine, { version: "v1" });
    expect(machine.gist).toEqual(["check", "login", "inspect builder", "build"]);
    expect(machine.lines.at(-1)).toMatch(/^docker buildx build .* \. 2>&1$/);
  });

  test("a version that names another commit is a warning", async () => {
    const machine = await BuildMachine.create();
    await build(machine, { version: OTHER });
    expect(machine.fleet.said()).toContain(
      `The version ${OTHER} is another commit than the one that is built, ${COMMIT}.`,
    );
  });
});

describe("a clone of an earlier build", () => {
  test("is brought to the commit", async () => {
    const machine = await BuildMachine.create();
    machine.clone = true;
    await build(machine);
    expect(machine.gist.slice(3)).toEqual([
      "set-url",
      "fetch",
      "reset",
      "clean",
      "submodule",
      "gc",
      "inspect builder",
      "build",
    ]);
  });

  test.each([
    ["cannot be updated", / fetch /, { exitCode: 128, stderr: "fatal: not a git repository" }],
    ["is not clean", / -C \S+ status/, { stdout: " M server.js\n" }],
    ["is at another commit", / -C \S+ rev-parse HEAD/, { stdout: OTHER }],
  ])("that %s is made anew once, and when that does not help, it says why", async (_what, pattern, answer) => {
    const machine = await BuildMachine.create();
    machine.clone = true;
    machine.scripted.push([pattern, answer]);
    await expect(build(machine)).rejects.toMatchObject({ code: "clone-failed", host: "localhost" });
    expect(machine.gist.filter((one) => one === "remove clone")).toHaveLength(1);
    expect(machine.fleet.said().join("\n")).toContain("is made anew");
    expect(machine.gist).not.toContain("build");
  });
});
