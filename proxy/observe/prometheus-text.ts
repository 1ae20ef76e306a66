/** Metric families → the Prometheus text format 0.0.4, in the order in which the reference's library writes it. */
import { METRICS, type Metric, type MetricFamily, type MetricSeries } from "./metrics-catalogue.ts";

/** As the reference sends it. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

/** Series that are written in one go: about a millisecond's work. */
const SERIES_PER_CHUNK = 50;

/** Families are sorted by name, series by their labels; families without series are left out. */
export function prometheusText(families: readonly MetricFamily[]): string {
  return Array.from(prometheusChunks(families)).join("");
}

/** The same in pieces, so that whoever writes a long page can let others go first in between. */
export function* prometheusChunks(families: readonly MetricFamily[]): Generator<string, void> {
  const sorted = families
    .filter((family) => family.series.length > 0)
    .map((family) => ({ metric: METRICS[family.metric] as Metric, series: family.series }))
    .sort((a, b) => compare(a.metric.name, b.metric.name));
  for (const { metric, series } of sorted) yield* familyChunks(metric, series);
}

function* familyChunks(metric: Metric, series: readonly MetricSeries[]): Generator<string, void> {
  const write = metric.type === "histogram" ? histogramLines(metric) : singleLine(metric);
  const sorted = series.toSorted((a, b) => compare(a.labels, b.labels));
  let text = `# HELP ${metric.name} ${metric.help}\n# TYPE ${metric.name} ${metric.type}\n`;
  for (const [index, one] of sorted.entries()) {
    if (index > 0 && index % SERIES_PER_CHUNK === 0) {
      yield text;
      text = "";
    }
    text += write(one);
  }
  yield text;
}

function singleLine({ name }: Metric): (series: MetricSeries) => string {
  return ({ labels, values }) => `${name}${labels === "" ? "" : `{${labels}}`} ${values[0] ?? 0}\n`;
}

function histogramLines({ name, bounds = new Float64Array() }: Metric): (series: MetricSeries) => string {
  const limits = [...Array.from(bounds, String), "+Inf"].map((bound) => `le="${bound}"} `);
  return ({ labels, values }) => {
    let text = "";
    let count = 0;
    for (const [index, limit] of limits.entries()) {
      count += values[index] ?? 0;
      text += `${name}_bucket{${labels}${labels === "" ? "" : ","}${limit}${count}\n`;
    }
    const braces = labels === "" ? "" : `{${labels}}`;
    return `${text}${name}_sum${braces} ${values[limits.length] ?? 0}\n${name}_count${braces} ${count}\n`;
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
