/** The process as Prometheus sees it: memory, CPU, age, version, and how late its event loop is. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { VERSION } from "../version.ts";
import { labelText, type MetricFamily, type MetricSeries } from "./metrics-catalogue.ts";

/** How often the loop is looked at. The monitor counts this in, so it is taken off again. */
const RESOLUTION_MS = 20;
const QUANTILES: readonly number[] = [0.5, 0.9, 0.99, 1];

/** Its monitor is a timer: made only when somebody wants metrics. */
export class ProcessMetrics {
  readonly #loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#loop.enable();
  }

  stop(): void {
    this.#loop.disable();
  }

  families(): MetricFamily[] {
    const memory = process.memoryUsage();
    const cpu = process.cpuUsage();
    return [
      {
        metric: "memory",
        series: [
          { labels: labelText("memory", "rss"), values: [memory.rss] },
          { labels: labelText("memory", "heap_used"), values: [memory.heapUsed] },
          { labels: labelText("memory", "heap_total"), values: [memory.heapTotal] },
          { labels: labelText("memory", "external"), values: [memory.external] },
        ],
      },
      { metric: "eventLoopLag", series: this.#lag() },
      single("uptime", process.uptime()),
      {
        metric: "buildInfo",
        series: [{ labels: labelText("buildInfo", process.versions.node, VERSION), values: [1] }],
      },
      single("processCpu", (cpu.user + cpu.system) / 1e6),
      single("processMemory", memory.rss),
      single("processStart", Math.round(performance.timeOrigin) / 1000),
    ];
  }

  /** Since the last time; every scrape begins anew, so that a stall is seen in the scrape after it and no other. */
  #lag(): MetricSeries[] {
    const seen = this.#loop.count > 0;
    const series = QUANTILES.map((quantile) => {
      const lateMs = seen ? Math.max(0, this.#loop.percentile(quantile * 100) / 1e6 - RESOLUTION_MS) : 0;
      return { labels: labelText("eventLoopLag", String(quantile)), values: [lateMs / 1000] };
    });
    this.#loop.reset();
    return series;
  }
}

function single(metric: MetricFamily["metric"], value: number): MetricFamily {
  return { metric, series: [{ labels: "", values: [value] }] };
}
