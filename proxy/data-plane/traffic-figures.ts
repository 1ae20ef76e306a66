/** What a data plane can say about its traffic at one moment: the counters of its metrics, and gauges read off its parts. */
import type { ClientCounters } from "../client/context.ts";
import type { EventLog } from "../observe/event-log.ts";
import type { LineWriter } from "../observe/line-writer.ts";
import type { Metrics } from "../observe/metrics.ts";
import { labelText, type MetricFamily, type MetricSeries } from "../observe/metrics-catalogue.ts";
import type { TargetMetrics } from "../observe/target-metrics.ts";
import type { TargetRoute } from "../route/routing-table.ts";
import type { Service } from "../service/service.ts";
import type { Target } from "../target/target.ts";

export type TrafficParts = {
  readonly metrics: Metrics;
  readonly services: Iterable<Service>;
  /** Those that serve, and retired ones that still have something in flight. */
  readonly targets: Iterable<Target>;
  readonly clients: ClientCounters;
  readonly lines: LineWriter;
  readonly log: EventLog;
};

export function trafficFigures(parts: TrafficParts): MetricFamily[] {
  const { clients, lines, log } = parts;
  const services = [...parts.services];
  const targets = [...parts.targets].filter(isMetered);
  const routes = new Map(services.flatMap((service) => service.route.targets).map((route) => [route.id, route]));
  const routed = targets.flatMap((target) => {
    const route = routes.get(target.id);
    return route ? [{ labels: target.meter.labels, route }] : [];
  });
  const ofRoute = (value: (route: TargetRoute) => boolean): MetricSeries[] =>
    routed.map(({ labels, route }) => ({ labels, values: [value(route) ? 1 : 0] }));
  return [
    ...parts.metrics.families(),
    {
      metric: "waiting",
      series: services.map(({ name, waitingRoom }) => ({
        labels: labelText("waiting", name),
        values: [waitingRoom.size],
      })),
    },
    { metric: "targetHealthy", series: ofRoute(({ healthy, inRotation }) => healthy ?? inRotation) },
    { metric: "targetInRotation", series: ofRoute(({ inRotation }) => inRotation) },
    {
      metric: "targetInFlight",
      series: targets.map(({ meter, inFlight }) => ({ labels: meter.labels, values: [inFlight.size] })),
    },
    { metric: "poolConnections", series: targets.flatMap(poolSeries) },
    single("clientConnections", clients.connections),
    single("clientConnectionsAccepted", clients.accepted),
    {
      metric: "rejected",
      series: Array.from(clients.rejectedByStatus, ([status, count]) => ({
        labels: labelText("rejected", String(status)),
        values: [count],
      })),
    },
    single("logLinesDropped", lines.dropped),
    single("logLinesSuppressed", log.suppressed),
  ];
}

type MeteredTarget = Target & { readonly meter: TargetMetrics };

function isMetered(target: Target): target is MeteredTarget {
  return target.meter !== null;
}

function poolSeries({ meter, idleConnections }: MeteredTarget): MetricSeries[] {
  const series = (state: string, count: number): MetricSeries => ({
    labels: labelText("poolConnections", meter.release, meter.service.service, state, meter.name),
    values: [count],
  });
  return [series("idle", idleConnections), series("busy", meter.opened - meter.closed - idleConnections)];
}

function single(metric: MetricFamily["metric"], value: number): MetricFamily {
  return { metric, series: [{ labels: "", values: [value] }] };
}
