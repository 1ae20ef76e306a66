import { expect, test } from "vitest";
import { Histogram } from "../../../proxy/observe/histogram.ts";
import { labelText, METRICS } from "../../../proxy/observe/metrics-catalogue.ts";
import { CONTENT_TYPE, prometheusText } from "../../../proxy/observe/prometheus-text.ts";

function durations(...seconds: number[]): Histogram {
  const histogram = new Histogram(METRICS.duration.bounds);
  for (const value of seconds) histogram.observe(value);
  return histogram;
}

test("names, labels and buckets are the reference's", () => {
  const { values } = durations(0.005, 0.0051, 3, 11);
  const text = prometheusText([
    { metric: "requests", series: [{ labels: labelText("requests", "GET", "web", "200"), values: [4] }] },
    { metric: "inFlight", series: [{ labels: labelText("inFlight", "web"), values: [2] }] },
    { metric: "duration", series: [{ labels: labelText("duration", "GET", "web", "200"), values }] },
  ]);
  const bucket = (le: string, count: number) =>
    `kamal_proxy_http_request_duration_seconds_bucket{method="GET",service="web",status="200",le="${le}"} ${count}`;
  expect(text.split("\n").filter((line) => !line.startsWith("# HELP"))).toEqual([
    "# TYPE kamal_proxy_http_in_flight_requests gauge",
    'kamal_proxy_http_in_flight_requests{service="web"} 2',
    "# TYPE kamal_proxy_http_request_duration_seconds histogram",
    bucket("0.005", 1),
    ...["0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5"].map((le) => bucket(le, 2)),
    bucket("5", 3),
    bucket("10", 3),
    bucket("+Inf", 4),
    'kamal_proxy_http_request_duration_seconds_sum{method="GET",service="web",status="200"} 14.0101',
    'kamal_proxy_http_request_duration_seconds_count{method="GET",service="web",status="200"} 4',
    "# TYPE kamal_proxy_http_requests_total counter",
    'kamal_proxy_http_requests_total{method="GET",service="web",status="200"} 4',
    "",
  ]);
  expect(CONTENT_TYPE).toBe("text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
});

test("series are sorted, metrics without series left out, labels escaped", () => {
  const gauge = (service: string) => ({ labels: labelText("inFlight", service), values: [1] });
  const text = prometheusText([
    { metric: "waiting", series: [] },
    { metric: "inFlight", series: [gauge("z"), gauge('a"\\\n'), gauge("b")] },
  ]);
  expect(text.split("\n").slice(2, -1)).toEqual([
    'kamal_proxy_http_in_flight_requests{service="a\\"\\\\\\n"} 1',
    'kamal_proxy_http_in_flight_requests{service="b"} 1',
    'kamal_proxy_http_in_flight_requests{service="z"} 1',
  ]);
  expect(text).not.toContain("waiting");
});

test("every metric has a name of its own, a help text, sorted labels; only histograms have buckets, ascending", () => {
  const metrics = Object.values(METRICS);
  expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
  for (const metric of metrics) {
    expect(metric.help, metric.name).toMatch(/^[A-Z1][^\n\\]+\.$/);
    expect([...metric.labels], metric.name).toEqual([...metric.labels].sort());
    const bounds = "bounds" in metric ? Array.from(metric.bounds) : [];
    expect(bounds.length > 0, metric.name).toBe(metric.type === "histogram");
    expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
    expect(metric.name.endsWith("_total"), metric.name).toBe(metric.type === "counter");
  }
});
