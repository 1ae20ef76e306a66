/** A server that falls silent: how soon the tool stops asking it, and that one which comes back is asked again. */
import { describe, expect, test } from "vitest";
import { runCommand } from "../../../cli/execute/run-command.ts";
import { RunState } from "../../../cli/execute/run-state.ts";
import { failureOf } from "../../support/simulated-deploy.ts";
import { SimulatedFleet } from "../../support/simulated-fleet.ts";

describe("what is known of reaching a host", () => {
  test("nothing, until it cannot be reached; then it is suspect, however many commands are lost with it", () => {
    const state = new RunState();
    expect([state.isSuspect("one"), state.isGone("one")]).toEqual([false, false]);
    state.notReached("one");
    state.notReached("one");
    expect([state.isSuspect("one"), state.isGone("one")]).toEqual([true, false]);
    expect(state.isSuspect("two")).toBe(false);
    state.reached("one");
    expect([state.isSuspect("one"), state.isGone("one")]).toEqual([false, false]);
  });

  test("one that was given up stays so for the run", () => {
    const state = new RunState();
    state.gaveUp("one");
    state.reached("one");
    state.notReached("one");
    expect([state.isSuspect("one"), state.isGone("one")]).toEqual([false, true]);
  });

  test("it is asked once, whoever wants to know", async () => {
    const state = new RunState();
    const answer = Promise.withResolvers<void>();
    let asked = 0;
    const ask = () => ((asked += 1), answer.promise);
    const waiting = [state.whileAsked("one", ask), state.whileAsked("one", ask)];
    answer.reject(new Error("silence"));
    expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await state.whileAsked("one", () => Promise.resolve(void (asked += 1)));
    expect(asked).toBe(2);
  });
});

describe("after a lost connection", () => {
  test("a short question goes before the next command, and that one is sent when it is answered", async () => {
    const fleet = new SimulatedFleet();
    const work = fleet.work();
    fleet.host("two").trouble(0, "lost");
    await expect(runCommand(work, "two", "docker version")).rejects.toMatchObject({ code: "connection-lost" });
    await runCommand(work, "two", "docker version");
    await runCommand(work, "two", "docker version");
    expect(fleet.recording.on("two")).toEqual(["docker version", "true", "docker version", "docker version"]);
  });

  test("a host that stays silent costs one short wait, and every further command fails at once", async () => {
    const fleet = new SimulatedFleet({ limits: { reachAgainMs: 40 } });
    const work = fleet.work();
    fleet.host("two").trouble(0, "lost");
    fleet.host("two").trouble(/^true$/, "hangs");
    await expect(runCommand(work, "two", "docker version")).rejects.toMatchObject({ code: "connection-lost" });
    for (const _ of [1, 2, 3]) {
      const error = await runCommand(work, "two", "docker version", { signal: null }).catch((error: unknown) => error);
      expect(error).toMatchObject({ code: "host-unreachable", host: "two", exitCode: 6 });
    }
    expect(fleet.recording.on("two")).toEqual(["docker version", "true"]);
  });

  test("in the middle of a deploy the others are put back without waiting for it twice [CLI-02]", async () => {
    const fleet = new SimulatedFleet({ limits: { reachAgainMs: 40 } });
    fleet.host("two").trouble(/--prepare /, "gone-for-good");
    expect(await failureOf(fleet)).toMatchObject({ host: "two", exitCode: 6 });
    const sent = fleet.recording.on("two");
    const since = sent.slice(sent.findIndex((command) => command.includes("--prepare ")) + 1);
    // Of an undo that has many commands: one may be on its way already.
    expect(since.length).toBeLessThanOrEqual(2);
    expect(since.at(-1)).toBe("true");
    expect(fleet.said()).toContain("one: web: runs v1, as before.");
    expect(fleet.server("one").running()).toEqual(["app-web-v1"]);
  });
});
