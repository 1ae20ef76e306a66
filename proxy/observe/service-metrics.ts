/** What is counted of one service: requests by method and status, how long they took, how many are on their way, drains. */
import type { Exchange, Meter } from "../request/exchange.ts";
import { Histogram } from "./histogram.ts";
import { labelText, METRICS, type MetricSeries } from "./metrics-catalogue.ts";
import type { SeriesBudget } from "./series-budget.ts";

const METHODS: readonly string[] = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "OTHER",
];
const OTHER = METHODS.length - 1;
const indexOfMethod = new Map(METHODS.map((method, index) => [method, index]));
/** Statuses have three digits, so this keeps one method's apart from the next one's. */
const STATUSES = 1000;

/** The method as a label: clients can invent any number of them. */
export function methodLabel(method: string): string {
  return METHODS[methodIndex(method)] as string;
}

export class ServiceMetrics implements Meter {
  readonly service: string;
  inFlight = 0;
  readonly drainDuration = new Histogram(METRICS.drainDuration.bounds);
  drainedCompleted = 0;
  drainedCut = 0;
  readonly #budget: SeriesBudget;
  /** A number for method and status together → durations; their count is the number of requests. */
  readonly #durations = new Map<number, LabelledHistogram>();
  #closed = false;

  constructor(service: string, budget: SeriesBudget) {
    this.service = service;
    this.#budget = budget;
  }

  /** The exchange has been routed here; it counts until it ends. */
  begin(exchange: Exchange): void {
    exchange.meter = this;
    this.inFlight++;
  }

  ended(exchange: Exchange, elapsedMs: number): void {
    this.inFlight--;
    if (this.#closed) return;
    const key = methodIndex(exchange.method) * STATUSES + exchange.status;
    let durations = this.#durations.get(key);
    if (durations === undefined) {
      if (!this.#budget.take(1)) {
        this.#budget.refused++;
        return;
      }
      durations = new LabelledHistogram(
        labelText("duration", methodLabel(exchange.method), this.service, String(exchange.status)),
      );
      this.#durations.set(key, durations);
    }
    durations.observe(elapsedMs / 1000);
  }

  drained(elapsedMs: number, completed: number, cut: number): void {
    this.drainDuration.observe(elapsedMs / 1000);
    this.drainedCompleted += completed;
    this.drainedCut += cut;
  }

  /** Durations by method and status. */
  durations(): MetricSeries[] {
    return [...this.#durations.values()];
  }

  /** The service has gone: its place is free again. What is still on its way is not counted any more. */
  close(): void {
    this.#closed = true;
    this.#budget.giveBack(this.#durations.size);
    this.#durations.clear();
  }
}

/** Its labels are written once, not for every scrape. */
class LabelledHistogram extends Histogram {
  readonly labels: string;

  constructor(labels: string) {
    super(METRICS.duration.bounds);
    this.labels = labels;
  }
}

function methodIndex(method: string): number {
  return indexOfMethod.get(method) ?? OTHER;
}
