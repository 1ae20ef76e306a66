import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type HookName,
  type HookOptions,
  runFailureHook,
  runHook,
  runPreConnectHook,
} from "../../../cli/execute/job/run-hook.ts";
import { LocalHost } from "../../../cli/execute/local-host.ts";
import type { Work } from "../../../cli/execute/work.ts";
import { SimulatedFleet, THREE_HOSTS } from "../../support/simulated-fleet.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

async function project(hooks: Readonly<Record<string, string>>, config = THREE_HOSTS) {
  const cwd = await temporaryDirectory();
  await mkdir(join(cwd, ".kamal/hooks"), { recursive: true });
  await writeFile(join(cwd, ".kamal/secrets"), "API_KEY='a $HOME; \"b\" \\ `c`'\nDOCKER_PASSWORD=s3cret-s3cret\n");
  for (const [name, script] of Object.entries(hooks)) {
    await writeFile(join(cwd, ".kamal/hooks", name), `#!/bin/sh\n${script}\n`);
    await chmod(join(cwd, ".kamal/hooks", name), 0o755);
  }
  const fleet = new SimulatedFleet({ config, cwd });
  const local = new LocalHost({ cwd, env: { PATH: process.env["PATH"], TYPED: "here" } });
  const run = (hook: HookName, options: HookOptions = {}, more: Partial<Work> = {}) =>
    runHook(fleet.work({ local, ...more }), hook, options);
  const output = () => fleet.events.flatMap((event) => (event.event === "command-output" ? [event.line] : []));
  return { fleet, local, run, output, cwd };
}

describe("a hook", () => {
  test("is told what is going on, on top of the tool's own environment", async () => {
    const { output, run } = await project({ "pre-app-boot": "env | grep -E '^(KAMAL_|TYPED)' | sort" });
    const invocation = { command: "app", subcommand: "boot", roles: "web" };
    await run("pre-app-boot", { hosts: ["one", "two"] }, { invocation, version: "0123456789abcdef" });
    expect(output()).toEqual([
      "KAMAL_COMMAND=app",
      "KAMAL_HOSTS=one,two",
      "KAMAL_LOCK=false",
      "KAMAL_PERFORMER=tester",
      expect.stringMatching(/^KAMAL_RECORDED_AT=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      "KAMAL_ROLES=web",
      "KAMAL_SERVICE=app",
      "KAMAL_SERVICE_VERSION=app@0123456",
      "KAMAL_SUBCOMMAND=boot",
      "KAMAL_VERSION=0123456789abcdef",
      "TYPED=here",
    ]);
  });

  test("has the secrets where the original gives them, byte for byte, and nobody else sees them [CLI-09] [CLI-14]", async () => {
    const script = `test "$API_KEY" = 'a $HOME; "b" \\ \`c\`' && echo same; echo "has $DOCKER_PASSWORD"`;
    const { fleet, output, run } = await project({ "pre-deploy": script, "post-app-boot": script });
    await run("pre-deploy");
    expect(output()).toEqual(["same", "has [REDACTED]"]);
    expect(JSON.stringify(fleet.events)).not.toContain("s3cret");
    await run("post-app-boot");
    expect(output().slice(2)).toEqual(["has "]);
  });

  test("that fails stops the work with what it printed", async () => {
    const { run } = await project({ "pre-deploy": "echo out; echo because >&2; exit 3" });
    await expect(run("pre-deploy")).rejects.toMatchObject({
      code: "hook-failed",
      message: "The hook .kamal/hooks/pre-deploy exited 3.",
      details: ["out", "because"],
    });
  });

  test("is left out when it is not there, when it was asked so, and in dry runs", async () => {
    const { fleet, output, run } = await project({ "pre-build": "echo ran" });
    await run("pre-deploy");
    await run("pre-build", {}, { skipHooks: true });
    await run("pre-build", {}, { dryRun: true });
    expect(output()).toEqual([]);
    expect(fleet.said()).toEqual(["localhost: would run on localhost: /usr/bin/env ./.kamal/hooks/pre-build"]);
  });

  test("shows its output when the configuration says so", async () => {
    const config = `${THREE_HOSTS}hooks_output: { pre-build: verbose }\n`;
    const { fleet, run } = await project({ "pre-build": "echo look; exit 0", "docker-setup": "echo hidden" }, config);
    await run("pre-build");
    await run("docker-setup");
    const levels = fleet.events.flatMap((event) =>
      event.event === "command-output" ? [[event.line, event.level]] : [],
    );
    expect(levels).toEqual([
      ["look", "info"],
      ["hidden", "debug"],
    ]);
  });

  test("that is quiet hides its command as well; one level for all gives way to that of a hook", async () => {
    const config = `${THREE_HOSTS}hooks_output: quiet\n`;
    const { fleet, run } = await project({ "pre-build": "echo a", "pre-deploy": "echo b" }, config);
    await run("pre-build");
    const levels = fleet.events.flatMap((event) => ("level" in event ? [event.level] : []));
    expect(levels).toEqual(["debug", "debug", "debug"]);
  });

  test("of a failure is told what went wrong, and has the secrets, or goes without them [C16]", async () => {
    const script = 'env | grep -E "^KAMAL_(ERROR|RUNTIME|VERSION|LOCK)" | sort; echo "has $DOCKER_PASSWORD"';
    const { fleet, local, output, cwd } = await project({ "deploy-failed": script });
    const work = fleet.work({ local });
    work.state.version = "v3";
    await runFailureHook(work, { code: "boot-failed", message: "web did not come up on one\nmore" });
    expect(output()).toEqual([
      "KAMAL_ERROR=web did not come up on one",
      "KAMAL_ERROR_CODE=boot-failed",
      "KAMAL_LOCK=false",
      "KAMAL_RUNTIME=0",
      "KAMAL_VERSION=v3",
      "has [REDACTED]",
    ]);
    await writeFile(join(cwd, ".kamal/secrets"), "A=$(exit 1)\n");
    await runFailureHook(fleet.work({ local }), { code: "secret-command-failed", message: "A" });
    expect(output().slice(6)).toContain("KAMAL_ERROR_CODE=secret-command-failed");
  });

  test("of a failure runs when the deploy was cancelled, and its own failure is a warning [C16]", async () => {
    const { fleet, local, output } = await project({ "deploy-failed": "echo ran; exit 3" });
    fleet.stop.abort();
    await runFailureHook(fleet.work({ local }), { code: "cancelled", message: "Cancelled." });
    expect(output()).toEqual(["ran"]);
    expect(fleet.said()).toEqual(["The hook .kamal/hooks/deploy-failed exited 3."]);
  });

  test("before the first connection runs once, whoever asks [C16]", async () => {
    const { fleet, local, output } = await project({ "pre-connect": "echo connected" });
    const work = fleet.work({ local });
    await Promise.all([runPreConnectHook(work), runPreConnectHook(work), runPreConnectHook(work)]);
    expect(output()).toEqual(["connected"]);
  });
});
