/** The roles of a host: what runs of them, what does not, and what should not. */
import type { Config, Role } from "../../config/config.ts";
import { containerPrefix } from "../../config/names.ts";
import { run } from "../../remote/app.ts";
import type { HostFacts, ListedContainer } from "../../remote/inventory-facts.ts";
import { readRun } from "../../remote/read-run.ts";
import { compareRoute } from "./compare-routes.ts";
import type { Comparison } from "./comparison.ts";
import type { Difference } from "./difference.ts";
import { driftOf } from "./drift.ts";
import { containersOf, currentOf, isOurs, rolesIn, rolesOn, runs, versionOf, wasOurs } from "./host-view.ts";
import { wholeServer } from "./same-server.ts";

/** Of one host; `deployed` is the version of the app, when all that runs anywhere has the same. */
export function compareApp(comparison: Comparison, host: string, deployed: string | undefined): Difference[] {
  const facts = comparison.facts.get(host);
  if (facts === undefined) return [];
  return [
    ...comparison.selection.rolesOn(host).flatMap((role) => compareRole(comparison, host, facts, role, deployed)),
    ...rolesLeft(wholeServer(comparison, host), host, facts),
  ];
}

/** Versions of the app that run, with the hosts that they run on. */
export function versionsOf({ config, facts }: Comparison): ReadonlyMap<string, readonly string[]> {
  const versions = new Map<string, string[]>();
  for (const [host, here] of facts) {
    for (const role of rolesOn(config, host)) {
      const current = currentOf(config, here, role);
      if (current === undefined) continue;
      const version = versionOf(config, current);
      const hosts = versions.get(version) ?? [];
      versions.set(version, hosts.includes(host) ? hosts : [...hosts, host]);
    }
  }
  return versions;
}

export function compareVersions(versions: ReadonlyMap<string, readonly string[]>, config: Config): Difference[] {
  if (versions.size < 2) return [];
  const all = [...versions].map(([version, hosts]) => `${version} on ${hosts.join(", ")}`);
  return [
    {
      host: undefined,
      subject: config.appId,
      kind: "versions-mixed",
      text: `The hosts do not run the same version: ${all.join("; ")}.`,
      remedy: "kdeploy deploy, or kdeploy redeploy --version VERSION, brings all of them to one version",
      action: { do: "nothing" },
    },
  ];
}

function compareRole(
  comparison: Comparison,
  host: string,
  facts: HostFacts,
  role: Role,
  deployed: string | undefined,
): Difference[] {
  const { config } = comparison;
  const current = currentOf(config, facts, role);
  if (current === undefined) return [missing(host, facts, role, config, deployed)];
  const changed = driftOfRole(comparison, host, facts, role, current);
  const version = versionOf(config, current);
  if (changed.length > 0) {
    return [
      {
        host,
        subject: current.name,
        kind: "container-changed",
        text: `${current.name} is not as it would be run now: ${changed.join(", ")}.`,
        remedy: `reconcile boots the same version anew beside it${role.proxy === undefined ? "" : ", and sends requests over"}`,
        action: { do: "boot", role: role.name, version },
      },
      ...staleOf(config, host, facts, role, current),
    ];
  }
  return [...staleOf(config, host, facts, role, current), ...compareRoute(config, host, facts, role, current, version)];
}

function driftOfRole(
  { config, secretsOf }: Comparison,
  host: string,
  facts: HostFacts,
  role: Role,
  current: ListedContainer,
): string[] {
  const details = facts.details.get(current.id);
  const roleHost = role.hosts.find(({ name }) => name === host);
  if (details === undefined || roleHost === undefined) return [];
  const line = run(config, role, { version: versionOf(config, current), host: roleHost, exported: false });
  return driftOf({ run: readRun(line, facts.home), secrets: secretsOf(roleHost.env) }, details, facts);
}

function missing(host: string, facts: HostFacts, role: Role, config: Config, deployed: string | undefined): Difference {
  const stopped = containersOf(config, facts, role.name).length > 0;
  const text = stopped ? `${role.name} is stopped on this host.` : `${role.name} is not on this host.`;
  const found = { host, subject: containerPrefix(config, role), kind: "role-missing", text } as const;
  return deployed === undefined
    ? { ...found, remedy: "kdeploy deploy starts it", action: { do: "nothing" } }
    : { ...found, remedy: `reconcile boots ${deployed}`, action: { do: "boot", role: role.name, version: deployed } };
}

/** Beside the one that serves, as an interrupted deploy leaves them. */
function staleOf(config: Config, host: string, facts: HostFacts, role: Role, current: ListedContainer): Difference[] {
  return containersOf(config, facts, role.name)
    .filter((one) => runs(one) && one.id !== current.id)
    .map(({ name }) => ({
      host,
      subject: name,
      kind: "container-stale" as const,
      text: `${name} runs beside ${current.name}, and serves nothing.`,
      remedy: "reconcile stops it",
      action: { do: "stop-container" as const, role: role.name, name },
    }));
}

/** Roles that have containers where they do not belong, in any state. */
function rolesLeft(config: Config, host: string, facts: HostFacts): Difference[] {
  const belong = new Set(rolesOn(config, host).map(({ name }) => name));
  return rolesIn(config, facts)
    .filter((role) => !belong.has(role))
    .map((role) => {
      const all = containersOf(config, facts, role).filter((one) => isOurs(config, one));
      const running = all.filter(runs).length;
      const known = config.roles.some(({ name }) => name === role);
      const where = known ? "does not belong on this host any more" : "left the configuration";
      const left = [
        running > 0 ? `${running} running` : "",
        running < all.length ? `${all.length - running} stopped` : "",
      ];
      const found = {
        host,
        subject: containerPrefix(config, { name: role }),
        kind: "role-left",
        text: `The role ${role} ${where}; its containers are here still: ${left.filter((one) => one !== "").join(", ")}.`,
      } as const;
      if (!wasOurs(config, facts, role)) {
        const remedy = "they stay: this user never ran it here, so another project of the same name may have them";
        return { ...found, remedy, action: { do: "nothing" } };
      }
      return {
        ...found,
        remedy: "reconcile takes its route away, then stops and removes them",
        action: { do: "remove-containers", role, names: all.map(({ name }) => name) },
      };
    });
}
