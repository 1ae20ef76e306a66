/** What the proxy of a host sends where: routes of the app that are missing, are of no role any more, or are other than configured. */
import type { Config, Proxy, Role } from "../../config/config.ts";
import { containerPrefix } from "../../config/names.ts";
import type { HostFacts, ListedContainer } from "../../remote/inventory-facts.ts";
import { type DeployTarget, deployFlags } from "../../remote/proxy-flags.ts";
import type { Route } from "../../remote/routes.ts";
import type { Difference } from "./difference.ts";
import { envFilesOf, isClaimedByOthers, isOurs, leadsTo, rolesIn, rolesOn, routeOf, wasOurs } from "./host-view.ts";
import { routeDrift } from "./route-drift.ts";

/** Of a role whose container is as it should be. */
export function compareRoute(
  config: Config,
  host: string,
  facts: HostFacts,
  role: Role,
  current: ListedContainer,
  version: string,
): Difference[] {
  const { proxy } = role;
  const service = containerPrefix(config, role);
  if (proxy === undefined) return [];
  const peers = role.hosts.map(({ name }) => name).filter((name) => name !== host);
  const target = { containerId: current.id.slice(0, 12), owner: { role: role.name }, version, peers };
  const action = { do: "route", role: role.name, version, container: current.name } as const;
  return differencesOf(config, proxy, target, { host, facts, service, action });
}

type Routed = {
  readonly host: string;
  readonly facts: HostFacts;
  readonly service: string;
  readonly action: Difference["action"];
};

/** Nothing is said of a proxy that does not answer: that is a difference of its own. */
export function differencesOf(
  config: Config,
  proxy: Proxy,
  target: DeployTarget,
  { action, facts, host, service }: Routed,
): Difference[] {
  if (facts.routes === undefined) return [];
  const route = routeOf(facts, service);
  const found = { host, subject: service, remedy: "reconcile tells the proxy anew", action } as const;
  if (route === undefined) {
    return [{ ...found, kind: "route-missing", text: `The proxy has no route to ${service}.` }];
  }
  const changed = [
    ...(leadsTo(route, { id: target.containerId }) ? [] : [`target ${route.targets.join(", ")}, which does not run`]),
    ...routeDrift(route, deployFlags(config, proxy, target)),
  ];
  return [
    ...(changed.length === 0
      ? []
      : [
          {
            ...found,
            kind: "route-changed" as const,
            text: `The route to ${service} is another: ${changed.join("; ")}.`,
          },
        ]),
    ...heldBack(host, route),
  ];
}

/** Somebody wanted it so. */
function heldBack(host: string, { service, state }: Route): Difference[] {
  if (state !== "paused" && state !== "stopped") return [];
  return [
    {
      host,
      subject: service,
      kind: "route-paused",
      text: `Requests to ${service} are held back: it is ${state}.`,
      remedy: "kdeploy app live lets them through",
      action: { do: "nothing" },
    },
  ];
}

/** Of this app, and of no role or accessory that is on this host. */
export function routesLeft(config: Config, host: string, facts: HostFacts): Difference[] {
  const wanted = new Set([
    ...rolesOn(config, host)
      .filter(({ proxy }) => proxy !== undefined)
      .map((role) => containerPrefix(config, role)),
    ...config.accessories.filter(({ hosts }) => hosts.includes(host)).map(({ service }) => service),
  ]);
  return (facts.routes ?? [])
    .filter((route) => !wanted.has(route.service) && isOurRoute(config, facts, route))
    .map(({ service }) => ({
      host,
      subject: service,
      kind: "route-left",
      text: `The proxy has a route to ${service} still, which is no role of this host any more.`,
      remedy: "reconcile takes it away",
      action: { do: "remove-route", service },
    }));
}

/** By the container that it leads to; where that is gone, by the names of roles that the app has had here. */
function isOurRoute(config: Config, facts: HostFacts, route: Route): boolean {
  const targets = facts.containers.filter((one) => leadsTo(route, one));
  if (targets.some(({ role }) => role !== ""))
    return targets.every((one) => isOurs(config, one) && wasOurs(config, facts, one.role));
  if (targets.length > 0) return false;
  const roles = new Set([
    ...config.roles.map(({ name }) => name),
    ...rolesIn(config, facts),
    ...envFilesOf(config, facts, "roles"),
  ]);
  const known = [...roles].some((name) => containerPrefix(config, { name }) === route.service);
  return known && !isClaimedByOthers(config, facts, "roles", route.service);
}
