/** Ten thousand clients that keep their connection and say nothing: what they cost, and that everybody else is served. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { connectTo, startTarget } from "../support/bed.ts";
import { get } from "../support/raw-client.ts";

const CONNECTIONS = 10_000;
const AT_ONCE = 250;

type Measured = { readonly rss: number; readonly clientConnections: number };

/** The proxy in a process of its own, and a way to ask it. */
async function startProxy(targetPort: number): Promise<{ port: number; measure: () => Promise<Measured> }> {
  const program = fileURLToPath(new URL("../support/programs/idle-proxy.ts", import.meta.url));
  const child = fork(program, [String(targetPort)], { execArgv: [] });
  onTestFinished(() => void child.kill());
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return {
    port,
    measure: async () => {
      child.send("measure");
      return ((await once(child, "message")) as [Measured])[0];
    },
  };
}

/** A connection that has made one request, read its answer, and keeps still from then on. */
async function openIdle(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => {});
  socket.write(get("/", "a.test", "User-Agent: idle\r\nAccept: */*\r\n"));
  await once(socket, "data");
  return socket;
}

test("ten thousand idle connections cost less than 10 KB each, and none is lost", async () => {
  const target = await startTarget("app");
  const { port, measure } = await startProxy(target.port);
  // Warm: code compiled, pools filled, heaps grown.
  for (let round = 0; round < 8; round++) {
    const sockets = await Promise.all(Array.from({ length: AT_ONCE }, () => openIdle(port)));
    for (const socket of sockets) socket.destroy();
  }
  const before = await measure();
  const idle: Socket[] = [];
  onTestFinished(() => {
    for (const socket of idle) socket.destroy();
  });
  while (idle.length < CONNECTIONS) {
    idle.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => openIdle(port)))));
  }
  const after = await measure();
  expect(after.clientConnections).toBeGreaterThanOrEqual(CONNECTIONS);
  expect((after.rss - before.rss) / CONNECTIONS).toBeLessThan(10 * 1024);

  const client = await connectTo(port);
  expect((await client.ask(get("/still"))).body).toBe("app GET /still 0");
  expect(idle.every((socket) => !socket.destroyed && !socket.readableEnded)).toBe(true);
});

test("ten thousand connections that never say anything cost no more", async () => {
  const target = await startTarget("app");
  const { port, measure } = await startProxy(target.port);
  const before = await measure();
  const silent: Socket[] = [];
  onTestFinished(() => {
    for (const socket of silent) socket.destroy();
  });
  while (silent.length < CONNECTIONS) {
    const batch = Array.from({ length: AT_ONCE }, async () => {
      const socket = connect({ host: "127.0.0.1", port });
      socket.on("error", () => {});
      await once(socket, "connect");
      return socket;
    });
    silent.push(...(await Promise.all(batch)));
  }
  const after = await measure();
  expect((after.rss - before.rss) / CONNECTIONS).toBeLessThan(10 * 1024);
});
