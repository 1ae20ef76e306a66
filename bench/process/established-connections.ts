/** Counts the connections that a program has accepted on a loopback port and not lost, from the kernel's list. */
import { readFileSync } from "node:fs";

const established = "01";

export function establishedConnections(port: number): number {
  return countEstablished(readFileSync("/proc/net/tcp", "latin1"), port);
}

/** The same from the text of /proc/net/tcp: its second and fourth columns are the local address and the state, in hexadecimal. */
export function countEstablished(text: string, port: number): number {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return text.split("\n").filter((line) => {
    const [, local = "", , state] = line.trim().split(/\s+/);
    return local.endsWith(ending) && state === established;
  }).length;
}
