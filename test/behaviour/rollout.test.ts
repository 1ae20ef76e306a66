/** Rollout: who has the cookie for it gets the new targets, everybody else the active ones. */
import { expect, test } from "vitest";
import type { Gate, RolloutSplit, TargetRoute } from "../../proxy/route/routing-table.ts";
import { type Bed, startBed, startTarget } from "../support/bed.ts";
import { pause } from "../support/eventually.ts";
import { valuesOf } from "../support/http-messages.ts";
import { get, post } from "../support/raw-client.ts";
import type { RecordingUpstream } from "../support/recording-upstream.ts";
import { service, target } from "../support/running-proxy.ts";
import { unusedPort } from "../support/unused-port.ts";

const RUNNING: Gate = { state: "running" };

type Stage = {
  readonly bed: Bed;
  readonly canary: RecordingUpstream;
  set(rollout: RolloutSplit | null, changes?: { targets?: readonly TargetRoute[]; gate?: Gate }): Promise<void>;
  /** The name of the target that answers a GET with this Cookie field. */
  ask(cookie: string): Promise<string>;
};

/** `app` is active, `canary` is deployed for rollout. */
async function stage(): Promise<Stage> {
  const bed = await startBed();
  const canary = await startTarget("canary");
  const both = [target("a", bed.app.port), { ...target("c", canary.port), slot: "rollout" as const }];
  const set: Stage["set"] = (rollout, { targets = both, gate = RUNNING } = {}) =>
    bed.proxy.serve({ ...service("app", [], { rollout, gate }), targets });
  await set(null);
  const client = await bed.connect();
  return {
    bed,
    canary,
    set,
    ask: async (cookie) => (await client.ask(get("/", "a.test", `Cookie: ${cookie}\r\n`))).body.split(" ")[0] ?? "",
  };
}

test("targets alone change nothing, the allow list does, stopping takes it back [A146]", async () => {
  const { set, ask } = await stage();
  expect(await ask("kamal-rollout=1")).toBe("app");
  await set({ percentage: 0, allowlist: ["1"] });
  expect(await ask("kamal-rollout=1")).toBe("canary");
  await set({ percentage: 0, allowlist: ["2"] });
  expect(await ask("kamal-rollout=1")).toBe("app");
  await set({ percentage: 0, allowlist: ["1"] });
  await set(null);
  expect(await ask("kamal-rollout=1")).toBe("app");
});

test("a share of the cookie's values is in, always the same ones", async () => {
  const { set, ask, bed } = await stage();
  await set({ percentage: 25, allowlist: [] });
  for (let turn = 0; turn < 2; turn++) {
    expect(await ask("kamal-rollout=1")).toBe("canary");
    expect(await ask("kamal-rollout=00001")).toBe("app");
  }
  expect(bed.proxy.events.filter((line) => line.includes('"Using rollout for request","service":"app"')).length).toBe(
    2,
  );
});

test.each([
  ["x=1; kamal-rollout=in; y=2", "canary"],
  ['kamal-rollout="in"', "canary"],
  ["kamal-rollout=out; kamal-rollout=in", "app"],
  ["kamal-rollout=in; kamal-rollout=out", "canary"],
  ["kamal-rollout=", "app"],
  ["Kamal-Rollout=in", "app"],
  ["x=kamal-rollout=in", "app"],
  ["kamal-rollout", "app"],
])("Cookie %j goes to %s", async (cookie, expected) => {
  const { set, ask } = await stage();
  await set({ percentage: 0, allowlist: ["in"] });
  expect(await ask(cookie)).toBe(expected);
});

test("who waited in a pause is split as the service is when it resumes", async () => {
  const { set, bed } = await stage();
  await set(null, { gate: { state: "paused", maxPauseMs: 10_000 } });
  const client = await bed.connect();
  client.send(get("/", "a.test", "Cookie: kamal-rollout=in\r\n"));
  while ((await bed.proxy.plane.counters()).services["app"]?.waiting !== 1) await pause(5);
  await set({ percentage: 0, allowlist: ["in"] });
  expect((await client.read(1))[0]?.body).toBe("canary GET / 0");
});

test("a rollout has its own readers and writers", async () => {
  const { set, bed, canary } = await stage();
  const reader = await startTarget("reader");
  const targets = [
    target("a", bed.app.port),
    { ...target("c", canary.port), slot: "rollout" as const },
    { ...target("r", reader.port), slot: "rollout" as const, role: "reader" as const },
  ];
  await set({ percentage: 0, allowlist: ["in"] }, { targets });
  const client = await bed.connect();
  const cookie = "Cookie: kamal-rollout=in\r\n";
  expect((await client.ask(get("/", "a.test", cookie))).body).toBe("reader GET / 0");
  const write = await client.ask(post("/", "x", "a.test", cookie));
  expect([write.body, valuesOf(write, "set-cookie").length]).toEqual(["canary POST / 1", 1]);
  const outside = await client.ask(post("/", "x"));
  expect([outside.body, valuesOf(outside, "set-cookie").length]).toEqual(["app POST / 1", 0]);
});

test("a rollout target that cannot be reached is not replaced by an active one", async () => {
  const { set, bed, ask } = await stage();
  const dead = { ...target("dead", await unusedPort()), slot: "rollout" as const };
  await set({ percentage: 0, allowlist: ["in"] }, { targets: [target("a", bed.app.port), dead] });
  expect((await (await bed.connect()).ask(get("/", "a.test", "Cookie: kamal-rollout=in\r\n"))).status).toBe(502);
  expect(await ask("kamal-rollout=out")).toBe("app");
});

test("a split without rollout targets sends everybody to the active ones", async () => {
  const { set, bed, ask } = await stage();
  await set({ percentage: 100, allowlist: ["in"] }, { targets: [target("a", bed.app.port)] });
  expect(await ask("kamal-rollout=in")).toBe("app");
});
