/** Certificates that are not there yet: who is asked for them, how often, and how long handshakes wait. */
import { expect, test } from "vitest";
import type { Limits } from "../../proxy/limits.ts";
import { connectTo, startBed } from "../support/bed.ts";
import { eventually, pause } from "../support/eventually.ts";
import { get } from "../support/raw-client.ts";
import { tlsRoute } from "../support/running-proxy.ts";
import { handshakeError, helloOf, secureClient, served, shownFor, tableOf } from "../support/tls-clients.ts";

const UNKNOWN_NAME = "ERR_SSL_TLSV1_UNRECOGNIZED_NAME";

/** A plane for which certificates may be had for `askable`; `asked` are the names it has asked for so far. */
async function startAsking(
  askable: readonly string[],
  limits: Partial<Limits> = {},
  onAsk: (name: string) => Promise<void> = () => Promise.resolve(),
) {
  const bed = await startBed({ limits, route: { tls: tlsRoute() } });
  const asked: string[] = [];
  await bed.proxy.plane.useCertificates(tableOf([], { askable }));
  bed.proxy.plane.whenMissing((name) => {
    asked.push(name);
    return onAsk(name);
  });
  return { ...bed, asked, port: bed.proxy.httpsPort };
}

test("the handshake waits for the certificate, and shows it; the next one need not ask", async () => {
  const certificate = await served(["a.test"]);
  const { port, proxy, asked } = await startAsking(["a.test"], {}, async () => {
    await pause(100);
    await proxy.plane.useCertificates(tableOf([certificate]));
  });
  const client = await secureClient(port, "A.test.");
  expect((await client.ask(get("/"))).status).toBe(200);
  expect(await shownFor(port, "a.test")).toBe("a.test");
  expect(asked).toEqual(["a.test"]);
});

test("of many who wait for one name, one asks", async () => {
  const certificate = await served(["a.test"]);
  const { port, proxy, asked } = await startAsking([""], {}, async () => {
    await pause(200);
    await proxy.plane.useCertificates(tableOf([certificate], { askable: [""] }));
  });
  const shown = await Promise.all(Array.from({ length: 30 }, () => shownFor(port, "a.test")));
  expect(new Set(shown)).toEqual(new Set(["a.test"]));
  expect(asked).toEqual(["a.test"]);
});

test.each([
  [["a.test"], ["a.test"], ["b.test", "x.a.test"]],
  [["*.a.test"], ["x.a.test", "y.a.test"], ["a.test", "x.y.a.test"]],
  [[""], ["a.test", "x.a.test"], ["10.0.0.1"]],
])("%j: asks for %j, not for %j [TL-02]", async (askable, yes, no) => {
  const { port, asked } = await startAsking(askable);
  for (const name of [...yes, ...no]) expect(await handshakeError(port, name)).not.toBe("");
  expect(asked).toEqual(yes);
});

test("a client that names no host asks for nothing", async () => {
  const { port, asked } = await startAsking([""]);
  expect(await handshakeError(port, "")).toBe("ERR_SSL_TLSV13_ALERT_MISSING_EXTENSION");
  expect(asked).toEqual([]);
});

test("no, and failure, are answers too; who comes later asks again", async () => {
  let failures = 0;
  const { port, asked } = await startAsking([""], {}, () => {
    failures++;
    if (failures === 1) throw new Error("at once");
    return failures === 2 ? Promise.reject(new Error("later")) : Promise.resolve();
  });
  for (let round = 1; round <= 3; round++) {
    expect(await handshakeError(port, "a.test")).toBe(UNKNOWN_NAME);
    expect(asked).toHaveLength(round);
  }
});

test("certificateWaitMs: the handshake fails, the question stays, and the answer is there for the next", async () => {
  const certificate = await served(["a.test"]);
  const answer = Promise.withResolvers<void>();
  const { port, proxy, asked } = await startAsking([""], { certificateWaitMs: 200 }, () => answer.promise);
  for (let round = 0; round < 2; round++) expect(await handshakeError(port, "a.test")).toBe(UNKNOWN_NAME);
  expect(asked).toEqual(["a.test"]);
  await proxy.plane.useCertificates(tableOf([certificate]));
  answer.resolve();
  expect(await shownFor(port, "a.test")).toBe("a.test");
});

test("maxWaitingHandshakes: more do not wait, whether for one name or for many", async () => {
  const answer = Promise.withResolvers<void>();
  const limits = { maxWaitingHandshakes: 3, certificateWaitMs: 60_000 };
  for (const nameOf of [() => "a.test", (index: number) => `${index}.test`]) {
    const { port, proxy, asked } = await startAsking([""], limits, () => answer.promise);
    const waiting = await Promise.all(Array.from({ length: 3 }, () => connectTo(port)));
    for (const [index, client] of waiting.entries()) client.send(await helloOf(nameOf(index)));
    await eventually("they wait", () => asked.length === new Set([0, 1, 2].map(nameOf)).size);
    await pause(50);
    expect(await handshakeError(port, nameOf(4))).toBe(UNKNOWN_NAME);
    expect(waiting.filter(({ ended }) => ended)).toEqual([]);
    expect(proxy.plane.connections.size).toBeGreaterThanOrEqual(3);
  }
});

test("whoever leaves while waiting, or when the proxy ends, is no trouble", async () => {
  const answer = Promise.withResolvers<void>();
  const { port, proxy, asked } = await startAsking([""], {}, () => answer.promise);
  const client = await connectTo(port);
  client.send(await helloOf("a.test"));
  const other = await connectTo(port);
  other.send(await helloOf("b.test"));
  await eventually("they wait", () => asked.length === 2);
  client.reset();
  expect(await proxy.plane.shutdown(1_000)).toBe(0);
  expect(await other.until(() => other.closed || other.ended)).toBe(true);
  answer.resolve();
  await pause(50);
  expect(proxy.plane.connections.size).toBe(0);
});
