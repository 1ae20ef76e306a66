/** The accessories of a host: what runs of them, in what state, and what is there of those that left. */
import type { Accessory, Config } from "../../config/config.ts";
import { run as runLine } from "../../remote/accessory.ts";
import { type ContainerFacts, detailsNamed, type HostFacts } from "../../remote/inventory-facts.ts";
import { readRun } from "../../remote/read-run.ts";
import { differencesOf } from "./compare-routes.ts";
import type { Comparison } from "./comparison.ts";
import type { Difference } from "./difference.ts";
import { driftOf, leavesData } from "./drift.ts";
import { envFilesOf, isClaimedByOthers, routeOf } from "./host-view.ts";
import { wholeServer } from "./same-server.ts";

export function compareAccessories(comparison: Comparison, host: string): Difference[] {
  const { config, selection } = comparison;
  const facts = comparison.facts.get(host);
  if (facts === undefined) return [];
  const selected = config.accessories.filter((accessory) => selection.accessoryHosts(accessory).includes(host));
  return [
    ...selected.flatMap((accessory) => compareAccessory(comparison, host, facts, accessory)),
    ...accessoriesLeft(wholeServer(comparison, host), host, facts),
  ];
}

function compareAccessory(comparison: Comparison, host: string, facts: HostFacts, accessory: Accessory): Difference[] {
  const { name, service } = accessory;
  const found = { host, subject: service } as const;
  const details = detailsNamed(facts, service);
  if (details === undefined) {
    return [
      {
        ...found,
        kind: "accessory-missing",
        text: `The accessory ${name} is not on this host.`,
        remedy: "reconcile starts it",
        action: { do: "boot-accessory", accessory: name },
      },
    ];
  }
  const run = readRun(runLine(comparison.config, accessory, host, false), facts.home);
  const changed = [
    ...driftOf({ run, secrets: comparison.secretsOf(accessory.env) }, details, facts),
    ...filesChanged(comparison, facts, accessory),
  ];
  const keepsData = !leavesData(
    run,
    details,
    accessory.files.map(({ remote }) => remote),
  );
  if (changed.length > 0) {
    const difference = {
      ...found,
      kind: "accessory-changed",
      text: `The accessory ${name} is not as it would be run now: ${changed.join(", ")}.`,
    } as const;
    if (!keepsData) {
      const remedy = `a new container would not find its data where they are: move them, then kdeploy accessory reboot ${name}`;
      return [{ ...difference, remedy, action: { do: "nothing" } }];
    }
    return [
      {
        ...difference,
        remedy: "reconcile restarts it with a new container; its data stays",
        action: { do: "reboot-accessory", accessory: name },
      },
    ];
  }
  return [
    ...stateOf(found, accessory, details, keepsData),
    ...routeTo(comparison.config, host, facts, accessory, details),
  ];
}

/** One whose owner lets nobody else read it is taken for the same. */
function filesChanged({ files }: Comparison, { checksums }: HostFacts, { name }: Accessory): string[] {
  return [...(files.get(name) ?? [])].flatMap(([path, wanted]) => {
    const there = checksums.get(path);
    if (there === undefined || there === "unreadable" || there === wanted) return [];
    return [there === "missing" ? `file ${path} is missing` : `file ${path} changed`];
  });
}

function stateOf(
  found: Pick<Difference, "host" | "subject">,
  { name }: Accessory,
  { health, status }: ContainerFacts,
  keepsData: boolean,
): Difference[] {
  if (status === "running" && health !== "unhealthy") return [];
  const state = status === "running" ? "unhealthy" : status;
  const stopped = status === "exited" || status === "created" || status === "dead";
  if (stopped && !keepsData) {
    const remedy = `kdeploy accessory start ${name}: a new container would not find its data`;
    const text = `The accessory ${name} is ${state}.`;
    return [{ ...found, kind: "accessory-missing", text, remedy, action: { do: "nothing" } }];
  }
  return [
    {
      ...found,
      kind: stopped ? "accessory-missing" : "accessory-unhealthy",
      text: `The accessory ${name} is ${state}.`,
      remedy: stopped ? "reconcile starts it anew; its data stays" : `kdeploy accessory logs ${name} says why`,
      action: stopped ? { do: "reboot-accessory", accessory: name } : { do: "nothing" },
    },
  ];
}

function routeTo(
  config: Config,
  host: string,
  facts: HostFacts,
  { name, proxy, service }: Accessory,
  { id, status }: ContainerFacts,
): Difference[] {
  if (proxy === undefined || status !== "running") return [];
  const containerId = id.slice(0, 12);
  const target = { containerId, owner: { accessory: name }, version: undefined, peers: [] };
  const action = { do: "route-accessory", accessory: name, container: containerId } as const;
  return differencesOf(config, proxy, target, { host, facts, service, action });
}

/**
 * Containers of accessories carry no name of an app. So only those count that this app has an env file of here and no other app has; and
 * those that the configuration has on other hosts.
 */
function accessoriesLeft(config: Config, host: string, facts: HostFacts): Difference[] {
  const moved = config.accessories.filter(({ hosts }) => !hosts.includes(host));
  const kept = new Set(config.accessories.filter(({ hosts }) => hosts.includes(host)).map(({ service }) => service));
  const names = envFilesOf(config, facts, "accessories");
  const services = new Map([
    ...names.map((name) => [`${config.service}-${name}`, name] as const),
    ...moved.filter(({ name }) => names.includes(name)).map(({ name, service }) => [service, name] as const),
  ]);
  return [...services].flatMap(([service, name]): Difference[] => {
    const there = facts.containers.some((one) => one.name === service && one.service === service && one.role === "");
    if (!there || kept.has(service)) return [];
    const where = moved.some((one) => one.name === name) ? "does not belong on this host" : "left the configuration";
    const found = { host, subject: service, kind: "accessory-left" } as const;
    const text = `The accessory ${name} ${where}; its container ${service} is here still`;
    if (isClaimedByOthers(config, facts, "accessories", service)) {
      const remedy = `it stays; docker rm --force ${service} on the host removes it, when nobody needs it`;
      return [{ ...found, text: `${text}, and another app may have it.`, remedy, action: { do: "nothing" } }];
    }
    const routed = routeOf(facts, service) !== undefined;
    const remedy = `reconcile removes ${routed ? "its route and " : ""}its container; its volumes and the directory ${service} stay`;
    return [{ ...found, text: `${text}.`, remedy, action: { do: "remove-accessory", service, routed } }];
  });
}
