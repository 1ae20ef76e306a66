/** The first bytes on the HTTPS port: plain HTTP, stalling clients, hellos in pieces, and what is agreed on. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect } from "node:tls";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import type { Limits } from "../../proxy/limits.ts";
import { connectTo, startBed } from "../support/bed.ts";
import { extension, helloMessage, nameExtension, records } from "../support/client-hello.ts";
import { eventually, pause } from "../support/eventually.ts";
import { get } from "../support/raw-client.ts";
import { tlsRoute } from "../support/running-proxy.ts";
import { bareSocket, handshakeError, helloOf, secure, secureClient, served, tableOf } from "../support/tls-clients.ts";

async function startSecureBed(limits: Partial<Limits> = {}, key: "ec" | "rsa" = "ec") {
  const bed = await startBed({ limits, route: { tls: tlsRoute() } });
  await bed.proxy.plane.useCertificates(tableOf([await served(["a.test"], "a", { key })]));
  return { ...bed, port: bed.proxy.httpsPort };
}

test("until there is anything to show, connections are hung up on", async () => {
  const { proxy } = await startBed();
  await proxy.plane.useCertificates(tableOf([]));
  const client = await connectTo(proxy.httpsPort);
  client.send(await helloOf("a.test"));
  expect(await client.until(() => client.closed || client.ended)).toBe(true);
  expect([client.text, proxy.plane.connections.size]).toEqual(["", 0]);
});

test("what TLS stands on is loaded by the first certificate, and HTTP/2 by its first client", async () => {
  const program = `
    const { runProxy } = await import(${JSON.stringify(new URL("../support/running-proxy.ts", import.meta.url).href)});
    const loaded = () => ["tls", "http2", "http"].filter((name) => process.moduleLoadList.includes("NativeModule " + name));
    const { plane } = await runProxy();
    await plane.useCertificates({ certificates: [], names: [["a.test", ""]], defaultId: "", askable: [] });
    await plane.useChallenges({ challenges: [{ type: "http-01", token: "t", keyAuthorization: "k" }], peers: [] });
    console.log(JSON.stringify(loaded()));
    await plane.useCertificates({ certificates: [], names: [], defaultId: "", askable: ["a.test"] });
    console.log(JSON.stringify(loaded()));
    process.exit(0);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
  expect(stdout.trim().split("\n")).toEqual(["[]", '["tls"]']);
});

test("plain HTTP is told so in plain HTTP, and can read it [TL-07]", async () => {
  const { port, app, proxy } = await startSecureBed();
  for (const request of [get("/"), get("/").repeat(2_000), "GET /"]) {
    const client = await connectTo(port);
    client.send(request);
    const [response] = await client.read(1);
    expect(response).toMatchObject({ status: 400, body: expect.stringContaining("This port speaks HTTPS") as string });
    expect(response?.fields).toContainEqual(["Connection", "close"]);
    expect(await client.until(() => client.ended)).toBe(true);
    expect(client.error).toBeUndefined();
    client.fin();
  }
  expect(app.requests).toEqual([]);
  expect((await proxy.plane.counters()).rejectedTotal).toBe(3);
  await eventually("they are forgotten", () => proxy.plane.connections.size === 0);
});

test("plain HTTP fills the log with one line a second at most, which counts the others [TL-07]", async () => {
  const { port, proxy } = await startSecureBed();
  const lines = (): string[] => proxy.events.filter((line) => line.includes("does not speak TLS"));
  for (let count = 0; count < 20; count++) {
    const client = await connectTo(port);
    await client.send(get("/")).read(1);
    client.destroy();
  }
  expect(lines()).toHaveLength(1);
  await pause(1_050);
  await (await connectTo(port)).send(get("/")).read(1);
  expect(lines()[1]).toContain('"suppressed":19');
});

test("a client that stalls before its hello is whole goes after headTimeoutMs [TL-08]", async () => {
  const { port, proxy } = await startSecureBed({ headTimeoutMs: 300, handshakeTimeoutMs: 60_000 });
  const hello = await helloOf("a.test");
  for (const sent of [0, 1, 5, hello.length - 1]) {
    const client = await connectTo(port);
    if (sent > 0) client.send(hello.subarray(0, sent));
    expect(await client.until(() => client.closed || client.ended, 3_000)).toBe(true);
    expect(client.text).toBe("");
    client.destroy();
  }
  await eventually("they are forgotten", () => proxy.plane.connections.size === 0);
});

test("handshakeTimeoutMs: a client that says hello and no more goes [TL-08]", async () => {
  const { port, proxy } = await startSecureBed({ handshakeTimeoutMs: 300, headTimeoutMs: 60_000 });
  const client = await connectTo(port);
  client.send(await helloOf("a.test"));
  expect(await client.until(() => client.receivedBytes > 0)).toBe(true);
  expect(proxy.plane.connections.size).toBe(1);
  expect(await client.until(() => client.closed || client.ended, 3_000)).toBe(true);
  await eventually("it is forgotten", () => proxy.plane.connections.size === 0);
});

test("a client that leaves in the middle is forgotten at once", async () => {
  const { port, proxy } = await startSecureBed();
  const hello = await helloOf("a.test");
  const stages = [0, 3, hello.length - 1, hello.length];
  for (const [sent, end] of stages.flatMap((sent) => [[sent, "fin"] as const, [sent, "reset"] as const])) {
    const client = await connectTo(port);
    client.send(hello.subarray(0, sent));
    await eventually("it is counted", () => proxy.plane.connections.size === 1);
    client[end]();
    await eventually(`${end} after ${sent}`, () => proxy.plane.connections.size === 0);
    client.destroy();
  }
  expect((await proxy.plane.counters()).clientConnections).toBe(0);
});

test.each([
  ["segments of one byte", 1, 16_384],
  ["records of one byte", 100_000, 1],
  ["records and segments of odd sizes", 13, 7],
])("a hello in %s decides like a whole one [TL-08]", async (_, segment, recordSize) => {
  const { port } = await startSecureBed();
  const raw = await bareSocket(port);
  const wire = cuttingWire(raw, recordSize, segment);
  const client = connect({ socket: wire, servername: "a.test", rejectUnauthorized: false });
  client.on("error", () => undefined);
  await once(client, "secureConnect");
  client.write(get("/"));
  expect(String(await once(client, "data"))).toContain("200 OK");
  client.destroy();
});

test("maxClientHelloBytes: no longer hello is waited for", async () => {
  const { port } = await startSecureBed({ maxClientHelloBytes: 1_000 });
  const padded = (bytes: number): Buffer => {
    const least = records(helloMessage([nameExtension("a.test"), extension(21, Buffer.alloc(0))])).length;
    return records(helloMessage([nameExtension("a.test"), extension(21, Buffer.alloc(bytes - least))]));
  };
  const alertFor = async (hello: Buffer): Promise<number | undefined> => {
    const client = await connectTo(port);
    client.send(hello);
    await client.until(() => client.ended);
    return Buffer.from(client.text, "latin1").at(6);
  };
  const decodeError = 50;
  expect(await alertFor(padded(1_000))).not.toBe(decodeError);
  expect(await alertFor(padded(1_010))).toBe(decodeError);
});

test("TLS 1.2 and 1.3 only [TL-05]", async () => {
  const { port } = await startSecureBed();
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const socket = await secure(port, "a.test", { minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
  }
  for (const version of ["TLSv1", "TLSv1.1"] as const) {
    const old = { minVersion: version, maxVersion: version, ciphers: "DEFAULT:@SECLEVEL=0" };
    expect(await handshakeError(port, "a.test", old)).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
  }
});

test.each(["AES128-SHA", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"])(
  "%s is refused: no forward secrecy, no authenticated encryption, or both missing [TL-05]",
  async (ciphers) => {
    const { port } = await startSecureBed({}, "rsa");
    expect(await handshakeError(port, "a.test", { ciphers, maxVersion: "TLSv1.2" })).toMatch(/HANDSHAKE_FAILURE/);
    const fine = { ciphers: "ECDHE-RSA-AES128-GCM-SHA256", maxVersion: "TLSv1.2" } as const;
    expect(await handshakeError(port, "a.test", fine)).toBe("");
  },
);

test("the client chooses among h2 and http/1.1; without ALPN it is HTTP/1.1; nothing else is spoken [TL-09]", async () => {
  const { port } = await startSecureBed();
  const chosen = async (...ALPNProtocols: string[]) => (await secure(port, "a.test", { ALPNProtocols })).alpnProtocol;
  expect(await chosen("http/1.1", "h2")).toBe("h2");
  expect(await chosen("http/1.1")).toBe("http/1.1");
  for (const protocols of [["spdy/3"], ["acme-tls/1"], ["h3", "http/1.0"]]) {
    expect(await handshakeError(port, "a.test", { ALPNProtocols: protocols })).toMatch(/NO_APPLICATION_PROTOCOL/);
  }
  const client = await secureClient(port, "a.test");
  expect((await client.ask(get("/"))).status).toBe(200);
});

test("renegotiation is refused, ten times over, and others do not notice [TL-06]", async () => {
  const { port } = await startSecureBed();
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => openssl(port, ["-tls1_2"], "R\n")));
  for (const { text } of outcomes) expect(text).toMatch(/RENEGOTIATING[^]*no renegotiation/);
  const client = await secureClient(port, "a.test");
  expect((await client.ask(get("/"))).status).toBe(200);
});

test("no early data is taken: tickets say so [TL-13]", async () => {
  const { port } = await startSecureBed();
  const { text } = await openssl(port, ["-tls1_3", "-ign_eof"], get("/", "a.test", "Connection: close\r\n"));
  expect(text).toContain("200 OK");
  expect(text.match(/Max Early Data: \d+/g)).toEqual(["Max Early Data: 0", "Max Early Data: 0"]);
});

/** What `openssl s_client` says until it ends, after it was told `input`. */
async function openssl(port: number, options: readonly string[], input: string): Promise<{ readonly text: string }> {
  const target = ["-connect", `127.0.0.1:${port}`, "-servername", "a.test"];
  const client = spawn("openssl", ["s_client", ...target, ...options]);
  onTestFinished(() => void client.kill());
  let text = "";
  for (const stream of [client.stdout, client.stderr]) stream.on("data", (chunk: Buffer) => (text += String(chunk)));
  client.stdin.on("error", () => undefined);
  client.stdin.write(input);
  await once(client, "close");
  return { text };
}

/** A way to `raw` on which the client's first record, its hello, is cut anew; everything after that passes. */
function cuttingWire(raw: Socket, recordSize: number, segment: number): Duplex {
  let cutting = true;
  const wire = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      const bytes = cutting ? records(chunk.subarray(5), recordSize) : chunk;
      const size = cutting ? segment : bytes.length;
      cutting = false;
      for (let at = 0; at < bytes.length; at += size) raw.write(bytes.subarray(at, at + size));
      done();
    },
  });
  raw.on("data", (chunk: Buffer) => wire.push(chunk));
  return wire;
}
