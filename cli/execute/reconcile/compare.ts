/** What is on the servers against what the configuration says: facts of hosts in, all that differs out, host by host. */
import type { Config } from "../../config/config.ts";
import { PROXY_CONTAINER } from "../../config/names.ts";
import { detailsNamed, type HostFacts } from "../../remote/inventory-facts.ts";
import { compareAccessories } from "./compare-accessories.ts";
import { compareApp, compareVersions, versionsOf } from "./compare-app.ts";
import { filesLeft } from "./compare-files.ts";
import { compareProxy } from "./compare-proxy.ts";
import { routesLeft } from "./compare-routes.ts";
import type { Comparison } from "./comparison.ts";
import type { Difference } from "./difference.ts";
import { envFilesOf, isOurs, rolesOn, wasOurs } from "./host-view.ts";
import { isSameServer, wholeServer } from "./same-server.ts";

export function compare(comparison: Comparison): Difference[] {
  const { config, facts, former, selection } = comparison;
  const versions = versionsOf(comparison);
  const [deployed] = versions.size === 1 ? versions.keys() : [];
  const hosts = [...facts].flatMap(([host, here]) => [
    ...(selection.proxyHosts.includes(host) ? compareProxy(config, host, here) : []),
    ...compareApp(comparison, host, deployed),
    ...routesLeft(wholeServer(comparison, host), host, here),
    ...compareAccessories(comparison, host),
    // Of roles that nobody asked for it is not known what they use.
    ...(selection.rolesOn(host).length < rolesOn(config, host).length
      ? []
      : filesLeft(wholeServer(comparison, host), host, here)),
  ]);
  return [
    ...compareVersions(versions, config),
    ...hosts,
    ...[...former].flatMap(([host, there]) =>
      typeof there === "string" ? [unreachable(host, there)] : compareFormer(comparison, host, there),
    ),
  ];
}

/** Whether there is anything of the app; a former host without is not worth a word. */
function compareFormer(comparison: Comparison, host: string, facts: HostFacts): Difference[] {
  const { config } = comparison;
  const [sameServer] = [...comparison.facts].find(([, one]) => isSameServer(one, facts)) ?? [];
  if (sameServer !== undefined) return [renamed(host, sameServer)];
  const withIt = { ...comparison, facts: new Map([...comparison.facts, [host, facts]]) };
  const left = [
    ...compareApp(withIt, host, undefined),
    ...routesLeft(wholeServer(withIt, host), host, facts),
    ...compareAccessories(withIt, host),
  ];
  if (left.length === 0 && !ofThisApp(config, facts)) return [];
  const { removesImages, removesProxy } = leavable(config, facts);
  const also = [removesImages ? "the images" : "", removesProxy ? "the proxy, which no other app uses" : ""];
  return [
    ...left,
    {
      host,
      subject: host,
      kind: "host-left",
      text: `${host} left the configuration; files of the app are there still.`,
      remedy: `reconcile removes ${["them", ...also].filter((one) => one !== "").join(", ")}`,
      action: { do: "leave-host", removesImages, removesProxy },
    },
  ];
}

function ofThisApp({ appId }: Config, { paths }: HostFacts): boolean {
  return paths.some(
    (path) => path.startsWith(`.kamal/apps/${appId}/`) || path.startsWith(`.kamal/proxy/apps-config/${appId}/`),
  );
}

/** Images are one for all destinations of a service; the proxy is one for all apps. */
function leavable(
  config: Config,
  facts: HostFacts,
): { readonly removesImages: boolean; readonly removesProxy: boolean } {
  const others = facts.containers.filter(
    (one) => one.role !== "" && !(isOurs(config, one) && wasOurs(config, facts, one.role)),
  );
  const left = new Set([
    ...routesLeft(config, "", facts).map(({ subject }) => subject),
    ...accessoryServices(config, facts),
  ]);
  const otherApps = facts.paths.some(
    (path) => /^\.kamal\/apps\/([^/]+)/.exec(path)?.[1] !== config.appId && path.startsWith(".kamal/apps/"),
  );
  const proxy = detailsNamed(facts, PROXY_CONTAINER);
  // One that runs and does not answer may have routes of anybody.
  const otherRoutes =
    facts.routes === undefined ? proxy?.status === "running" : facts.routes.some(({ service }) => !left.has(service));
  return {
    removesImages: !others.some(({ service }) => service === config.service),
    removesProxy: proxy !== undefined && others.length === 0 && !otherApps && !otherRoutes,
  };
}

/** They may be behind the proxy, too. */
function accessoryServices(config: Config, facts: HostFacts): string[] {
  const names = envFilesOf(config, facts, "accessories");
  return [...config.accessories.map(({ service }) => service), ...names.map((name) => `${config.service}-${name}`)];
}

/** By its former name nothing is removed there: the app runs on it. */
function renamed(host: string, now: string): Difference {
  return {
    host,
    subject: host,
    kind: "host-left",
    text: `${host} left the configuration, but is the same server as ${now}.`,
    remedy: "reconcile forgets the name, and changes nothing there",
    action: { do: "forget-host" },
  };
}

function unreachable(host: string, why: string): Difference {
  return {
    host,
    subject: host,
    kind: "host-left",
    text: `${host} left the configuration, and cannot be asked what is there: ${why}`,
    remedy: `reconcile --forget ${host} has it forgotten, when it is gone for good`,
    action: { do: "nothing" },
  };
}
