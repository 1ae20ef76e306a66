/** A proxy that buffers, with one upload and one download half done: prints what it holds open, and waits to be killed. */
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { runProxy, service } from "../running-proxy.ts";

const HALF = 3 * 1024 * 1024;
const head = `Content-Length: ${2 * HALF}\r\n\r\n`;
const buffering = { requests: true, responses: true, memoryBytes: 1000, maxRequestBytes: 0, maxResponseBytes: 0 };

const target = createServer((socket) => {
  socket.write(`HTTP/1.1 200 OK\r\n${head}`);
  socket.write(Buffer.alloc(HALF));
}).listen(0, "127.0.0.1");
await once(target, "listening");
const proxy = await runProxy();
await proxy.serve(service("app", [(target.address() as AddressInfo).port], { buffering }));
for (const request of [`POST / HTTP/1.1\r\nHost: a\r\n${head}`, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"]) {
  const client = connect(proxy.port, "127.0.0.1");
  client.write(request);
  if (request.startsWith("POST")) client.write(Buffer.alloc(HALF));
}

const directory = process.env["TMPDIR"] ?? "";
const look = setInterval(() => {
  const open = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
  const spills = open.filter((path) => path.startsWith(directory) && path.endsWith("(deleted)"));
  if (spills.length < 2) return;
  clearInterval(look);
  process.stdout.write(`spilled ${spills.length}, names ${readdirSync(directory).length}\n`);
  setInterval(() => {}, 1_000);
}, 20);
