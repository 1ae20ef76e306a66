/** Checks that span several sections, in the order in which the original makes them. Config-schema §2. */
import type { Config, Proxy } from "./config.ts";
import type { Draft } from "./draft.ts";
import { COMPATIBLE_KAMAL_VERSION, compareVersions } from "./kamal-version.ts";
import { namesOriginalProxy } from "./proxy-image.ts";

const HOOK_LEVELS = ["quiet", "verbose"];

/** Issues go to the draft. The files that a configuration names are `local-files.ts`'s business. */
export function crossCheck(draft: Draft, config: Config): void {
  checkDestination(draft, config);
  checkPresence(draft, config);
  checkRoles(draft, config);
  checkVersion(draft);
  if (config.retainContainers < 1) draft.refuse(["retain_containers"], "must be at least 1");
  if (config.service !== "" && !/^[a-z0-9_-]+$/i.test(config.service)) {
    draft.refuse(["service"], "can only include alphanumeric characters, hyphens, and underscores");
  } else if (/^[-_]/.test(config.service)) {
    draft.refuse(["service"], "must begin with a letter or digit, as a container's name does");
  }
  checkSslServers(draft, config);
  checkSslHosts(draft, config);
  checkRemoteBuilder(draft, config);
  checkProxyRuns(draft, config);
  checkHookLevels(draft);
}

function checkDestination(draft: Draft, config: Config): void {
  if (config.requireDestination && config.destination === undefined)
    draft.refuse(["require_destination"], "must specify a destination: add -d NAME");
}

function checkPresence(draft: Draft, config: Config): void {
  const { input } = draft;
  if (input.service === undefined) draft.refuse(["service"], "is required");
  if (input.registry === undefined) draft.refuse(["registry"], "is required");
  if (config.image === "") draft.refuse(["image"], "is required");
  if (input.builder === undefined) draft.refuse(["builder"], "Builder arch not set: builder with arch is required");
  if (input.servers === undefined && config.accessories.length === 0)
    draft.refuse(["servers"], "is required, unless there are accessories");
}

function checkRoles(draft: Draft, config: Config): void {
  if (draft.input.servers === undefined) return;
  const primary = config.roles.find((role) => role.primary);
  if (primary === undefined) {
    const path = draft.input.primary_role === undefined ? "servers" : "primary_role";
    draft.refuse([path], `the primary role ${config.primaryRole} isn't defined in servers`);
  } else if (primary.hosts.length === 0) {
    draft.refuse(pathOfRole(draft, primary.name), `no servers specified for the primary role ${primary.name}`);
  }
  if (config.allowEmptyRoles) return;
  for (const role of config.roles.filter((one) => !one.primary && one.hosts.length === 0)) {
    draft.refuse(
      pathOfRole(draft, role.name),
      `no servers specified for the role ${role.name}; allow_empty_roles: true permits that`,
    );
  }
}

function checkVersion(draft: Draft): void {
  const wanted = draft.input.minimum_version;
  if (wanted === undefined || compareVersions(wanted, COMPATIBLE_KAMAL_VERSION) <= 0) return;
  draft.refuse(
    ["minimum_version"],
    `the file wants Kamal ${wanted}; this program does what Kamal ${COMPATIBLE_KAMAL_VERSION} does`,
  );
}

/** Only the original's proxy cannot share certificates between servers. */
function checkSslServers(draft: Draft, config: Config): void {
  for (const role of config.roles) {
    if (!usesAutomaticSsl(role.proxy) || role.hosts.length < 2 || !namesOriginalProxy(role.proxy?.run)) continue;
    draft.refuse(
      pathOfRole(draft, role.name),
      `SSL is only available on a single server unless you use custom certificates, found ${role.hosts.length} servers for role ${role.name}`,
    );
  }
}

function checkSslHosts(draft: Draft, config: Config): void {
  const firstRole = new Map<string, string>();
  for (const role of config.roles.filter((one) => one.proxy?.ssl)) {
    for (const host of new Set(role.proxy?.hosts)) {
      if (firstRole.has(host)) {
        draft.refuse(
          pathOfRole(draft, role.name),
          `roles ${firstRole.get(host)} and ${role.name} can't share the same host for SSL: ${host}`,
        );
      } else {
        firstRole.set(host, role.name);
      }
    }
  }
}

function checkRemoteBuilder(draft: Draft, config: Config): void {
  const { remote } = config.builder;
  if (config.registry.localPort === undefined || remote === undefined || remote.startsWith("ssh://")) return;
  draft.refuse(["builder", "remote"], "a local registry with a remote builder needs an ssh:// URL");
}

function checkProxyRuns(draft: Draft, config: Config): void {
  const users = [
    ...config.roles.map((role) => ({
      path: pathOfRole(draft, role.name),
      proxy: role.proxy,
      hosts: role.hosts.map((host) => host.name),
    })),
    ...config.accessories.map((one) => ({ path: ["accessories", one.name], proxy: one.proxy, hosts: one.hosts })),
  ];
  const runs = new Map<string, string>();
  const refused = new Set<string>();
  for (const { path, proxy, hosts } of users) {
    if (proxy?.run === undefined) continue;
    const run = JSON.stringify(proxy.run);
    for (const host of hosts) {
      if ((runs.get(host) ?? run) !== run && !refused.has(host)) {
        draft.refuse([...path, "proxy", "run"], `conflicting proxy run configurations for host ${host}`);
        refused.add(host);
      }
      runs.set(host, run);
    }
  }
}

function checkHookLevels(draft: Draft): void {
  const output = draft.input.hooks_output;
  const levels: [string[], string][] =
    typeof output === "string" ? [[[], output]] : Object.entries(output ?? {}).map(([hook, level]) => [[hook], level]);
  for (const [path, level] of levels) {
    if (HOOK_LEVELS.includes(level)) continue;
    draft.refuse(
      ["hooks_output", ...path],
      `invalid hooks_output ${JSON.stringify(level)}, must be one of: ${HOOK_LEVELS.join(", ")}`,
    );
  }
}

function usesAutomaticSsl(proxy: Proxy | undefined): boolean {
  return proxy !== undefined && proxy.ssl && proxy.certificate === undefined;
}

/** The one role of a list of servers has no key of its own. */
function pathOfRole(draft: Draft, name: string): string[] {
  return Array.isArray(draft.input.servers) ? ["servers"] : ["servers", name];
}
