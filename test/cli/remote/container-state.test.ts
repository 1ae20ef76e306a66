import { describe, expect, test } from "vitest";
import { hasRestarted, inspect, parseContainerState, readinessOf } from "../../../cli/remote/container-state.ts";

type Answer = { state?: Record<string, unknown>; restarts?: number };

function answer({ state = {}, restarts = 0 }: Answer = {}): string {
  const whole = {
    Status: "running",
    OOMKilled: false,
    ExitCode: 0,
    Error: "",
    StartedAt: "2026-01-01T00:00:00Z",
    ...state,
  };
  return JSON.stringify({ name: "/app-web-1", image: "app:1", restarts, state: whole });
}

function stateOf(options: Answer) {
  const state = parseContainerState(answer(options));
  if (state === undefined) throw new Error("not read");
  return state;
}

describe("a container's state", () => {
  test("is asked for in one line", () => {
    expect(inspect("app-web-1")).toBe(
      `docker inspect --type container --format '{"name":{{json .Name}},"image":{{json .Config.Image}},"restarts":{{json .RestartCount}},"state":{{json .State}}}' app-web-1`,
    );
  });

  test("is read with all that explains a failure [CLI-08]", () => {
    const Log = [1, 2, 3, 4, 5, 6].map((n) => ({ ExitCode: 1, Output: `check ${n}` }));
    const state = {
      Status: "restarting",
      ExitCode: 137,
      OOMKilled: true,
      Error: "no",
      Health: { Status: "unhealthy", Log },
    };
    expect(stateOf({ state, restarts: 4 })).toEqual({
      name: "app-web-1",
      image: "app:1",
      status: "restarting",
      health: "unhealthy",
      healthOutputs: ["check 2", "check 3", "check 4", "check 5", "check 6"],
      exitCode: 137,
      outOfMemory: true,
      restarts: 4,
      startedAt: "2026-01-01T00:00:00Z",
      error: "no",
    });
  });

  test.each(["", "null", "{", "[]", "Error: No such container", '{"state":{}}', '{"state":{"Status":"odd"}}'])(
    "%j is no answer",
    (stdout) => {
      expect(parseContainerState(stdout)).toBeUndefined();
    },
  );

  test.each([
    [{ state: {} }, "running"],
    [{ state: { Health: { Status: "none" } } }, "running"],
    [{ state: { Health: { Status: "healthy" } } }, "ready"],
    [{ state: { Health: { Status: "starting" } } }, "waiting"],
    [{ state: { Health: { Status: "unhealthy" } } }, "waiting"],
    [{ state: { Status: "restarting" } }, "waiting"],
    [{ state: { Status: "created" } }, "waiting"],
    [{ state: { Status: "exited", ExitCode: 1 } }, "ended"],
    [{ state: { Status: "dead" } }, "ended"],
  ] as const)("%j is %s", (options, readiness) => {
    expect(readinessOf(stateOf(options))).toBe(readiness);
  });

  test("running twice with a restart in between is seen", () => {
    expect(hasRestarted(stateOf({}), stateOf({}))).toBe(false);
    expect(hasRestarted(stateOf({}), stateOf({ restarts: 1 }))).toBe(true);
    expect(hasRestarted(stateOf({}), stateOf({ state: { StartedAt: "2026-01-01T00:00:03Z" } }))).toBe(true);
  });
});
