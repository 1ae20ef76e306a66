/** `accessories` → containers with the hosts they belong on. */
import type { Accessory, Mount, Role } from "./config.ts";
import type { Draft } from "./draft.ts";
import { mergeEnv } from "./resolve-env.ts";
import { resolveRegistry } from "./resolve-registry.ts";
import { splitRestart } from "./resolve-roles.ts";
import type { AccessoryInput, MountInput } from "./section/accessory.ts";
import { nodeAt } from "./tree.ts";

export function resolveAccessories(draft: Draft, service: string, roles: readonly Role[]): Accessory[] {
  return Object.entries(draft.input.accessories ?? {}).map(([name, input]) => {
    const registry = input.registry === undefined ? undefined : resolveRegistry(input.registry);
    return {
      name,
      service: input.service ?? `${service}-${name}`,
      image: registry?.server === undefined ? input.image : `${registry.server}/${input.image}`,
      registry,
      hosts: [...new Set(placement(draft, name, input, roles))],
      cmd: input.cmd,
      publish: publishOf(draft, name, input.port),
      labels: input.labels ?? {},
      ...splitRestart(input.options),
      env: mergeEnv([input.env]),
      files: (input.files ?? []).map((mount) => resolveMount(mount)),
      directories: (input.directories ?? []).map((mount) => resolveMount(mount)),
      volumes: input.volumes ?? [],
      network: input.network ?? "kamal",
      proxy: accessoryProxy(draft, name),
    };
  });
}

function placement(draft: Draft, name: string, input: AccessoryInput, roles: readonly Role[]): readonly string[] {
  if (input.host !== undefined) return [input.host];
  if (input.hosts !== undefined) return input.hosts;
  const wanted = input.roles ?? (input.role === undefined ? undefined : [input.role]);
  if (wanted !== undefined) {
    const key = input.roles === undefined ? "role" : "roles";
    const unknown = wanted.filter((role) => !roles.some((one) => one.name === role));
    if (unknown.length > 0)
      draft.refuse(["accessories", name, key], `unknown role${unknown.length > 1 ? "s" : ""}: ${unknown.join(", ")}`);
    return roles.filter((role) => wanted.includes(role.name)).flatMap((role) => role.hosts.map((host) => host.name));
  }
  const tags = input.tags ?? (input.tag === undefined ? [] : [input.tag]);
  const hosts = roles.flatMap((role) => role.hosts).filter((host) => host.tags.some((tag) => tags.includes(tag)));
  if (hosts.length === 0)
    draft.refuse(
      ["accessories", name, input.tags === undefined ? "tag" : "tags"],
      `no host has the tag ${tags.join(" or ")}`,
    );
  return hosts.map((host) => host.name);
}

/** `3306` → `127.0.0.1:3306:3306`, where the original publishes it on every address, past the host's firewall. */
function publishOf(draft: Draft, name: string, port: string | undefined): string | undefined {
  if (port === undefined) return undefined;
  const at = ["accessories", name, "port"];
  if (!port.includes(":")) {
    // `5432/udp`: the protocol is said once.
    const publish = `127.0.0.1:${port.split("/", 1)[0]}:${port}`;
    const advice = `write ${publish} to say so, or ADDRESS:${publish.slice("127.0.0.1:".length)} for other hosts`;
    draft.warn(at, `${port} is published on the host itself only, not for everybody as in Kamal; ${advice}`);
    return publish;
  }
  if (!/^(?:\[[^\]]+\]|[0-9]+(?:\.[0-9]+){3}):/.test(port)) {
    const advice = "is published on every address of the host and passes its firewall";
    draft.warn(at, `${port} ${advice}; write 127.0.0.1:${port} to keep it on the host`);
  }
  return port;
}

function resolveMount(input: MountInput): Mount {
  if (typeof input !== "string") {
    return {
      local: input.local,
      remote: input.remote,
      mode: input.mode,
      owner: input.owner,
      options: input.options,
    };
  }
  const [local = "", remote = "", options] = input.split(":");
  return { local, remote, mode: undefined, owner: undefined, options };
}

/** Nothing is inherited from the root; an empty hash is none. */
function accessoryProxy(draft: Draft, name: string): Accessory["proxy"] {
  const at = ["accessories", name, "proxy"];
  const own = nodeAt(draft.tree, at);
  return own?.kind === "map" && own.entries.size > 0 ? draft.proxyOf(own, at) : undefined;
}
