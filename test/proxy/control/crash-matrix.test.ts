import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { startControl } from "../../support/control-bench.ts";
import { startHealthApp } from "../../support/health-app.ts";

const PROGRAM = new URL("../../support/programs/deploy-and-die.ts", import.meta.url).pathname;

async function deployInChild(directory: string, address: string, step: string): Promise<string> {
  const child = spawn(process.execPath, [PROGRAM, directory, address, step], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  return signal ?? String(code);
}

/** Every step of a deploy, in order, with the route that a restart must find. */
const STEPS = [
  ["healthy", "old"],
  ["probed-again", "old"],
  ["save", "old"],
  ["open", "old"],
  ["write", "old"],
  ["sync", "old"],
  ["keep-previous", "old"],
  ["rename", "old"],
  ["sync-directory", "new"],
  ["written", "new"],
  ["saved", "new"],
  ["applied", "new"],
  ["draining", "new"],
  ["drained", "new"],
] as const;

test.each(STEPS)("killed at %s, a restart serves exactly the %s route [DP-09 ST-01]", async (step, expected) => {
  const [v1, v2] = [await startHealthApp(), await startHealthApp()];
  onTestFinished(async () => {
    await Promise.all([v1.kill(), v2.kill()]);
  });
  const before = await startControl();
  await before.deploy("web", [v1.address]);
  await before.deploy("other", [v1.address], { hosts: ["o.example.com"] });
  await before.end();
  expect(await deployInChild(before.directory, v2.address, step)).toBe("SIGKILL");
  const after = await startControl(before.directory);
  expect(after.dataPlane.rotation("web")).toEqual([expected === "old" ? v1.address : v2.address]);
  expect(after.dataPlane.rotation("other")).toEqual([v1.address]);
  // And nothing is in the way of the next deploy.
  await after.deploy("web", [v2.address]);
  expect(after.dataPlane.rotation("web")).toEqual([v2.address]);
});

test("a deploy that nobody kills ends well in the same program", async () => {
  const v1 = await startHealthApp();
  onTestFinished(() => v1.kill());
  const before = await startControl();
  await before.end();
  expect(await deployInChild(before.directory, v1.address, "never")).toBe("0");
});
