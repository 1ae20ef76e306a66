/** TLS sessions: resumed where they began and nowhere else, for as long as their keys live; and certificates that change. */
import type { TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import type { Limits } from "../../proxy/limits.ts";
import { startBed } from "../support/bed.ts";
import { eventually, pause } from "../support/eventually.ts";
import { get, RawClient } from "../support/raw-client.ts";
import { tlsRoute } from "../support/running-proxy.ts";
import { secure, secureClient, served, shownFor, tableOf } from "../support/tls-clients.ts";

const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;

async function startSecureBed(limits: Partial<Limits> = {}) {
  const bed = await startBed({ limits, route: { tls: tlsRoute() } });
  const certificates = [await served(["a.test", "www.a.test"]), await served(["b.test"])];
  await bed.proxy.plane.useCertificates(tableOf(certificates));
  return { ...bed, certificates, port: bed.proxy.httpsPort };
}

/** A session that `servername` has given out; one request is made, as tickets of TLS 1.3 come behind the handshake. */
async function sessionOf(port: number, servername: string, maxVersion: "TLSv1.2" | "TLSv1.3"): Promise<Buffer> {
  const socket = await secure(port, servername, { maxVersion });
  const sessions: Buffer[] = [];
  socket.on("session", (session: Buffer) => sessions.push(session));
  expect((await RawClient.over(socket).ask(get("/"))).status).toBe(200);
  const session = sessions.at(-1) ?? socket.getSession();
  socket.destroy();
  return session as Buffer;
}

const nameOf = (socket: TLSSocket): string => socket.getPeerCertificate().subjectaltname ?? "";

test.each(VERSIONS)(
  "%s: a session is resumed by the same name, and by another one of its certificate",
  async (version) => {
    const { port } = await startSecureBed();
    const session = await sessionOf(port, "a.test", version);
    const again = await secure(port, "a.test", { session, maxVersion: version });
    expect(again.isSessionReused()).toBe(true);
    expect((await RawClient.over(again).ask(get("/"))).status).toBe(200);
  },
);

test.each(VERSIONS)("%s: a ticket of one certificate is worth nothing to another [TL-14]", async (version) => {
  const { port } = await startSecureBed();
  const session = await sessionOf(port, "a.test", version);
  const other = await secure(port, "b.test", { session, maxVersion: version });
  expect(other.isSessionReused()).toBe(false);
  expect(nameOf(other)).toContain("b.test");
});

test.each(VERSIONS)("%s: a ticket outlives no change of its certificate [TL-14]", async (version) => {
  const { port, proxy } = await startSecureBed();
  const session = await sessionOf(port, "a.test", version);
  await proxy.plane.useCertificates(tableOf([await served(["a.test"], "renewed")]));
  const socket = await secure(port, "a.test", { session, maxVersion: version });
  expect([socket.isSessionReused(), nameOf(socket)]).toEqual([false, "DNS:a.test"]);
});

test("the same certificates in a new table: sessions go on", async () => {
  const { port, proxy, certificates } = await startSecureBed();
  const session = await sessionOf(port, "a.test", "TLSv1.3");
  await proxy.plane.useCertificates(tableOf([...certificates, await served(["c.test"])]));
  expect((await secure(port, "a.test", { session })).isSessionReused()).toBe(true);
});

test.each(VERSIONS)("ticketKeyMs: %s sessions end with the keys of their tickets", async (version) => {
  const { port } = await startSecureBed({ ticketKeyMs: 1_500 });
  const reused = async (session: Buffer): Promise<boolean> =>
    (await secure(port, "a.test", { session, maxVersion: version })).isSessionReused();
  // Whenever the keys change, not both of two tries right behind one another meet the change.
  const first = await reused(await sessionOf(port, "a.test", version));
  const session = await sessionOf(port, "a.test", version);
  expect(first || (await reused(session))).toBe(true);
  await pause(1_600);
  expect(await reused(session)).toBe(false);
  expect(await shownFor(port, "a.test")).toContain("a.test");
});

test("certificates change while 1000 connections are open: those live on, new ones see the new one [TL-11]", async () => {
  const { port, proxy, app } = await startSecureBed();
  const clients: RawClient[] = [];
  for (let batch = 0; batch < 20; batch++) {
    clients.push(...(await Promise.all(Array.from({ length: 50 }, () => secureClient(port, "a.test")))));
  }
  await eventually("all are counted", () => proxy.plane.connections.size === 1_000);
  // One request is on its way, one handshake begins before the change and ends behind it.
  app.answer = () => null;
  clients[0]?.send(get("/on-its-way"));
  await eventually("it is there", () => app.requests.length === 1);
  const straddling = secure(port, "a.test");
  await proxy.plane.useCertificates(tableOf([await served(["a.test"], "renewed", { key: "rsa" })]));
  expect(await shownFor(port, "a.test")).toBe("a.test");
  clients.push(RawClient.over(await straddling));
  app.connections[0]?.socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  expect((await clients[0]?.read(1))?.[0]?.body).toBe("ok");
  app.answer = () => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  const responses = await Promise.all(clients.slice(1).map((client) => client.ask(get("/"))));
  expect(responses.every(({ status }) => status === 200)).toBe(true);
  expect(clients.filter(({ closed, ended }) => closed || ended)).toEqual([]);
});

test("a name that leaves the table is answered no more, but its open connections are", async () => {
  const { port, proxy, certificates } = await startSecureBed();
  const client = await secureClient(port, "b.test");
  await proxy.plane.useCertificates(tableOf(certificates.slice(0, 1)));
  await expect(shownFor(port, "b.test")).rejects.toThrow(/unrecognized name/);
  expect((await client.ask(get("/", "b.test"))).status).toBe(200);
  await proxy.plane.useCertificates(tableOf([]));
  await expect(shownFor(port, "a.test")).rejects.toThrow(/unrecognized name/);
  expect((await client.ask(get("/", "b.test"))).status).toBe(200);
});
