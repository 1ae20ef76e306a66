import { describe, expect, test } from "vitest";
import { CERTIFICATE_LIMITS } from "../../../proxy/limits.ts";
import { startCertificates, tlsService } from "../../support/certificate-bench.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { newKey, problemOf, ScriptedIssuer } from "../../support/scripted-issuer.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const A = tlsService("a", ["a.example.com"]);
const PEERS = ["10.0.0.2:80"];
let orderNumber = 0;
const newOrder = () => ({ event: "order", url: `https://ca.example/order/${++orderNumber}` }) as const;

/** An authority at which every check fails, and which notes when orders were begun. */
async function failing(kind: "connection" | "dns" | "wrong-answer") {
  const bench = await startCertificates();
  const begun: number[] = [];
  bench.issuer.answer = async (_, emit) => {
    begun.push(bench.clock.now());
    await emit(newOrder());
    return problemOf(kind);
  };
  const mostInAnHour = () =>
    Math.max(...begun.map((from) => begun.filter((at) => at >= from && at < from + HOUR).length));
  return { ...bench, begun, mostInAnHour };
}

describe("checks that fail stay within what authorities let fail", () => {
  test.each(["connection", "dns", "wrong-answer"] as const)(
    "%s: one an hour is left for a deploy [AC-03]",
    async (kind) => {
      const { deploy, clock, begun, mostInAnHour } = await failing(kind);
      await deploy(A);
      for (let step = 0; step < 40; step++) await clock.advance(6 * MINUTE);
      expect(mostInAnHour()).toBeLessThanOrEqual(CERTIFICATE_LIMITS.maxOrdersPerHour - 1);
      expect(begun.length, "it goes on").toBeGreaterThan(6);
    },
  );

  test("however often the service is deployed [AC-03]", async () => {
    const { deploy, clock, begun, mostInAnHour } = await failing("wrong-answer");
    for (let round = 0; round < 36; round++) {
      await deploy(tlsService("a", ["a.example.com"]));
      await clock.advance(5 * MINUTE);
    }
    expect(mostInAnHour()).toBe(5);
    expect(CERTIFICATE_LIMITS.maxOrdersPerHour).toBe(5);
    expect(begun.length).toBeLessThanOrEqual(16);
  });

  test("however often the proxy dies in the middle of an order [AC-03] [AC-09]", async () => {
    const first = await startCertificates();
    const { directory, clock } = first;
    const issuer = new ScriptedIssuer(() => clock.now());
    let [news, saved] = [0, 0];
    issuer.answer = async (job, emit) => {
      // The check failed while nobody was there to answer it.
      if (job.orderUrl !== "") return problemOf("order-gone");
      news++;
      await emit(newOrder());
      saved++;
      return new Promise(() => undefined);
    };
    for (let round = 0; round < 12; round++) {
      const again = await startCertificates({ directory, clock, issuer });
      const before = saved;
      await again.serve(A);
      const isIdle = () => !again.certificates.list().certificates.some(({ ordering }) => ordering);
      await eventually("an order that is saved, or none", () => saved > before || isIdle());
      await again.certificates.close();
      await clock.advance(10_000);
    }
    expect(news).toBe(5);
  });
});

describe("several servers", () => {
  test.each([
    ["wrong-answer", 1],
    ["connection", 2],
  ] as const)(
    "%s at the first order: one more soon, for a peer may be deployed just now [P1]",
    async (kind, before) => {
      const { certificates, issuer, clock, serve } = await startCertificates({ peers: PEERS });
      issuer.answer = (job) => Promise.resolve(issuer.orders.length <= before ? problemOf(kind) : issuer.issued(job));
      const expectation = await certificates.expect(A, () => undefined);
      await serve(A);
      const settled = expectation.settled({ timeoutMs: 5_000, signal: AbortSignal.timeout(10_000) });
      await eventually("the first", () => issuer.orders.length === before && issuer.running === 0);
      await pause(30);
      expect(issuer.orders).toHaveLength(before);
      await clock.advance(CERTIFICATE_LIMITS.peerDeployMs);
      expect(await settled).toEqual([]);
      expect(issuer.orders).toHaveLength(before + 1);
      expect(CERTIFICATE_LIMITS.peerDeployMs).toBe(18_000);
    },
  );

  test("once, and not for what no peer can cure", async () => {
    const { certificates, issuer, clock, serve } = await startCertificates({ peers: PEERS });
    issuer.answer = (job) => Promise.resolve(problemOf(job.name === "a.example.com" ? "wrong-answer" : "caa"));
    await serve(A);
    await certificates.expect(tlsService("b", ["b.example.com"]), () => undefined);
    const ordersOf = (host: string) => issuer.orders.filter(({ name }) => name === host).length;
    await eventually("the first", () => issuer.orders.length === 2 && issuer.running === 0);
    await pause(30);
    await clock.advance(50_000);
    expect(ordersOf("a.example.com")).toBe(2);
    expect(ordersOf("b.example.com")).toBe(1);
    await clock.advance(3 * MINUTE);
    expect(ordersOf("a.example.com")).toBe(4);
  });

  test("the end of the proxy does not wait for it", async () => {
    const { certificates, issuer, serve, clock } = await startCertificates({ peers: PEERS });
    issuer.answer = () => Promise.resolve(problemOf("wrong-answer"));
    await serve(A);
    await eventually("the first", () => issuer.orders.length === 1 && issuer.running === 0);
    await pause(30);
    await certificates.close();
    expect(certificates.list().certificates[0]?.ordering).toBe(false);
    await clock.advance(MINUTE);
    expect(issuer.orders).toHaveLength(1);
  });
});

test("certificates of no use are not ordered again and again: five a week are all there are [AC-03]", async () => {
  const { deploy, issuer, clock } = await startCertificates();
  issuer.answer = (job) => Promise.resolve(issuer.issued(job, { names: ["other.example.com"] }));
  await deploy(A);
  for (let day = 0; day < 7; day++) {
    await deploy(tlsService("a", ["a.example.com"]));
    await clock.advance(DAY);
  }
  expect(issuer.orders.length).toBeLessThanOrEqual(5);
  expect(issuer.orders.length).toBeGreaterThan(2);
});

test("orders that wait for their turn when nobody wishes for them any more are not begun", async () => {
  const { certificates, issuer } = await startCertificates();
  const { promise, resolve } = Promise.withResolvers<void>();
  await certificates.expect(A, () => undefined);
  await eventually("an account", () => issuer.orders.length === 1 && issuer.running === 0);
  issuer.answer = async (job, emit) => {
    if (job.account === null) await emit({ event: "account", privateKey: newKey(), url: "https://ca.example/1" });
    await promise;
    return issuer.issued(job);
  };
  const hosts = Array.from({ length: 30 }, (_, index) => `h${index}.example.com`);
  const expectation = await certificates.expect(tlsService("many", hosts), () => undefined);
  await eventually("two under way", () => issuer.running === 2);
  // The deploy fails: its targets are not healthy.
  await expectation.release();
  resolve();
  await eventually("their end", () => issuer.running === 0);
  await pause(50);
  expect(issuer.orders).toHaveLength(3);
  const again = await certificates.expect(tlsService("few", hosts.slice(2, 4)), () => undefined);
  expect(await again.settled({ timeoutMs: 5_000, signal: AbortSignal.timeout(5_000) })).toEqual([]);
  expect(issuer.orders).toHaveLength(5);
});

test("an account that several orders find dead is replaced once [AC-11]", async () => {
  const { deploy, issuer } = await startCertificates();
  let dead = "";
  issuer.answer = async (job, emit) => {
    if (job.account === null) {
      const account = { privateKey: newKey(), url: `https://ca.example/acct/${issuer.orders.length}` };
      await emit({ event: "account", ...account });
      if (dead === "") dead = account.privateKey;
      return issuer.issued(job);
    }
    await pause(job.name.startsWith("b.") ? 60 : 5);
    return job.account.privateKey === dead ? problemOf("account") : issuer.issued(job);
  };
  await deploy(A);
  expect(await deploy(tlsService("more", ["b.example.com", "c.example.com", "d.example.com"]))).toEqual([]);
  expect(issuer.orders.filter(({ account }) => account === null)).toHaveLength(2);
});
