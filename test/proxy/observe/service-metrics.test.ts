import { expect, test } from "vitest";
import { METRICS_LIMITS } from "../../../proxy/limits.ts";
import { Metrics } from "../../../proxy/observe/metrics.ts";
import { prometheusText } from "../../../proxy/observe/prometheus-text.ts";
import { methodLabel } from "../../../proxy/observe/service-metrics.ts";

test("the methods of HTTP keep their names as labels [A15]", () => {
  const known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"];
  expect(known.map(methodLabel)).toEqual(known);
});

test.each(["CUSTOM", "OTHER", "", "get", "__proto__"])("any other method, such as %j, is OTHER [A16]", (method) => {
  expect(methodLabel(method)).toBe("OTHER");
});

const nothing = { has: () => false };
const everything = { has: () => true };

function pageOf(metrics: Metrics): string {
  return prometheusText(metrics.families());
}

test("the same address twice in one table is two releases: no two series are the same", () => {
  const metrics = new Metrics();
  const service = metrics.service("web");
  metrics.target("a", "10.0.0.1:80", service, 7);
  metrics.target("b", "10.0.0.1:80", service, 7);
  const lines = pageOf(metrics).split("\n");
  expect(new Set(lines).size).toBe(lines.length);
  expect(pageOf(metrics)).toContain('{release="7-2",service="web",target="10.0.0.1:80"}');
});

test("a target that has gone keeps its series for a while, then they go", async () => {
  const metrics = new Metrics({ goneTargetMs: 30 });
  metrics.target("a", "10.0.0.1:80", metrics.service("web"), 1);
  metrics.keep(everything, nothing);
  metrics.keep(everything, nothing);
  expect(pageOf(metrics)).toContain("10.0.0.1:80");
  await new Promise((resolve) => setTimeout(resolve, 40));
  metrics.keep(everything, nothing);
  expect(pageOf(metrics)).not.toContain("10.0.0.1:80");
  expect(METRICS_LIMITS.goneTargetMs, "time for a few scrapes").toBeGreaterThan(60_000);
});

test("a service that is removed takes everything with it at once", () => {
  const metrics = new Metrics();
  metrics.target("a", "10.0.0.1:80", metrics.service("web"), 1);
  metrics.keep(nothing, everything);
  expect(pageOf(metrics)).not.toContain("web");
});

test("maxSeries: what finds no place is counted, and places of the gone are free again", () => {
  const metrics = new Metrics({ maxSeries: 3 });
  const service = metrics.service("web");
  expect(metrics.target("a", "10.0.0.1:80", service, 1)).not.toBeNull();
  expect(metrics.target("b", "10.0.0.2:80", service, 1)).toBeNull();
  expect(pageOf(metrics)).toContain("\nkdeploy_proxy_metrics_overflow_total 1\n");
  metrics.keep(nothing, nothing);
  expect(metrics.target("c", "10.0.0.3:80", metrics.service("next"), 2)).not.toBeNull();
});
