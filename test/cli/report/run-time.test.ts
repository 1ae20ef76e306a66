import { expect, test } from "vitest";
import type { WorkEvent } from "../../../cli/execute/event.ts";
import { rollBack } from "../../../cli/execute/rollback.ts";
import { RunTime } from "../../../cli/report/run-time.ts";
import { deploy } from "../../support/simulated-deploy.ts";
import { SimulatedFleet } from "../../support/simulated-fleet.ts";

const started = (command: string): WorkEvent => ({
  event: "run-started",
  command,
  version: "v1",
  destination: undefined,
  hosts: [],
  changes: true,
});
const finished = { event: "run-finished", exitCode: 0, durationMs: 10_000 } as const;

function step(id: number, title: string, durationMs: number, inside: readonly WorkEvent[] = []): WorkEvent[] {
  return [
    { event: "step-started", id, title, hosts: [] },
    ...inside,
    { event: "step-finished", id, outcome: "done", durationMs },
  ];
}

function linesOf(events: readonly WorkEvent[]): string[] {
  const time = new RunTime();
  events.forEach((event) => time.take(event));
  return time.lines(finished);
}

test("where the time went: outer steps in their order, equal ones together, what is left at the end", () => {
  expect(
    linesOf([
      started("deploy"),
      ...step(1, "Take the deploy lock", 100),
      ...step(2, "Start v1 and wait until it is ready", 4_210, step(3, "Run the pre-app-boot hook", 4_000)),
      ...step(4, "Tag v1 as latest", 10),
      ...step(5, "Release the deploy lock", 100),
    ]),
  ).toEqual(["  Time: lock 0.2 s, boot 4.2 s, rest 5.6 s", "  Finished all in 10.0 seconds"]);
});

test.each([
  ["Look what the build gets", "context"],
  ["Ask the servers what they have", "questions"],
  ["Reboot the proxy", "proxy"],
  ["Remove the app", "app"],
  ["Upgrade accessory db", "db"],
  ["Remove what left the configuration", "leftovers"],
  ["Log out of the registry", "registry"],
])("%s is short for a line of times: %s", (title, short) => {
  const time = new RunTime();
  step(1, title, 1_000).forEach((event) => time.take(event));
  expect(time.spent(1_000)).toEqual([[short, 1_000]]);
});

test("of many steps the longest are shown", () => {
  const steps = Array.from({ length: 12 }, (_, at) => step(at, `Step ${at}`, at * 100)).flat();
  const [line = ""] = linesOf([started("deploy"), ...steps]);
  expect(line.split(", ")).toHaveLength(9);
  expect(line).toMatch(/^ {2}Time: Step 4 0\.4 s, .*Step 11 1\.1 s, rest/);
});

test("every step of a deploy and of a rollback has a short name", async () => {
  const fleet = new SimulatedFleet();
  await deploy(fleet);
  await rollBack(fleet.work(), "v1");
  const titles = fleet.events.flatMap((event) => (event.event === "step-started" ? [event.title] : []));
  expect(titles.length).toBeGreaterThan(10);
  for (const title of titles) {
    const time = new RunTime();
    step(1, title, 1_000).forEach((event) => time.take(event));
    expect(time.spent(1_000)[0]?.[0]).toMatch(/^[a-z -]{3,20}$/);
  }
});
