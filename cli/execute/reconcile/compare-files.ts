/** Files of the app on a host that no role, accessory or version of it has any use for. */
import type { Config } from "../../config/config.ts";
import { accessoryEnvFile, appDirectory, proxyAppDirectory, roleEnvFile } from "../../config/names.ts";
import { hasAssets } from "../../remote/app-assets.ts";
import type { HostFacts } from "../../remote/inventory-facts.ts";
import type { Difference } from "./difference.ts";
import { envFilesOf, isOurs, rolesOn, runs, versionOf } from "./host-view.ts";

export function filesLeft(config: Config, host: string, facts: HostFacts): Difference[] {
  const paths = [
    ...envFilesLeft(config, host, facts),
    ...assetsLeft(config, host, facts),
    ...errorPagesLeft(config, facts),
    ...certificatesLeft(config, host, facts),
  ];
  if (paths.length === 0) return [];
  return [
    {
      host,
      subject: config.appId,
      kind: "files-left",
      text: `Nothing uses these any more: ${paths.join(", ")}.`,
      remedy: "reconcile removes them",
      action: { do: "remove-files", paths },
    },
  ];
}

/** Secrets of what is gone. */
function envFilesLeft(config: Config, host: string, facts: HostFacts): string[] {
  const roles = new Set(rolesOn(config, host).map(({ name }) => name));
  const accessories = new Set(config.accessories.filter(({ hosts }) => hosts.includes(host)).map(({ name }) => name));
  return [
    ...envFilesOf(config, facts, "roles")
      .filter((name) => !roles.has(name))
      .map((name) => roleEnvFile(config, { name })),
    ...envFilesOf(config, facts, "accessories")
      .filter((name) => !accessories.has(name))
      .map((name) => accessoryEnvFile(config, { name })),
  ];
}

/** Directories are called ROLE-VERSION: those of a role's former versions are cleared away by its next deploy. */
function assetsLeft(config: Config, host: string, facts: HostFacts): string[] {
  const roles = rolesOn(config, host).filter(hasAssets);
  const kinds = ["extracted", "volumes"].map((kind) => `${appDirectory(config)}/assets/${kind}/`);
  return facts.paths.filter((path) => {
    const kind = kinds.find((one) => path.startsWith(one));
    return kind !== undefined && !roles.some(({ name }) => path.slice(kind.length).startsWith(`${name}-`));
  });
}

function errorPagesLeft(config: Config, facts: HostFacts): string[] {
  const before = `${proxyAppDirectory(config)}/error_pages/`;
  const running = facts.containers.filter((one) => isOurs(config, one) && runs(one));
  const versions = new Set(config.errorPagesPath === undefined ? [] : running.map((one) => versionOf(config, one)));
  return directlyBelow(facts, before).filter((path) => !versions.has(path.slice(before.length)));
}

function certificatesLeft(config: Config, host: string, facts: HostFacts): string[] {
  const before = `${proxyAppDirectory(config)}/tls/`;
  const roles = rolesOn(config, host).filter(({ proxy }) => proxy?.certificate !== undefined);
  const accessories = config.accessories.filter(
    ({ hosts, proxy }) => hosts.includes(host) && proxy?.certificate !== undefined,
  );
  const used = new Set([
    ...roles.map(({ name }) => `${before}${name}`),
    ...accessories.map(({ name }) => `${before}accessories/${name}`),
  ]);
  const all = [...directlyBelow(facts, before), ...directlyBelow(facts, `${before}accessories/`)];
  return all.filter((path) => path !== `${before}accessories` && !used.has(path));
}

function directlyBelow({ paths }: HostFacts, before: string): string[] {
  return paths.filter((path) => path.startsWith(before) && !path.slice(before.length).includes("/"));
}
