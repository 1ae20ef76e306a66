/** What drifted is made anew: containers of the app by the ordinary boot, so that no request is lost, routes, accessories, proxies. */
import type { Proxy } from "../../config/config.ts";
import { containerPrefix } from "../../config/names.ts";
import { bootGroups, placesOn } from "../../plan/boot-steps.ts";
import type { Place, Plan } from "../../plan/step.ts";
import { runningId } from "../../remote/app-lookup.ts";
import { type DeployTarget, deployFlags } from "../../remote/proxy-flags.ts";
import { executePlan } from "../executor.ts";
import { inStep } from "../in-step.ts";
import { bootAccessory } from "../job/boot-accessory.ts";
import { bootProxy } from "../job/boot-proxy.ts";
import { prepareFiles } from "../job/prepare-files.ts";
import { onHosts } from "../on-hosts.ts";
import { replaceAccessories } from "../operation/accessory-replace.ts";
import { answer } from "../operation/answers.ts";
import { ensureImage } from "../operation/app-boot.ts";
import { rebootProxies } from "../operation/proxy-reboot.ts";
import { throwIfCancelled } from "../pause.ts";
import { byHost, placed } from "../place.ts";
import { ProxySwitch } from "../proxy-switch.ts";
import { type Work, workWith } from "../work.ts";
import { type Difference, type Doing, doing } from "./difference.ts";

export async function startProxies(work: Work, differences: readonly Difference[]): Promise<void> {
  const hosts = hostsOf(doing(differences, "boot-proxy"));
  if (hosts.length > 0) await bootProxy(work, { kind: "boot-proxy", networkHosts: hosts, hosts });
}

/** One host after another. */
export async function replaceProxies(work: Work, differences: readonly Difference[]): Promise<void> {
  const proxyHosts = hostsOf(doing(differences, "reboot-proxy"));
  if (proxyHosts.length === 0) return;
  await rebootProxies(workWith(work, { selection: { ...work.selection, proxyHosts } }), { rolling: true });
}

/** In the order of the configuration: one may need another. */
export async function renewAccessories(work: Work, differences: readonly Difference[]): Promise<void> {
  for (const accessory of work.config.accessories) {
    const { name, proxy, service } = accessory;
    throwIfCancelled(work.signal);
    const boots = hostsOf(doing(differences, "boot-accessory").filter(({ action }) => action.accessory === name));
    if (boots.length > 0) await bootAccessory(work, { kind: "boot-accessory", accessory: name, hosts: boots });
    const reboots = hostsOf(doing(differences, "reboot-accessory").filter(({ action }) => action.accessory === name));
    if (reboots.length > 0) {
      const selection = { ...work.selection, accessoryHosts: () => reboots };
      await replaceAccessories(workWith(work, { selection }), name, { what: "Reboot", rolling: false });
    }
    const routes = doing(differences, "route-accessory").filter(({ action }) => action.accessory === name);
    const owner = { accessory: name };
    await onHosts(work, hostsOf(routes), async (host) => {
      const containerId = routes.find((one) => one.host === host)?.action.container ?? "";
      if (proxy === undefined) return;
      await tellProxy(work, host, service, proxy, { containerId, owner, version: undefined, peers: [] });
    });
  }
}

/** Each version by itself, in one go on all hosts: they are all new, or all as they were. */
export async function bootRoles(work: Work, differences: readonly Difference[]): Promise<void> {
  const boots = doing(differences, "boot");
  const versions = Map.groupBy(boots, ({ action }) => action.version);
  for (const [version, all] of versions) {
    throwIfCancelled(work.signal);
    const places = placesOf(work, all);
    const hosts = [...byHost(places).keys()];
    await inStep(work, `Check that every host has ${version}`, hosts, () =>
      onHosts(work, hosts, (host) => ensureImage(work, host, version)),
    );
    work.state.takeover = "before";
    await executePlan(workWith(work, { version }), bootPlan(work, version, places, versions.size === 1));
  }
}

/** To the containers that run. */
export async function renewRoutes(work: Work, differences: readonly Difference[]): Promise<void> {
  const routes = doing(differences, "route");
  if (routes.length === 0) return;
  for (const [version, all] of Map.groupBy(routes, ({ action }) => action.version)) {
    await prepareFiles(work, { kind: "prepare-files", version, places: placesOf(work, all) });
  }
  const hosts = hostsOf(routes);
  await inStep(work, "Tell the proxy of its routes", hosts, () =>
    onHosts(work, hosts, async (host) => {
      for (const one of routes.filter((route) => route.host === host)) await routeRole(work, host, one);
    }),
  );
}

async function routeRole(work: Work, host: string, { action }: Doing<"route">): Promise<void> {
  const { role } = placed(work, { host, role: action.role });
  const { proxy } = role;
  const containerId = await answer(work, host, runningId(action.container), { level: "debug" });
  if (proxy === undefined || containerId === "") return;
  const peers = role.hosts.map(({ name }) => name).filter((name) => name !== host);
  const target = { containerId, owner: { role: role.name }, version: action.version, peers };
  await tellProxy(work, host, containerPrefix(work.config, role), proxy, target);
}

/** Ends when it is healthy and has the requests. */
async function tellProxy(work: Work, host: string, service: string, proxy: Proxy, target: DeployTarget): Promise<void> {
  const flags = (containerId: string): string[] => deployFlags(work.config, proxy, { ...target, containerId });
  const route = new ProxySwitch(work, host, { service, twoPhase: false, flags });
  await route.prepare(target.containerId, work.signal);
  throwIfCancelled(work.signal);
  await route.commit();
}

/** Where other versions run beside this one, nothing says which of them is the latest. */
function bootPlan(work: Work, version: string, places: readonly Place[], isOnly: boolean): Plan {
  const { config, selection } = work;
  const isMeant = (one: Place): boolean => places.some(({ host, role }) => host === one.host && role === one.role);
  const groups = bootGroups(config, selection)
    .map((group) => ({ hosts: group.hosts, places: group.places.filter(isMeant) }))
    .map((group) => ({ ...group, hosts: group.hosts.filter((host) => group.places.some((one) => one.host === host)) }))
    .filter((group) => group.places.length > 0);
  const hosts = groups.flatMap((group) => group.hosts);
  const { parallelRoles, waitSeconds } = config.boot;
  return {
    name: "reconcile",
    version,
    steps: [
      { kind: "prepare-files", version, places },
      { kind: "boot-version", version, groups, waitSeconds, parallelRoles, rollback: false },
      ...(isOnly ? [{ kind: "tag-latest", version, hosts } as const] : []),
      { kind: "record-hosts", hosts },
    ],
  };
}

/** In the order in which a deploy takes them. */
function placesOf(work: Work, all: readonly (Doing<"boot"> | Doing<"route">)[]): Place[] {
  return placesOn(work.selection, work.selection.appHosts).filter(({ host, role }) =>
    all.some((one) => one.host === host && one.action.role === role),
  );
}

function hostsOf(differences: readonly Difference[]): string[] {
  return [...new Set(differences.flatMap(({ host }) => host ?? []))];
}
