/** How a client's connection came here: from whom, by which door, and for which name. Made once for each connection. */
import type { Socket } from "node:net";
import { plainAddress } from "../request/client-address.ts";
import type { ClientContext } from "./context.ts";

export type Arrival = {
  /** Plain; of the client itself where a proxy in front has announced it. */
  readonly clientAddress: string;
  readonly clientPort: number;
  /** One of `Peer`. */
  readonly peer: number;
  readonly scheme: "http" | "https";
  /** The listener's port as configured, for the access log. */
  readonly localPort: number;
  /** The name that the client asked a certificate for (SNI), folded; empty without TLS, and for clients that named none. */
  readonly serverName: string;
  /** Whether the certificate that was shown is good for `host`, folded. Without TLS every host is. */
  readonly covers: (host: string) => boolean;
};

/** The door that a listener is: one for plain HTTP, one for HTTPS. */
export type Door = { readonly scheme: "http" | "https"; readonly localPort: number };

/** @param announced the client that a proxy in front speaks for; null when the socket's own address counts */
export function arrivalOf(
  socket: Socket,
  context: ClientContext,
  door: Door,
  announced: { readonly address: string; readonly port: number } | null,
): Arrival {
  const clientAddress = announced?.address ?? plainAddress(socket.remoteAddress ?? "");
  return {
    clientAddress,
    clientPort: announced?.port ?? socket.remotePort ?? 0,
    peer: context.peerAt(clientAddress),
    scheme: door.scheme,
    localPort: door.localPort,
    serverName: "",
    covers: everyHost,
  };
}

function everyHost(): boolean {
  return true;
}
