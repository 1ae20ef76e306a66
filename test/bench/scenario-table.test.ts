/** The arithmetic of the report, in which a mistake would not show: medians, set-aside rounds, ratios, verdicts. */
import { expect, test } from "vitest";
import { verdicts } from "../../bench/report/acceptance.ts";
import { figure, scenarioTable } from "../../bench/report/scenario-table.ts";
import { median, quantile } from "../../bench/report/statistics.ts";
import type { ScenarioResult } from "../../bench/rounds.ts";
import { scenarios } from "../../bench/scenario/catalogue.ts";
import type { Round } from "../../bench/scene.ts";

const megabyte = 1024 * 1024;

function round(cpuPerRequest: number, otherWork = 0): Round {
  return { figures: { cpuPerRequest, idleBytes: 60 * megabyte, peakBytes: 140 * megabyte }, otherWork, loggedShare: 1 };
}

function smallGet(contenders: Record<string, Round[]>): ScenarioResult {
  const entries = Object.entries(contenders);
  return {
    name: "small-get",
    scenario: scenarios["small-get"],
    contenders: entries.map(([name, rounds]) => ({ name, rounds })),
    absent: [],
  };
}

test("the median of an even number of values is their middle, of none it is no number", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(quantile([1, 2, 3], 1)).toBe(3);
  expect(median([])).toBeNaN();
});

test("a round in which others used the machine does not count while a quiet one exists", () => {
  const result = smallGet({ ours: [round(30), round(99, 0.5), round(32)], nginx: [round(50, 0.5), round(52, 0.5)] });
  expect(figure(result, "ours", "cpuPerRequest")).toBe(31);
  expect(figure(result, "nginx", "cpuPerRequest")).toBe(51);
  const text = scenarioTable(result);
  expect(text).toMatch(/^ours .* 2\/3$/m);
  expect(text).toMatch(/^nginx .* 0\/2!$/m);
  expect(text).toContain("! nginx: other programs used the machine in every round; do not trust these figures");
});

test("failed requests and missing log lines are told under the table", () => {
  const bad: Round = { figures: { cpuPerRequest: 30, failures: 7 }, otherWork: 0, loggedShare: 0.5 };
  const text = scenarioTable(smallGet({ ours: [bad] }));
  expect(text).toContain("! ours: 7 failed requests");
  expect(text).toContain("! ours: only 50.0 % of the requests are in its log");
});

test("each bar is judged against its own peer or its own limit", () => {
  const result = smallGet({ ours: [round(30)], nginx: [round(20)], "node-http-pipe": [round(100)] });
  expect(verdicts([result]).map(({ line }) => line)).toEqual([
    "pass  CPU per small GET: 1.50 × nginx (at most 1.6 × nginx)",
    "FAIL  CPU per small GET: 0.300 × node-http-pipe (at most 0.25 × node-http-pipe)",
    "pass  RSS idle: 60 MB (at most 70 MB)",
    "FAIL  RSS under 64 busy connections: 140 MB (at most 130 MB)",
  ]);
});

test("a ratio from a disturbed machine is told with a doubt", () => {
  const [first] = verdicts([smallGet({ ours: [round(30)], nginx: [round(20, 0.5)] })]);
  expect(first?.line).toContain("the machine was disturbed, run again");
});

test("handshakes are judged by CPU each, against caddy", () => {
  const result: ScenarioResult = {
    ...smallGet({ ours: [round(590)], caddy: [round(620)] }),
    name: "tls-handshakes",
    scenario: scenarios["tls-handshakes"],
  };
  expect(verdicts([result]).map(({ line }) => line)).toEqual([
    "pass  CPU per TLS handshake and GET: 0.952 × caddy (at most 1.25 × caddy)",
  ]);
  expect(scenarioTable(result)).toMatch(/^contender +CPU µs\/handshake\+GET +min–max +× caddy/m);
});

test("a bar whose peer did not run is not judged", () => {
  expect(verdicts([smallGet({ ours: [round(30)] })]).map(({ passed }) => passed)).toEqual([true, false]);
});
