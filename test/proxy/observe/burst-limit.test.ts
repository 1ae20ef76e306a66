import { expect, test } from "vitest";
import { BurstLimit } from "../../../proxy/observe/burst-limit.ts";
import { eventually } from "../../support/eventually.ts";
import { recordedLog } from "../../support/recorded-log.ts";

test("of many lines about the same target ten pass, then one says how many did not [LG-05]", async () => {
  const { log, saying } = recordedLog();
  for (let index = 0; index < 500; index++) log.error("Error while proxying", { target: "a:1", path: `/${index}` });
  for (let index = 0; index < 3; index++) log.error("Error while proxying", { target: "b:1", path: "/" });
  const about = (target: string) => saying("Error while proxying").filter((line) => line["target"] === target);
  expect(about("a:1")).toHaveLength(10);
  expect(about("b:1")).toHaveLength(3);
  await eventually("the count is told", () => about("a:1").length === 11);
  expect(about("a:1").at(-1)).toMatchObject({ level: "ERROR", target: "a:1", suppressed: 490 });
  expect(about("a:1").at(-1)).not.toHaveProperty("path");
  expect(log.suppressed).toBe(490);
  // A second later the next ones are news again.
  log.error("Error while proxying", { target: "a:1", path: "/again" });
  expect(about("a:1").at(-1)).toMatchObject({ path: "/again" });
});

test("debug lines are never held back", () => {
  const { log, lines } = recordedLog();
  for (let index = 0; index < 50; index++) log.debug("Using rollout for request", { service: "web" });
  expect(lines).toHaveLength(50);
});

test("maxKinds: beyond it all others count as one, and kinds that are quiet make room", async () => {
  const limit = new BurstLimit<string>(1, 2, () => undefined);
  expect(["a", "b", "c", "d", "a"].map((name) => limit.admit(name, name))).toEqual([true, true, true, false, false]);
  await new Promise((resolve) => setTimeout(resolve, 1_010));
  expect(["e", "f", "e"].map((name) => limit.admit(name, name))).toEqual([true, true, false]);
});
