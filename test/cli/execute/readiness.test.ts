import { describe, expect, test } from "vitest";
import { EXECUTE_LIMITS } from "../../../cli/execute/limits.ts";
import { waitUntilReady, watchForEnd } from "../../../cli/execute/readiness.ts";
import { RunState } from "../../../cli/execute/run-state.ts";
import { RecordingHost } from "../../support/recording-host.ts";
import { SimulatedFleet, THREE_HOSTS } from "../../support/simulated-fleet.ts";

type Look = { status?: string; restarts?: number; startedAt?: string; health?: string; exitCode?: number } | undefined;

/** A container that is found like this, look by look; the last one stays. */
function container(looks: readonly Look[], { delay = 0, timeout = 1 } = {}) {
  const config = THREE_HOSTS.replace("readiness_delay: 0", `readiness_delay: ${delay}`).replace(
    "deploy_timeout: 1",
    `deploy_timeout: ${timeout}`,
  );
  let at = 0;
  const host = new RecordingHost("one", undefined, () => {
    const look = looks[Math.min(at++, looks.length - 1)];
    if (look === undefined) return { exitCode: 1, stderr: "No such container" };
    const { exitCode = 0, health, restarts = 0, startedAt = "then", status = "running" } = look;
    const state = { Status: status, StartedAt: startedAt, ExitCode: exitCode, OOMKilled: false, Error: "" };
    const Health = health === undefined ? {} : { Health: { Status: health, Log: [] } };
    return { stdout: JSON.stringify({ name: "/x", image: "app", restarts, state: { ...state, ...Health } }) };
  });
  const fleet = new SimulatedFleet({ config });
  const work = fleet.work({
    host: () => host,
    state: new RunState({ ...EXECUTE_LIMITS, readinessPollMs: 20, watchPollMs: 5 }),
  });
  return { work, looks: () => at };
}

describe("a container without a proxy", () => {
  test("that runs for the delay is ready", async () => {
    const { looks, work } = container([{}], { delay: 1 });
    const from = performance.now();
    expect(await waitUntilReady(work, "one", "x")).toMatchObject({ ready: true });
    expect(performance.now() - from).toBeGreaterThan(990);
    expect(looks()).toBeGreaterThan(2);
  });

  test("with a health check is ready when that says so, at once", async () => {
    const { looks, work } = container([{ health: "starting" }, { health: "unhealthy" }, { health: "healthy" }], {
      delay: 60,
    });
    expect(await waitUntilReady(work, "one", "x")).toMatchObject({ ready: true });
    expect(looks()).toBe(3);
  });

  test("that ends and begins again while it is watched starts its delay anew, and passes when it stays", async () => {
    const first = Array.from({ length: 10 }, () => ({}));
    const { looks, work } = container([...first, { restarts: 1, startedAt: "later" }], { delay: 1, timeout: 5 });
    expect(await waitUntilReady(work, "one", "x")).toMatchObject({ ready: true, state: { restarts: 1 } });
    expect(looks()).toBeGreaterThan(20);
  });

  test("that is started anew again and again fails, though it runs at every look [CLI-08]", async () => {
    const looks = [0, 0, 1, 1, 2, 2, 3].map((restarts) => ({ restarts, startedAt: String(restarts) }));
    const { work } = container(looks, { delay: 1, timeout: 30 });
    expect(await waitUntilReady(work, "one", "x")).toMatchObject({ ready: false, failing: "restarting" });
  });

  test("that has ended for good fails long before the deadline [CLI-08]", async () => {
    const { looks, work } = container([{ status: "exited", exitCode: 3 }], { timeout: 60 });
    expect(await waitUntilReady(work, "one", "x")).toMatchObject({
      ready: false,
      failing: "ended",
      state: { exitCode: 3 },
    });
    expect(looks()).toBe(2);
  });

  test("that is not there fails at once", async () => {
    expect(await waitUntilReady(container([undefined]).work, "one", "x")).toMatchObject({
      ready: false,
      failing: "gone",
    });
  });

  test("that never gets healthy fails at the deadline", async () => {
    const { work } = container([{ health: "starting" }]);
    expect(await waitUntilReady(work, "one", "x")).toMatchObject({ ready: false, failing: "deadline" });
  });

  test("that cannot keep running for the delay fails in bounded time", async () => {
    const looks = Array.from({ length: 400 }, (_, at) => ({ startedAt: String(Math.floor(at / 5)) }));
    const { work } = container(looks, { delay: 1 });
    expect(await waitUntilReady(work, "one", "x")).toMatchObject({ ready: false, failing: "deadline" });
  });
});

describe("a container that the proxy checks", () => {
  test("is watched until it ends, or nobody wants to know any more", async () => {
    const ended = container([{}, {}, { status: "exited", exitCode: 1 }]);
    const never = new AbortController().signal;
    expect(await watchForEnd(ended.work, "one", "x", never)).toMatchObject({
      failing: "ended",
      state: { exitCode: 1 },
    });
    const stop = new AbortController();
    const watching = watchForEnd(container([{}]).work, "one", "x", stop.signal);
    stop.abort();
    expect(await watching).toBeUndefined();
  });
});
