/** What is counted of one target, under the release that brought it: answers by class, times, connections, failures. */
import type { Exchange, TargetMeter } from "../request/exchange.ts";
import { Histogram } from "./histogram.ts";
import { labelText, METRICS } from "./metrics-catalogue.ts";
import type { ServiceMetrics } from "./service-metrics.ts";

/** Label sets with a histogram, for the budget. */
export const SERIES_PER_TARGET = 3;

export class TargetMetrics implements TargetMeter {
  readonly service: ServiceMetrics;
  readonly release: string;
  /** `host:port` */
  readonly name: string;
  /** The labels that most of its metrics have. */
  readonly labels: string;
  /** Requests by the first digit of their status. */
  readonly byClass = new Float64Array(10);
  readonly duration = new Histogram(METRICS.targetDuration.bounds);
  readonly responseTime = new Histogram(METRICS.responseTime.bounds);
  readonly connectTime = new Histogram(METRICS.connectTime.bounds);
  readonly failures = new Map<string, number>();
  opened = 0;
  closed = 0;
  reused = 0;
  staleRetries = 0;
  /** `performance.now()` when it was found to be gone; 0 while it is there. */
  goneAt = 0;

  constructor(service: ServiceMetrics, name: string, release: string) {
    this.service = service;
    this.name = name;
    this.release = release;
    this.labels = labelText("targetDuration", release, service.service, name);
  }

  ended(exchange: Exchange, elapsedMs: number): void {
    const digit = Math.floor(exchange.status / 100);
    this.byClass[digit] = (this.byClass[digit] as number) + 1;
    this.duration.observe(elapsedMs / 1000);
  }

  /** @param sentAt `performance.now()` of the moment at which the connection was asked for */
  connected(sentAt: number): void {
    this.connectTime.observe((performance.now() - sentAt) / 1000);
  }

  responded(exchange: Exchange): void {
    // Paths that metrics do not count have no meter.
    if (exchange.meter !== null) this.responseTime.observe((performance.now() - exchange.sentAt) / 1000);
  }

  failed(reason: string): void {
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
  }
}
