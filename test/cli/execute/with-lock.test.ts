import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Host } from "../../../cli/execute/host.ts";
import { withLock } from "../../../cli/execute/job/with-lock.ts";
import { EXECUTE_LIMITS } from "../../../cli/execute/limits.ts";
import { LocalHost } from "../../../cli/execute/local-host.ts";
import { RunState } from "../../../cli/execute/run-state.ts";
import type { Work } from "../../../cli/execute/work.ts";
import { acquire, release } from "../../../cli/remote/lock.ts";
import { eventually } from "../../support/eventually.ts";
import { SimulatedFleet } from "../../support/simulated-fleet.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const LIMITS = { ...EXECUTE_LIMITS, lockBeatMs: 30, cleanupTimeoutMs: 5_000 };

/** A run of its own against one real directory: the lock's lines are run by a real shell. */
function runAt(folder: string, more: Partial<Work> = {}, host: Host = new LocalHost({ cwd: folder }, "one")) {
  const fleet = new SimulatedFleet();
  const work = fleet.work({ host: () => host, state: new RunState(LIMITS), ...more });
  return { fleet, work };
}

function makeOld(folder: string, seconds: number): void {
  const [beat = ""] = readdirSync(join(folder, ".kamal/lock-app")).filter((name) => name.startsWith("beat-"));
  execFileSync("touch", ["-d", `${seconds} seconds ago`, join(folder, ".kamal/lock-app", beat)]);
}

async function shell(folder: string, line: string): Promise<string> {
  return (await new LocalHost({ cwd: folder }).run(line)).stdout;
}

/** As a run that was killed leaves it. */
async function abandonedLock(folder: string, seconds: number): Promise<void> {
  const { work } = runAt(folder, { performer: "Ada" });
  const held = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const running = withLock(work, () => (held.resolve(), ended.promise));
  await held.promise;
  execFileSync("cp", ["-r", join(folder, ".kamal/lock-app"), join(folder, "saved")]);
  ended.resolve();
  await running;
  execFileSync("mv", [join(folder, "saved"), join(folder, ".kamal/lock-app")]);
  makeOld(folder, seconds);
}

describe("the deploy lock", () => {
  test("is there while the work is done, in Kamal's form and with who holds it, and gone afterwards", async () => {
    const folder = await temporaryDirectory();
    const { work } = runAt(folder, { env: { CI_JOB_URL: "https://ci.example/7" } });
    const seen = await withLock(work, () => shell(folder, "base64 -d .kamal/lock-app/details"));
    expect(seen).toMatch(
      /^Locked by: tester at \d{4}-\S+Z\nVersion: v2\nMessage: Automatic deploy lock\nHost: \S+@\S+\nPid: \d+\n/,
    );
    expect(seen).toContain("Run: https://ci.example/7\nBeat: every 0 s, stale after 60 s");
    expect(readdirSync(join(folder, ".kamal"))).toEqual([]);
  });

  test("is released when the work fails, and when it is cancelled [CLI-04]", async () => {
    const folder = await temporaryDirectory();
    const { work } = runAt(folder);
    await expect(withLock(work, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(readdirSync(join(folder, ".kamal"))).toEqual([]);
    const stop = new AbortController();
    const cancelled = withLock(runAt(folder, { signal: stop.signal }).work, async (locked) => {
      stop.abort();
      locked.signal.throwIfAborted();
    });
    await expect(cancelled).rejects.toThrow(/abort/i);
    expect(readdirSync(join(folder, ".kamal"))).toEqual([]);
  });

  test("of somebody else is respected, and told in words [CLI-05]", async () => {
    const folder = await temporaryDirectory();
    const { work } = runAt(folder, { performer: "Ada" });
    await withLock(work, async () => {
      const error = await withLock(runAt(folder).work, () => Promise.resolve()).catch((error: unknown) => error);
      expect(error).toMatchObject({ code: "lock-held", exitCode: 5, host: "one" });
      expect((error as { details: string[] }).details.join("\n")).toMatch(
        /Locked by Ada at \S+, for version v2\.\n.*\nIt runs on \S+, process \d+\.\nIts last sign of life was \d s ago\./,
      );
    });
  });

  test("of ten who want it one has it at a time", async () => {
    const folder = await temporaryDirectory();
    let inside = 0;
    let most = 0;
    const lockWait = { timeoutMs: 15_000, intervalMs: 20 };
    await Promise.all(
      Array.from({ length: 10 }, () =>
        withLock(runAt(folder, { lockWait }).work, async () => {
          most = Math.max(most, ++inside);
          await new Promise((resolve) => setTimeout(resolve, 5));
          inside -= 1;
        }),
      ),
    );
    expect(most).toBe(1);
  });

  test("is whole when it was released in the moment between two looks", async () => {
    const folder = await temporaryDirectory();
    const bin = await temporaryDirectory();
    // The first attempt finds it taken; by the time of the next command it is gone.
    const wrapper = `#!/bin/sh\nif test -e ${bin}/once; then exec /bin/mkdir "$@"; fi\ncase "$1" in -p) exec /bin/mkdir "$@";; esac\n: > ${bin}/once; exit 1\n`;
    await writeFile(join(bin, "mkdir"), wrapper, { mode: 0o755 });
    const env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}` };
    const { work } = runAt(folder, {}, new LocalHost({ cwd: folder, env }, "one"));
    const inside = await withLock(work, () => Promise.resolve(readdirSync(join(folder, ".kamal/lock-app"))));
    expect(inside.map((name) => name.replace(/-.*/, ""))).toEqual(["beat", "details"]);
    expect(existsSync(join(bin, "once"))).toBe(true);
    expect(readdirSync(join(folder, ".kamal"))).toEqual([]);
  });

  test("is waited for no longer than was said, and not at all when a person took it", async () => {
    const folder = await temporaryDirectory();
    const lockWait = { timeoutMs: 800, intervalMs: 50 };
    await withLock(runAt(folder).work, async () => {
      const { fleet, work } = runAt(folder, { lockWait });
      await expect(withLock(work, () => Promise.resolve())).rejects.toMatchObject({ code: "lock-held" });
      expect(fleet.said().filter((text) => text.includes("Waiting for the deploy lock")).length).toBeGreaterThan(0);
    });
    const { work } = runAt(folder);
    await withLock(
      work,
      async () => {
        const { fleet, work } = runAt(folder, { lockWait: { timeoutMs: 60_000, intervalMs: 20 } });
        await expect(withLock(work, () => Promise.resolve())).rejects.toMatchObject({ code: "lock-held" });
        expect(fleet.said()).toEqual([]);
      },
      "database migration",
    );
  });

  test("of a holder that is dead is taken over with a notice, by one of those who want it", async () => {
    const folder = await temporaryDirectory();
    await abandonedLock(folder, 90);
    const runs = Array.from({ length: 6 }, () => runAt(folder));
    let most = 0;
    let inside = 0;
    const results = await Promise.allSettled(
      runs.map(({ work }) =>
        withLock(work, async () => {
          most = Math.max(most, ++inside);
          await new Promise((resolve) => setTimeout(resolve, 300));
          inside -= 1;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const notices = runs.flatMap(({ fleet }) => fleet.said()).filter((text) => text.includes("Took over"));
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/one: Took over a stale deploy lock\. Locked by Ada .* 9\d s ago/);
    expect(readdirSync(join(folder, ".kamal"))).toEqual([]);
  });

  test("of a holder that was alive a moment ago is not taken over", async () => {
    const folder = await temporaryDirectory();
    await abandonedLock(folder, 30);
    await expect(withLock(runAt(folder).work, () => Promise.resolve())).rejects.toMatchObject({ code: "lock-held" });
  });

  test("of a Kamal CLI is never taken over, however old [C3]", async () => {
    const folder = await temporaryDirectory();
    const { fleet, work } = runAt(folder);
    await shell(folder, "mkdir -p .kamal");
    await shell(
      folder,
      acquire(fleet.config, { by: "Bob", at: "2020-01-01T00:00:00Z", version: "v0", message: "Automatic deploy lock" }),
    );
    execFileSync("touch", ["-d", "10 days ago", join(folder, ".kamal/lock-app/details")]);
    await expect(withLock(work, () => Promise.resolve())).rejects.toMatchObject({
      code: "lock-held",
      details: expect.arrayContaining([expect.stringContaining("It gives no signs of life, like a Kamal CLI's lock")]),
    });
    await shell(folder, release(fleet.config));
    await withLock(work, () => Promise.resolve());
  });

  test("a Kamal CLI sees ours, and releases it", async () => {
    const folder = await temporaryDirectory();
    const { fleet, work } = runAt(folder);
    await withLock(work, async (locked) => {
      const taken = await new LocalHost({ cwd: folder }).run(
        acquire(fleet.config, { by: "Bob", at: "", version: "", message: "" }),
      );
      expect(taken.exitCode).not.toBe(0);
      await shell(folder, release(fleet.config));
      // And the run that had it ends: somebody else may be deploying.
      await eventually("the work is told to end", () => locked.signal.aborted);
      expect(locked.signal.reason).toMatchObject({ code: "lock-lost", exitCode: 5 });
    });
  });

  test("gives signs of life while it is held, and is verified before a switch", async () => {
    const folder = await temporaryDirectory();
    const { work } = runAt(folder);
    await withLock(work, async (locked) => {
      const [beat = ""] = readdirSync(join(folder, ".kamal/lock-app")).filter((name) => name.startsWith("beat-"));
      const age = () => Number(execFileSync("stat", ["-c", "%Y", join(folder, ".kamal/lock-app", beat)]).toString());
      makeOld(folder, 50);
      const before = age();
      await eventually("a sign of life", () => age() > before);
      await locked.state.lock?.verify();
      execFileSync("rm", ["-r", join(folder, ".kamal/lock-app")]);
      await expect(locked.state.lock?.verify()).rejects.toMatchObject({ code: "lock-lost" });
    });
  });

  test("is not taken twice within a run, nor when the environment says that it is held", async () => {
    const folder = await temporaryDirectory();
    const { work } = runAt(folder);
    await withLock(work, (locked) => withLock(locked, () => Promise.resolve()));
    const told = runAt(folder, { env: { KAMAL_LOCK: "true" } });
    await withLock(told.work, () => {
      expect(existsSync(join(folder, ".kamal/lock-app"))).toBe(false);
      return Promise.resolve();
    });
  });

  test("that may have been taken when the connection was lost is given back", async () => {
    const fleet = new SimulatedFleet();
    fleet.host("one").trouble(/\{ mkdir/, "lost");
    await expect(withLock(fleet.work(), () => Promise.resolve())).rejects.toMatchObject({ code: "connection-lost" });
    expect(fleet.server("one").lock).toBeUndefined();
  });

  test("is on the configuration's primary host, whatever is selected", async () => {
    const fleet = new SimulatedFleet({ filters: { hosts: "two" } });
    await withLock(fleet.work(), () => Promise.resolve());
    expect(new Set(fleet.recording.all.map(({ host }) => host))).toEqual(new Set(["one"]));
  });

  test("details keep to one line each, whatever is in them", async () => {
    const folder = await temporaryDirectory();
    const { work } = runAt(folder, { performer: "Eve\nMessage: mine $(touch owned) `touch owned`" });
    await withLock(work, async () => {
      const details = readFileSync(join(folder, ".kamal/lock-app/details"), "utf8");
      const text = Buffer.from(details, "base64").toString();
      expect(text.split("\n")[0]).toMatch(/^Locked by: Eve Message: mine \$\(touch owned\) `touch owned` at /);
      await Promise.resolve();
    });
    expect(existsSync(join(folder, "owned"))).toBe(false);
  });
});
