/** A port of a server that leads to this machine, over both transports, against real sshds. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HostError } from "../../cli/execute/host-error.ts";
import { eventually } from "../support/eventually.ts";
import { SSHD_TITLE, type Sshd, sshdMissing, startSshd } from "../support/sshd.ts";
import { unusedPort } from "../support/unused-port.ts";

const MEGABYTE = 1024 * 1024;
const CONNECTIONS = 50;

const failure = (promise: Promise<unknown>): Promise<HostError> =>
  promise.then(
    () => Promise.reject(new Error("no failure")),
    (error: HostError) => error,
  );

describe.skipIf(sshdMissing).each(["built-in", "system"] as const)(
  `a port of a server that leads here, %s transport${SSHD_TITLE}`,
  (transport) => {
    let server: Sshd;
    const listeners = new Set<Server>();
    beforeAll(async () => {
      server = await startSshd();
    });
    afterAll(async () => {
      for (const one of listeners) one.close();
      await server.end();
    });

    /** Somebody who listens on this machine; resolves with the port. */
    const listen = async (onVisit: (socket: Socket) => void): Promise<number> => {
      const one = createServer({ allowHalfOpen: true }, (socket) => {
        socket.on("error", () => {});
        onVisit(socket);
      }).listen(0, "127.0.0.1");
      listeners.add(one);
      await once(one, "listening");
      return (one.address() as AddressInfo).port;
    };
    const host = (own = server) => own.pool({ transport }).host("127.0.0.1");

    test(`${CONNECTIONS} connections at a time carry a megabyte each way, byte for byte, and commands run beside them`, async () => {
      const localPort = await listen((socket) => socket.pipe(socket));
      const remotePort = await unusedPort();
      const one = host();
      const forward = await one.forwardBack({ remotePort, localPort });
      const visits = Promise.all(Array.from({ length: CONNECTIONS }, () => echoed(remotePort)));
      const commands = Promise.all(Array.from({ length: 10 }, (_, at) => one.run(`echo ${at}`)));
      expect((await commands).map(({ stdout }) => stdout.trim())).toEqual(
        Array.from({ length: 10 }, (_, at) => `${at}`),
      );
      expect(await visits).toEqual(Array.from({ length: CONNECTIONS }, () => true));
      await forward.close();
    });

    test("a visitor that takes nothing holds up only itself", async () => {
      const sent: number[] = [];
      const localPort = await listen((socket) => {
        const at = sent.push(0) - 1;
        socket.write(randomBytes(64 * MEGABYTE), () => {
          sent[at] = 64 * MEGABYTE;
        });
        socket.on("data", () => socket.end());
      });
      const remotePort = await unusedPort();
      const one = host();
      const forward = await one.forwardBack({ remotePort, localPort });
      const idle = createConnection({ port: remotePort, host: "127.0.0.1" }).pause();
      await eventually("the visitor came", () => sent.length === 1);
      let read = 0;
      const busy = createConnection({ port: remotePort, host: "127.0.0.1" });
      busy.on("data", (bytes) => {
        read += bytes.length;
        if (read === 64 * MEGABYTE) busy.end("thanks");
      });
      await once(busy, "close");
      expect((await one.run("echo well")).stdout).toBe("well\n");
      // Bounded by windows and buffers: not all of it has left.
      expect(sent).toEqual([0, 64 * MEGABYTE]);
      idle.destroy();
      await forward.close();
    });

    test("an end of one side is told to the other, which may still answer", async () => {
      const localPort = await listen((socket) => {
        let said = "";
        socket.on("data", (bytes) => {
          said += String(bytes);
        });
        socket.on("end", () => socket.end(`you said ${said}`));
      });
      const remotePort = await unusedPort();
      const forward = await host().forwardBack({ remotePort, localPort });
      const socket = createConnection({ port: remotePort, host: "127.0.0.1", allowHalfOpen: true });
      socket.end("all");
      let heard = "";
      for await (const bytes of socket) heard += String(bytes);
      expect(heard).toBe("you said all");
      await forward.close();
    });

    test("a visitor is turned away when nobody listens here", async () => {
      const forward = { remotePort: await unusedPort(), localPort: await unusedPort() };
      const opened = await host().forwardBack(forward);
      const socket = createConnection({ port: forward.remotePort, host: "127.0.0.1" });
      socket.on("error", () => {});
      await once(socket, "close");
      expect(socket.bytesRead).toBe(0);
      await opened.close();
    });

    test("a port that is taken there is an error with a code, and one that was closed can be had again", async () => {
      const localPort = await listen((socket) => socket.end("from here"));
      const taken = await listen(() => {});
      const one = host();
      expect(await failure(one.forwardBack({ remotePort: taken, localPort }))).toMatchObject({
        code: "forward-refused",
        host: "127.0.0.1",
        exitCode: 1,
        hint: expect.stringContaining("AllowTcpForwarding"),
      });
      const remotePort = await unusedPort();
      const first = await one.forwardBack({ remotePort, localPort });
      expect(await failure(one.forwardBack({ remotePort, localPort }))).toMatchObject({ code: "forward-refused" });
      expect(await heardFrom(remotePort)).toBe("from here");
      await first.close();
      expect(await heardFrom(remotePort)).toBeUndefined();
      await first.close();
      const again = await one.forwardBack({ remotePort, localPort });
      expect(await heardFrom(remotePort)).toBe("from here");
      await again.close();
    });

    test("a server that forbids forwarding says so", async () => {
      const own = await startSshd(["AllowTcpForwarding no"]);
      try {
        const ports = { remotePort: await unusedPort(), localPort: await unusedPort() };
        expect(await failure(host(own).forwardBack(ports))).toMatchObject({ code: "forward-refused" });
      } finally {
        await own.end();
      }
    });

    test("a connection that breaks ends all visits, and the port can be closed and had again", async () => {
      const own = await startSshd();
      try {
        const visitors = new Set<Socket>();
        const localPort = await listen((socket) => {
          visitors.add(socket);
          socket.once("close", () => visitors.delete(socket));
          socket.on("end", () => socket.end());
          socket.resume().write("come in");
        });
        const remotePort = await unusedPort();
        const one = own.pool({ transport }).host("127.0.0.1");
        const forward = await one.forwardBack({ remotePort, localPort });
        const sockets = Array.from({ length: 5 }, () => createConnection({ port: remotePort, host: "127.0.0.1" }));
        for (const socket of sockets) socket.on("error", () => {});
        await Promise.all(sockets.map((socket) => once(socket, "data")));
        const closed = Promise.all(sockets.map((socket) => once(socket.resume(), "close")));
        for (const pid of own.sessions()) process.kill(pid, "SIGKILL");
        await closed;
        await eventually("the visits end here", () => visitors.size === 0);
        const from = performance.now();
        await forward.close();
        expect(performance.now() - from).toBeLessThan(3_000);
        await pause(50);
        const again = await one.forwardBack({ remotePort, localPort });
        const visitor = createConnection({ port: remotePort, host: "127.0.0.1" });
        expect(String((await once(visitor, "data"))[0])).toBe("come in");
        visitor.destroy();
        await again.close();
      } finally {
        await own.end();
      }
    });

    test("the end of the pool closes the port", async () => {
      const localPort = await listen((socket) => socket.end("from here"));
      const remotePort = await unusedPort();
      const pool = server.pool({ transport });
      const forward = await pool.host("127.0.0.1").forwardBack({ remotePort, localPort });
      expect(await heardFrom(remotePort)).toBe("from here");
      await pool.close();
      await forward.close();
      for (let waited = 0; (await heardFrom(remotePort)) !== undefined; waited++) {
        expect(waited).toBeLessThan(100);
        await pause(20);
      }
    });
  },
);

test.skipIf(sshdMissing)(
  "over a slow line, commands do not wait behind all that visitors want (built-in transport)",
  async () => {
    const server = await startSshd();
    const content = randomBytes(8 * MEGABYTE);
    const local = createServer((socket) => socket.on("error", () => {}).end(content)).listen(0, "127.0.0.1");
    try {
      if (!local.listening) await once(local, "listening");
      const remotePort = await unusedPort();
      const script = join(server.folder, "slow-line.mjs");
      writeFileSync(script, SLOW_LINE);
      const one = server.pool({ proxyCommand: `${process.execPath} ${script} %h %p` }).host("127.0.0.1");
      const forward = await one.forwardBack({ remotePort, localPort: (local.address() as AddressInfo).port });
      const visitors = Array.from({ length: 3 }, () => createConnection({ port: remotePort, host: "127.0.0.1" }));
      for (const visitor of visitors) visitor.on("error", () => {});
      await Promise.all(
        visitors.map((visitor) =>
          once(
            visitor.once("data", () => visitor.resume()),
            "data",
          ),
        ),
      );
      // Unpaced, six megabytes of windows would be before each of its packets.
      const { durationMs } = await one.run("true");
      expect(durationMs).toBeLessThan(6_000);
      for (const visitor of visitors) visitor.destroy();
      await forward.close();
    } finally {
      local.close();
      await server.end();
    }
  },
);

test.skipIf(sshdMissing)("closing ends visits that are under way (built-in transport)", async () => {
  const server = await startSshd();
  const local = createServer((socket) =>
    socket
      .on("error", () => {})
      .resume()
      .write("come in"),
  ).listen(0, "127.0.0.1");
  try {
    await once(local, "listening");
    const remotePort = await unusedPort();
    const { port: localPort } = local.address() as AddressInfo;
    const forward = await server.pool().host("127.0.0.1").forwardBack({ remotePort, localPort });
    const visitor = createConnection({ port: remotePort, host: "127.0.0.1" });
    visitor.on("error", () => {});
    await once(visitor, "data");
    const gone = once(visitor.resume(), "close");
    await forward.close();
    await gone;
    expect(visitor.closed).toBe(true);
  } finally {
    local.close();
    await server.end();
  }
});

/** A proxy command: a megabyte in a second towards the server; the other way at once. */
const SLOW_LINE = `
  import { connect } from "node:net";
  const [host, port] = process.argv.slice(2);
  const socket = connect({ host, port: Number(port), noDelay: true });
  socket.pipe(process.stdout);
  process.stdin.on("data", (bytes) => {
    process.stdin.pause();
    socket.write(bytes);
    setTimeout(() => process.stdin.resume(), bytes.length / 1048.576);
  });
  process.stdin.on("end", () => socket.end());
  socket.on("error", () => process.exit(1));
  socket.on("close", () => process.exit());
`;

/** A megabyte sent through the port and back: is it the same? */
async function echoed(port: number): Promise<boolean> {
  const sent = randomBytes(MEGABYTE);
  const socket = createConnection({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.end(sent);
  const hash = createHash("sha256");
  for await (const bytes of socket) hash.update(bytes as Buffer);
  return hash.digest().equals(createHash("sha256").update(sent).digest());
}

/** What is said there; undefined when nobody listens. */
async function heardFrom(port: number): Promise<string | undefined> {
  const socket = createConnection({ port, host: "127.0.0.1" });
  let heard = "";
  try {
    for await (const bytes of socket) heard += String(bytes);
    return heard;
  } catch {
    return undefined;
  }
}
