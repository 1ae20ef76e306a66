/** As ssh's ProxyCommand, `MS HOST PORT`: a connection whose bytes take half of MS each way, as if the server were that far away. */
import { createConnection } from "node:net";
import type { Readable, Writable } from "node:stream";

const [delay = "0", host = "", port = "22"] = process.argv.slice(2);
const oneWayMs = Number(delay) / 2;

const socket = createConnection({ host, port: Number(port), noDelay: true });
later(process.stdin, socket);
later(socket, process.stdout);
socket.on("error", () => process.exit(1));
socket.on("close", () => setTimeout(() => process.exit(0), oneWayMs));

/** Timers of one length end in the order in which they were set: bytes do not overtake one another. */
function later(from: Readable, to: Writable): void {
  to.on("error", () => {});
  from.on("data", (bytes: Buffer) => setTimeout(() => to.write(bytes), oneWayMs));
  from.on("end", () => setTimeout(() => to.end(), oneWayMs));
}
