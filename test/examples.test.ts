/** The examples say nothing that is not so: metrics, labels, commands, flags, services and files in them exist. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { METRICS, type Metric } from "../proxy/observe/metrics-catalogue.ts";
import { runCommandLine } from "./support/command-line.ts";

const folder = join(import.meta.dirname, "..", "examples");
const read = (file: string) => readFileSync(join(folder, file), "utf8");
const readme = read("README.md");
const compose = read("compose.yml");

type Panel = { id: number; type: string; title: string; targets?: { expr: string; legendFormat: string }[] };
type Dashboard = {
  title: string;
  schemaVersion: number;
  panels: Panel[];
  templating: { list: { name: string; definition?: string }[] };
};
const dashboard = JSON.parse(read("grafana-dashboard.json")) as Dashboard;
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets);

/** Names as they stand on the page → the labels of their series. */
const LABELS = new Map<string, readonly string[]>(
  (Object.values(METRICS) as Metric[]).flatMap(({ name, type, labels }) =>
    type === "histogram"
      ? [
          [`${name}_bucket`, [...labels, "le"]],
          [`${name}_sum`, labels],
          [`${name}_count`, labels],
        ]
      : [[name, labels]],
  ) as [string, readonly string[]][],
);
/** What Prometheus adds to every series. */
const ADDED = ["instance", "job"];

function metricsIn(text: string): string[] {
  return text.match(/\b(?:kamal_proxy|kdeploy_proxy|process)_[a-z_]+/g) ?? [];
}

/** Labels that a query compares or groups by. */
function labelsIn(expr: string): string[] {
  const compared = Array.from(expr.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)\s*"/g), ([, label]) => label as string);
  const grouped = Array.from(expr.matchAll(/\bby \(([^)]*)\)/g), ([, list]) => (list as string).split(/\s*,\s*/));
  return [...compared, ...grouped.flat()];
}

function problemsOf(expr: string, legend = ""): string[] {
  const metrics = metricsIn(expr);
  if (metrics.length === 0) return [`no metric in ${expr}`];
  const shown = Array.from(legend.matchAll(/\{\{(\w+)\}\}/g), ([, label]) => label as string);
  return metrics.flatMap((metric) => {
    const labels = LABELS.get(metric);
    if (!labels) return [`${metric} does not exist`];
    const unknown = [...labelsIn(expr), ...shown].filter((label) => !labels.includes(label) && !ADDED.includes(label));
    return unknown.map((label) => `${metric} has no label ${label}`);
  });
}

test("the dashboard asks only for metrics and labels that exist", () => {
  expect(queries.flatMap(({ expr, legendFormat }) => problemsOf(expr, legendFormat))).toEqual([]);
  for (const { definition = "" } of dashboard.templating.list) {
    expect(metricsIn(definition).filter((metric) => !LABELS.has(metric))).toEqual([]);
  }
});

test("a metric or label that does not exist would be found", () => {
  expect(problemsOf("rate(kamal_proxy_http_request_total[1m])")).toHaveLength(1);
  expect(problemsOf("kamal_proxy_http_request_duration_seconds")).toHaveLength(1);
  expect(problemsOf("sum by (release) (kamal_proxy_http_requests_total)", "{{release}}")).toHaveLength(2);
  expect(problemsOf('kamal_proxy_http_requests_total{version="1"}')).toHaveLength(1);
});

test("the dashboard can be imported, and shows every metric but those for other dashboards", () => {
  expect(dashboard).toMatchObject({ title: "kdeploy-proxy", schemaVersion: expect.any(Number) });
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(dashboard.panels.filter(({ type, targets }) => type !== "row" && !targets?.length)).toEqual([]);
  const shown = queries.flatMap(({ expr }) => metricsIn(expr));
  const missing = Object.values(METRICS)
    .map(({ name }) => name)
    .filter((name) => !name.startsWith("process_") && !shown.some((metric) => metric.startsWith(name)));
  expect(missing).toEqual([]);
});

/** Blocks of the README that are typed into a shell, and those that Prometheus is asked. */
const blocks = Array.from(readme.matchAll(/^```\n([^`]*)\n```$/gm), ([, block]) =>
  (block as string).split("\n"),
).flat();
const typed = blocks.filter((line) => /^(docker|curl) /.test(line));

test("the README's questions to Prometheus have answers", () => {
  const questions = blocks.filter((line) => !typed.includes(line));
  expect(questions.length).toBeGreaterThan(3);
  expect(questions.flatMap((expr) => problemsOf(expr))).toEqual([]);
  const mentioned = readme.match(/\bkdeploy_proxy_[a-z_]+|\bkamal_proxy_[a-z_]+[a-z]/g) ?? [];
  expect(mentioned.filter((name) => !LABELS.has(name))).toEqual([]);
});

test("commands and flags of the README and the Compose file exist", async () => {
  const lines = [
    ...typed.flatMap((line) => line.split("exec proxy kamal-proxy ").slice(1).map(words)),
    ...Array.from(compose.matchAll(/command: (\["kamal-proxy".*\])/g), ([, list]) =>
      (JSON.parse(list as string) as string[]).slice(1),
    ),
  ];
  expect(lines.length).toBeGreaterThan(12);
  for (const line of lines) {
    const firstFlag = line.findIndex((word) => word.startsWith("--"));
    const positional = line.slice(0, firstFlag === -1 ? undefined : firstFlag);
    const command = positional.filter((word) => word !== "web");
    const { code, stdout } = await runCommandLine([...command, "--help"]);
    expect(code, line.join(" ")).toBe(0);
    expect(stdout, "its own help, not that of all commands").toContain(`kamal-proxy ${command.join(" ")}`);
    for (const flag of line.filter((word) => word.startsWith("--"))) {
      expect(stdout, line.join(" ")).toMatch(new RegExp(`${flag}(?![\\w-])`));
    }
  }
  for (const [flag] of readme.matchAll(/--(?:metrics|log)-[a-z-]+/g)) {
    const help = await Promise.all(["run", "deploy"].map((command) => runCommandLine([command, "--help"])));
    expect(help.map(({ stdout }) => stdout).join(""), flag).toContain(flag);
  }
});

test("services, files and ports that the examples name are there", () => {
  const services = Array.from(compose.matchAll(/^ {2}([a-z0-9-]+):$/gm), ([, name]) => name as string);
  for (const line of typed) {
    const named = [
      /docker compose (?:exec|run --rm|restart|logs [-\w ]+) ([a-z0-9-]+)/.exec(line)?.[1],
      /--target (\S+)/.exec(line)?.[1],
    ].filter((name) => name !== undefined);
    expect(services, line).toEqual(expect.arrayContaining(named));
  }
  for (const [, file] of compose.matchAll(/- \.\/([\w.-]+):/g))
    expect(existsSync(join(folder, file as string))).toBe(true);
  const port = /"--metrics-port", "(\d+)"/.exec(compose)?.[1];
  expect(read("prometheus.yml")).toContain(`targets: ["proxy:${port}"]`);
  expect(readme).toContain(`http://proxy:${port}/metrics`);
  const jobs = Array.from(read("grafana-dashboard.json").matchAll(/job=\\"([^\\]+)\\"/g), ([, job]) => job);
  for (const job of jobs) expect(read("prometheus.yml")).toContain(`job_name: ${job}`);
});

/** Splits as a shell does, as far as the README goes. */
function words(line: string): string[] {
  return Array.from(line.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, plain]) => (quoted ?? plain) as string);
}
