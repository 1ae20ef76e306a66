/** TLS-ALPN-01: a certificate authority comes to see a certificate, and sees that one and nothing else. RFC 8737. */
import { once } from "node:events";
import { connect } from "node:tls";
import { expect, test } from "vitest";
import { type Challenge, NO_CHALLENGES } from "../../proxy/challenge/challenge-table.ts";
import type { Limits } from "../../proxy/limits.ts";
import { connectTo, startBed } from "../support/bed.ts";
import { eventually } from "../support/eventually.ts";
import { get } from "../support/raw-client.ts";
import { tlsRoute } from "../support/running-proxy.ts";
import { certificateFor } from "../support/test-certificates.ts";
import { handshakeError, helloOf, secure, secureClient, served, shownFor, tableOf } from "../support/tls-clients.ts";

const ACME = { ALPNProtocols: ["acme-tls/1"] };

/** The challenge certificate bears one name more, by which it is recognised. */
async function challengeFor(name: string): Promise<Challenge> {
  const { chain, privateKey } = await certificateFor([name, "proof.test"]);
  return { type: "tls-alpn-01", name, chain, privateKey };
}

async function startChallenged(limits: Partial<Limits> = {}) {
  const bed = await startBed({ limits, route: { tls: tlsRoute() } });
  await bed.proxy.plane.useCertificates(tableOf([await served(["a.test"]), await served(["b.test"])]));
  await bed.proxy.plane.useChallenges({ challenges: [await challengeFor("a.test")], peers: [] });
  return { ...bed, port: bed.proxy.httpsPort };
}

test.each(["TLSv1.2", "TLSv1.3"] as const)(
  "%s: the authority sees the challenge's certificate [TL-10]",
  async (version) => {
    const { port } = await startChallenged();
    const socket = await secure(port, "A.test", { ...ACME, maxVersion: version });
    expect([socket.alpnProtocol, socket.getPeerCertificate().subjectaltname]).toEqual([
      "acme-tls/1",
      "DNS:a.test, DNS:proof.test",
    ]);
  },
);

test("everybody else sees the usual one, whatever else they offer [TL-10]", async () => {
  const { port } = await startChallenged();
  expect(await shownFor(port, "a.test")).toBe("a.test");
  expect(await shownFor(port, "a.test", { ALPNProtocols: ["h2", "http/1.1"] })).toBe("a.test");
  expect(await shownFor(port, "a.test", { ALPNProtocols: ["acme-tls/1", "http/1.1"] })).toBe("a.test");
  const client = await secureClient(port, "a.test");
  expect((await client.ask(get("/"))).status).toBe(200);
});

test("a challenge needs no certificate to be there before", async () => {
  const { proxy } = await startBed();
  await proxy.plane.useChallenges({ challenges: [await challengeFor("new.test")], peers: [] });
  expect(await shownFor(proxy.httpsPort, "new.test", ACME)).toContain("proof.test");
  expect(await handshakeError(proxy.httpsPort, "new.test")).toBe("ERR_SSL_TLSV1_UNRECOGNIZED_NAME");
});

test("without a challenge for the name, nobody speaks acme-tls/1 [TL-10]", async () => {
  const { port, proxy } = await startChallenged();
  expect(await handshakeError(port, "b.test", ACME)).toMatch(/NO_APPLICATION_PROTOCOL/);
  expect(await handshakeError(port, "c.test", ACME)).toMatch(/UNRECOGNIZED_NAME/);
  await proxy.plane.useChallenges(NO_CHALLENGES);
  expect(await handshakeError(port, "a.test", ACME)).toMatch(/NO_APPLICATION_PROTOCOL/);
});

test("the connection ends right behind the handshake, and what was sent reaches nobody [TL-10]", async () => {
  const { port, app, proxy } = await startChallenged({ lingerTimeoutMs: 300 });
  const socket = connect({ host: "127.0.0.1", port, servername: "a.test", rejectUnauthorized: false, ...ACME });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  socket.write(get("/"));
  let received = 0;
  socket.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  await once(socket, "close");
  expect([received, app.receivedBytes]).toEqual([0, 0]);
  const silent = await secureClient(port, "a.test", ACME);
  expect(await silent.until(() => silent.ended)).toBe(true);
  await eventually("both are forgotten", () => proxy.plane.connections.size === 0);
});

test("timeouts apply to authorities too [TL-10]", async () => {
  const { port, proxy } = await startChallenged({ handshakeTimeoutMs: 300 });
  const client = await connectTo(port);
  client.send(await helloOf("a.test", ACME));
  expect(await client.until(() => client.receivedBytes > 0)).toBe(true);
  expect(await client.until(() => client.closed || client.ended)).toBe(true);
  await eventually("it is forgotten", () => proxy.plane.connections.size === 0);
});

test("a challenge that cannot be used fails with an alert, and the rest goes on", async () => {
  const { port, proxy } = await startChallenged();
  const broken = { ...(await challengeFor("a.test")), privateKey: "nonsense" } as Challenge;
  await proxy.plane.useChallenges({ challenges: [broken], peers: [] });
  expect(await handshakeError(port, "a.test", ACME)).toMatch(/INTERNAL_ERROR/);
  expect(await shownFor(port, "a.test")).toBe("a.test");
});
