/** The configuration of the reference's examples: service app, image dhh/app at ghcr.io, roles web and workers. */

import type { Accessory, Config, Role } from "../../../cli/config/config.ts";
import { deployFlags } from "../../../cli/remote/proxy-flags.ts";
import { configOf } from "../config/written-config.ts";

const NAMES = "service: app\nimage: dhh/app\nregistry: { server: ghcr.io, username: u, password: [P] }\n";
const SERVERS = "servers: { web: [1.1.1.1, 1.1.1.2], workers: [1.1.1.3] }\n";

/** `more` stands for keys of the root, or replaces `servers`. */
export function example(more = "", destination?: string): Config {
  const servers = /^servers:/m.test(more) ? "" : SERVERS;
  return configOf(`${more}\n${NAMES}${servers}`, destination);
}

export function roleOf(config: Config, name = "web"): Role {
  const role = config.roles.find((one) => one.name === name);
  if (role === undefined) throw new Error(`no role ${name}`);
  return role;
}

export function accessoryOf(config: Config, name: string): Accessory {
  const accessory = config.accessories.find((one) => one.name === name);
  if (accessory === undefined) throw new Error(`no accessory ${name}`);
  return accessory;
}

export function hostOf(role: Role) {
  const [host] = role.hosts;
  if (host === undefined) throw new Error(`no host for ${role.name}`);
  return host;
}

/** The flags of `kamal-proxy deploy` for the role web, on one of three hosts. */
export function deployOf(more: string): string {
  const written = example(more);
  const proxy = roleOf(written).proxy;
  if (proxy === undefined) throw new Error("no proxy");
  const target = { containerId: "c", owner: { role: "web" }, version: "1", peers: ["deploy@1.1.1.2:2222", "::2"] };
  return deployFlags(written, proxy, target).join(" ");
}
