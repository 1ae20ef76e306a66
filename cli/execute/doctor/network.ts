/** What this machine sees of the network: a name in, its addresses out; an address and a port in, whether something answers out. */
import { lookup } from "node:dns/promises";
import { connect } from "node:net";
import { DOCTOR_LIMITS } from "./limits.ts";

/** `silent`: nothing came back in time, or there is no way there. */
export type Reach = "open" | "refused" | "silent";

export type Network = {
  /** Empty for a name that nobody has; undefined when nobody could be asked. Never rejects. */
  readonly addressesOf: (name: string) => Promise<readonly string[] | undefined>;
  /** Never rejects. */
  readonly reach: (address: string, port: number) => Promise<Reach>;
};

export const NETWORK: Network = {
  addressesOf: async (name) => {
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), DOCTOR_LIMITS.lookupTimeoutMs);
    // By way of the system's resolver, as ssh and browsers do it.
    const found = lookup(name, { all: true }).then(
      (all) => all.map(({ address }) => plainAddress(address)),
      (error: NodeJS.ErrnoException) => (error.code === "ENOTFOUND" ? [] : undefined),
    );
    try {
      return await Promise.race([found, late]);
    } finally {
      clearTimeout(timer);
    }
  },
  reach: (address, port) =>
    new Promise((resolve) => {
      const socket = connect({ host: address, port });
      const end = (reach: Reach): void => {
        clearTimeout(timer);
        socket.destroy();
        resolve(reach);
      };
      const timer = setTimeout(end, DOCTOR_LIMITS.connectTimeoutMs, "silent");
      socket.once("connect", () => end("open"));
      socket.on("error", (error: NodeJS.ErrnoException) => end(error.code === "ECONNREFUSED" ? "refused" : "silent"));
    }),
};

/** One form for one address. */
export function plainAddress(address: string): string {
  return address
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.)/, "")
    .replace(/%.*$/, "");
}

/** The machine's name or address in `user@host:port`. */
export function machineName(host: string): string {
  const rest = host.slice(host.lastIndexOf("@") + 1);
  return /^\[([^\]]+)\]/.exec(rest)?.[1] ?? /^([^:]+)(?::\d+)?$/.exec(rest)?.[1] ?? rest;
}
