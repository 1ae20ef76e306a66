/** The figures of one data plane's traffic: services and targets get their counters here, and lose them when they go. */
import { METRICS_LIMITS } from "../limits.ts";
import { labelText, type MetricFamily, type MetricSeries } from "./metrics-catalogue.ts";
import { SeriesBudget } from "./series-budget.ts";
import { ServiceMetrics } from "./service-metrics.ts";
import { SERIES_PER_TARGET, TargetMetrics } from "./target-metrics.ts";

/** What is there now, whatever it maps to. */
type Present = { has(key: string): boolean };

/** Exists only while metrics are asked for; where it is null, nothing is counted and nothing costs. */
export class Metrics {
  /** Requests for hosts and paths that no service has. */
  readonly unrouted: ServiceMetrics;
  readonly #budget: SeriesBudget;
  readonly #goneTargetMs: number;
  readonly #services = new Map<string, ServiceMetrics>();
  readonly #targets = new Map<string, TargetMetrics>();

  constructor(limits: Partial<typeof METRICS_LIMITS> = {}) {
    this.#budget = new SeriesBudget(limits.maxSeries ?? METRICS_LIMITS.maxSeries);
    this.#goneTargetMs = limits.goneTargetMs ?? METRICS_LIMITS.goneTargetMs;
    this.unrouted = new ServiceMetrics("", this.#budget);
  }

  service(name: string): ServiceMetrics {
    let service = this.#services.get(name);
    if (!service) {
      service = new ServiceMetrics(name, this.#budget);
      this.#services.set(name, service);
    }
    return service;
  }

  /**
   * The counters of a target; null when there is no room for more.
   * @param version of the table that brought it, which stands for the release: all targets of one deploy have the same
   */
  target(id: string, address: string, service: ServiceMetrics, version: number): TargetMetrics | null {
    let target = this.#targets.get(id);
    if (!target) {
      if (!this.#budget.take(SERIES_PER_TARGET)) {
        this.#budget.refused++;
        return null;
      }
      target = new TargetMetrics(service, address, this.#release(service, address, version));
      this.#targets.set(id, target);
    }
    return target;
  }

  /** Forgets services that are gone, with all they had, and targets that have been gone for a while. */
  keep(services: Present, targets: Present): void {
    const now = performance.now();
    for (const [name, service] of this.#services) {
      if (services.has(name)) continue;
      service.close();
      this.#services.delete(name);
    }
    for (const [id, target] of this.#targets) {
      if (targets.has(id)) target.goneAt = 0;
      else if (target.goneAt === 0) target.goneAt = now;
      const removed = this.#services.get(target.service.service) !== target.service;
      if (!removed && (target.goneAt === 0 || now - target.goneAt < this.#goneTargetMs)) continue;
      this.#targets.delete(id);
      this.#budget.giveBack(SERIES_PER_TARGET);
    }
  }

  /** One address may serve twice in one table, as reader and writer say; their series must not be the same. */
  #release(service: ServiceMetrics, address: string, version: number): string {
    const taken = (release: string): boolean =>
      Array.from(this.#targets.values()).some(
        (target) => target.service === service && target.name === address && target.release === release,
      );
    let release = String(version);
    for (let twin = 2; taken(release); twin++) release = `${version}-${twin}`;
    return release;
  }

  families(): MetricFamily[] {
    const services = [...this.#services.values()];
    const targets = [...this.#targets.values()];
    const durations = [...services, this.unrouted].flatMap((service) => service.durations());
    const ofService = (values: (service: ServiceMetrics) => ArrayLike<number>): MetricSeries[] =>
      services.map((service) => ({ labels: labelText("inFlight", service.service), values: values(service) }));
    const ofTarget = (values: (target: TargetMetrics) => ArrayLike<number>): MetricSeries[] =>
      targets.map((target) => ({ labels: target.labels, values: values(target) }));
    return [
      { metric: "requests", series: durations.map(({ labels, values }) => ({ labels, values: [countOf(values)] })) },
      { metric: "duration", series: durations },
      { metric: "inFlight", series: ofService((service) => [service.inFlight]) },
      { metric: "drainDuration", series: ofService((service) => service.drainDuration.values) },
      { metric: "drainedRequests", series: services.flatMap(drainedSeries) },
      { metric: "targetRequests", series: targets.flatMap(classSeries) },
      { metric: "targetDuration", series: ofTarget((target) => target.duration.values) },
      { metric: "responseTime", series: ofTarget((target) => target.responseTime.values) },
      { metric: "connectTime", series: ofTarget((target) => target.connectTime.values) },
      { metric: "targetFailures", series: targets.flatMap(failureSeries) },
      { metric: "connectionsOpened", series: ofTarget((target) => [target.opened]) },
      { metric: "connectionsReused", series: ofTarget((target) => [target.reused]) },
      { metric: "staleRetries", series: ofTarget((target) => [target.staleRetries]) },
      { metric: "seriesRefused", series: [{ labels: "", values: [this.#budget.refused] }] },
    ];
  }
}

/** Of a histogram: everything but the sum. */
function countOf(values: ArrayLike<number>): number {
  let count = 0;
  for (let index = 0; index < values.length - 1; index++) count += values[index] ?? 0;
  return count;
}

function drainedSeries({ service, drainedCompleted, drainedCut }: ServiceMetrics): MetricSeries[] {
  return [
    { labels: labelText("drainedRequests", "completed", service), values: [drainedCompleted] },
    { labels: labelText("drainedRequests", "cut", service), values: [drainedCut] },
  ];
}

/** All classes from the start: a rate needs the zero before the first error. */
function classSeries(target: TargetMetrics): MetricSeries[] {
  return [1, 2, 3, 4, 5].map((digit) => ({
    labels: labelText("targetRequests", target.release, target.service.service, `${digit}xx`, target.name),
    values: [target.byClass[digit] as number],
  }));
}

function failureSeries(target: TargetMetrics): MetricSeries[] {
  return Array.from(target.failures, ([reason, count]) => ({
    labels: labelText("targetFailures", reason, target.release, target.service.service, target.name),
    values: [count],
  }));
}
