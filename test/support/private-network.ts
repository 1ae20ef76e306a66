/** Servers on a network of their own: network namespaces on a bridge, which this process reaches, and nobody else does. */
import { execFileSync, spawnSync } from "node:child_process";

export type PrivateServer = {
  readonly address: string;
  /** What makes a program run there: see `startChild`. */
  readonly within: readonly string[];
  /** Its cable is pulled: packets to it vanish. */
  unplug(): void;
};

export type PrivateNetwork = {
  /** Of this process. */
  readonly address: string;
  readonly servers: readonly PrivateServer[];
  /** Takes everything away again; twice is no harm. */
  remove(): void;
};

/** Why there can be none here, or `undefined`. Under CI nothing is skipped: there it fails instead. */
export function reasonToSkipNetworks(): string | undefined {
  if (process.env["CI"]) return undefined;
  if (process.getuid?.() !== 0) return "only root may make network namespaces";
  return spawnSync("ip", ["-V"]).error === undefined ? undefined : "the program ip (Debian: iproute2) is missing";
}

/** The bridge has a namespace of its own as well: this machine's packet filters have no say there. */
export function makePrivateNetwork(serverCount: number): PrivateNetwork {
  // Of the range for tests between networks, RFC 2544; another part for each process.
  const subnet = `198.18.${process.pid % 256}`;
  const name = (part: string) => `kd${process.pid}-${part}`;
  const bridge = name("net");
  const namespaces = [bridge, ...Array.from({ length: serverCount }, (_, index) => name(`s${index}`))];
  let removed = false;
  const remove = (): void => {
    if (removed) return;
    removed = true;
    process.off("exit", remove);
    // Their interfaces go with them, and with those the other ends.
    for (const one of namespaces) spawnSync("ip", ["netns", "del", one]);
  };
  process.once("exit", remove);
  try {
    for (const one of namespaces) ip(`netns add ${one}`);
    for (const one of namespaces) ip(`-n ${one} link set lo up`);
    ip(`-n ${bridge} link add bridge type bridge`);
    ip(`-n ${bridge} link set bridge up`);
    ip(`link add ${name("h")} type veth peer name here netns ${bridge}`);
    ip(`addr add ${subnet}.1/24 dev ${name("h")}`);
    ip(`link set ${name("h")} up`);
    plugIn("here");
    const servers = namespaces.slice(1).map((namespace, index) => {
      const address = `${subnet}.${11 + index}`;
      ip(`-n ${namespace} link add eth0 type veth peer name port${index} netns ${bridge}`);
      ip(`-n ${namespace} addr add ${address}/24 dev eth0`);
      ip(`-n ${namespace} link set eth0 up`);
      plugIn(`port${index}`);
      const unplug = () => ip(`-n ${bridge} link set port${index} down`);
      return { address, within: ["ip", "netns", "exec", namespace], unplug };
    });
    return { address: `${subnet}.1`, servers, remove };
  } catch (error) {
    remove();
    throw error;
  }

  function plugIn(port: string): void {
    ip(`-n ${bridge} link set ${port} master bridge`);
    ip(`-n ${bridge} link set ${port} up`);
  }
}

function ip(words: string): void {
  execFileSync("ip", words.split(" "), { stdio: "pipe" });
}
