import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { OnDemandSubject } from "../../../proxy/certificate/on-demand.ts";
import { CERTIFICATE_LIMITS } from "../../../proxy/limits.ts";
import { startCertificates, tlsService } from "../../support/certificate-bench.ts";
import { newKey, problemOf, type Validity } from "../../support/scripted-issuer.ts";

const PRODUCTION = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ANY = tlsService("any", [], { onDemandUrl: "/allowed" });

async function bench(options: Parameters<typeof startCertificates>[0] = {}) {
  const asked: (readonly [string, OnDemandSubject])[] = [];
  const policy = { allows: () => true };
  const certificates = await startCertificates({
    ...options,
    approve: (name, subject) => {
      asked.push([name, subject]);
      return Promise.resolve(policy.allows() ? { allowed: true, reason: "" } : { allowed: false, reason: "no" });
    },
  });
  return { ...certificates, asked, policy, ask: (name: string) => certificates.dataPlane.askForMissing(name) };
}

test("a handshake for an allowed name waits until there is a certificate; it is asked for once [A148] [P13] [AC-04]", async () => {
  const { serve, ask, asked, issuer, shown, dataPlane } = await bench();
  await serve(ANY);
  expect(dataPlane.certificateTables.at(-1)?.askable).toEqual([""]);
  await Promise.all(Array.from({ length: 20 }, () => ask("customer.example.com")));
  expect(shown("customer.example.com")).toMatch(/^[0-9a-f]{32}$/);
  expect(issuer.orders).toHaveLength(1);
  expect(asked).toEqual([
    ["customer.example.com", { onDemandUrl: "/allowed", gate: { state: "running" }, targetAddress: "127.0.0.1:3000" }],
  ]);
});

test("a denied one gets none, and no order [A148] [TL-02]", async () => {
  const { serve, ask, policy, issuer, shown } = await bench();
  policy.allows = () => false;
  await serve(ANY);
  await ask("stranger.example.com");
  expect(shown("stranger.example.com")).toBeUndefined();
  expect(issuer.orders).toEqual([]);
});

test("one with a saved certificate is never asked for, not even an RSA one or an expired one [A222] [AC-05]", async () => {
  const { serve, ask, asked, issuer, shown, directory } = await bench();
  const place = join(directory, "certs", PRODUCTION);
  await mkdir(place, { recursive: true });
  const save = (file: string, name: string, validity?: Validity) => {
    const key = newKey();
    return writeFile(join(place, file), key + issuer.chainFor(key, [name], validity));
  };
  await save("a.example.com", "a.example.com");
  await save("b.example.com+rsa", "b.example.com");
  await save("c.example.com", "c.example.com", { notBefore: new Date("2020-01-01"), notAfter: new Date("2020-02-01") });
  await serve(ANY);
  for (const name of ["a.example.com", "b.example.com", "c.example.com"]) {
    await ask(name);
    expect(shown(name), name).toMatch(/^[0-9a-f]{32}$/);
  }
  expect(asked).toEqual([]);
  expect(
    issuer.orders.map(({ name }) => name),
    "the expired one is got anew",
  ).toEqual(["c.example.com"]);
});

test("names of other services are theirs, and no name that cannot have a certificate is asked for", async () => {
  const { serve, ask, asked, issuer } = await bench();
  const plain = tlsService("plain", ["plain.example.com"], { enabled: false });
  const wild = tlsService("wild", ["*.wild.example.com"], { enabled: false });
  await serve(ANY, plain, wild);
  for (const name of ["plain.example.com", "a.wild.example.com", "localhost", "10.0.0.1", "my_shop.example.com"]) {
    await ask(name);
  }
  expect(asked).toEqual([]);
  expect(issuer.orders).toEqual([]);
});

test("a failed order is not tried behind anybody's back, and not by every handshake", async () => {
  const { serve, ask, issuer, clock, certificates, shown } = await bench();
  issuer.answer = () => Promise.resolve(problemOf("dns"));
  await serve(ANY);
  await ask("customer.example.com");
  await ask("customer.example.com");
  expect(issuer.orders).toHaveLength(1);
  expect(certificates.list().certificates).toEqual([]);
  await clock.advance(3_600_000);
  expect(issuer.orders).toHaveLength(1);
  issuer.answer = (job) => Promise.resolve(issuer.issued(job));
  await ask("customer.example.com");
  expect(shown("customer.example.com")).toMatch(/^[0-9a-f]/);
});

test("it is renewed while it is held, and goes with its service", async () => {
  const { serve, ask, issuer, clock, certificates, dataPlane } = await bench();
  issuer.lifetimeMs = 10 * 24 * 3_600_000;
  await serve(ANY);
  await ask("customer.example.com");
  expect(certificates.list().certificates).toMatchObject([
    { name: "customer.example.com", service: "any", source: "on-demand", state: "valid" },
  ]);
  await clock.advance(8 * 24 * 3_600_000);
  expect(issuer.orders).toHaveLength(2);
  await serve();
  expect(dataPlane.certificateTables.at(-1)).toEqual({ certificates: [], names: [], defaultId: "", askable: [] });
});

test("no more wait for an order than may; who comes late fails at once [AC-04]", async () => {
  const { serve, ask, issuer, log } = await bench();
  const { promise, resolve } = Promise.withResolvers<void>();
  issuer.answer = async (job) => {
    await promise;
    return issuer.issued(job);
  };
  await serve(ANY);
  const { maxOnDemandOrders } = CERTIFICATE_LIMITS;
  const waiting = Array.from({ length: maxOnDemandOrders }, (_, index) => ask(`n${index}.example.com`));
  await ask("late.example.com");
  expect(log.saying("Too many names wait for a certificate")).toMatchObject([{ host: "late.example.com" }]);
  resolve();
  await Promise.all(waiting);
  expect(issuer.orders).toHaveLength(maxOnDemandOrders);
});

test("no more are held than may: the one asked for longest ago makes room, and is read again when it is asked for", async () => {
  const { serve, ask, issuer, shown, asked } = await bench({ limits: { maxOnDemandCertificates: 2 } });
  await serve(ANY);
  const names = ["a.example.com", "b.example.com", "c.example.com"];
  for (const name of names) await ask(name);
  expect(names.map((name) => shown(name) !== undefined)).toEqual([false, true, true]);
  await ask("a.example.com");
  expect(names.map((name) => shown(name) !== undefined)).toEqual([true, false, true]);
  expect(issuer.orders).toHaveLength(3);
  expect(asked).toHaveLength(3);
  expect(CERTIFICATE_LIMITS.maxOnDemandCertificates).toBe(1_000);
});
