import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CERTIFICATE_LIMITS } from "../../../proxy/limits.ts";
import { startCertificates, tlsService } from "../../support/certificate-bench.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { newKey, problemOf } from "../../support/scripted-issuer.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const PRODUCTION = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const SHOP = tlsService("shop", ["shop.example.com", "www.shop.example.com"]);
const A = tlsService("a", ["a.example.com"]);

/** Which of two names is ordered first is nobody's promise. */
function byName<Order extends { readonly name: string }>(orders: readonly Order[]): Order[] {
  return orders.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

describe("a first deploy", () => {
  test("gets a certificate for each host, and tells how that goes", async () => {
    const { deploy, issuer, told, shown, dataPlane, directory } = await startCertificates();
    expect(await deploy(SHOP)).toEqual([]);
    expect(
      byName(issuer.orders).map(({ name, challenge, directory, account }) => [name, challenge, directory, account]),
    ).toEqual(
      SHOP.service.hosts.map((name) => [name, "http-01", "https://acme-v02.api.letsencrypt.org/directory", null]),
    );
    await eventually("the questions", () => issuer.jobs.some(({ kind }) => kind === "renewal-info"));
    const { orderTimeoutMs, renewalInfoTimeoutMs } = CERTIFICATE_LIMITS;
    for (const { kind, timeoutMs } of issuer.jobs) {
      expect(timeoutMs).toBe(kind === "certificate" ? orderTimeoutMs : renewalInfoTimeoutMs);
    }
    expect(told).toContain("Waiting for a certificate for shop.example.com from Let's Encrypt (HTTP-01)…");
    expect(told.some((text) => /^shop\.example\.com: issued, valid until \d{4}-\d\d-\d\d$/.test(text))).toBe(true);
    expect(shown("shop.example.com")).toMatch(/^[0-9a-f]{32}$/);
    expect(shown("www.shop.example.com")).toMatch(/^[0-9a-f]{32}$/);
    expect(dataPlane.certificateTables.at(-1)?.askable).toEqual([]);
    expect(await readdir(join(directory, "certs", PRODUCTION))).toContain("shop.example.com");
  });

  test("begins before the service is routed, and is not waited for twice", async () => {
    const { certificates, issuer, serve } = await startCertificates();
    const expectation = await certificates.expect(A, () => undefined);
    await eventually("the order", () => issuer.orders.length === 1);
    await eventually("its end", () => issuer.running === 0);
    await serve(A);
    expect(await expectation.settled({ timeoutMs: 1_000, signal: AbortSignal.timeout(5_000) })).toEqual([]);
    expect(issuer.orders).toHaveLength(1);
  });

  test("that never becomes healthy leaves no wish behind; what was got stays in the cache", async () => {
    const { certificates, directory, issuer, clock, serve } = await startCertificates();
    const expectation = await certificates.expect(A, () => undefined);
    await eventually("the order's end", () => issuer.orders.length === 1 && issuer.running === 0);
    await pause(20);
    await expectation.release();
    await clock.advance(200 * DAY);
    expect(issuer.orders, "nobody renews it").toHaveLength(1);
    expect(certificates.list().certificates).toEqual([]);
    expect(await readdir(join(directory, "certs", PRODUCTION))).toContain("a.example.com");
    await serve(A);
    await eventually("an order, because it has expired meanwhile", () => issuer.orders.length === 2);
  });

  test("whose certificate is there already waits for nothing", async () => {
    const { deploy, issuer, told } = await startCertificates();
    await deploy(A);
    told.length = 0;
    const again = tlsService("a", ["a.example.com"]);
    expect(await deploy(again)).toEqual([]);
    expect(issuer.orders).toHaveLength(1);
    expect(told).toEqual([]);
  });

  test("waits no longer than it may, and says what is missing", async () => {
    const { deploy, issuer } = await startCertificates();
    const { promise, resolve } = Promise.withResolvers<void>();
    issuer.answer = async (job) => {
      await promise;
      return issuer.issued(job);
    };
    expect(await deploy(A, 30)).toEqual([
      "there is no certificate for a.example.com yet; the order is still under way",
    ]);
    resolve();
  });

  test("whose order fails succeeds with a warning; the service runs, other names are not touched [AC-02] [P4]", async () => {
    const { deploy, issuer, shown, dataPlane } = await startCertificates();
    issuer.answer = (job) =>
      Promise.resolve(job.name.startsWith("www.") ? problemOf("dns", { detail: "no address" }) : issuer.issued(job));
    const [warning, ...others] = await deploy(SHOP);
    expect(warning).toMatch(/^there is no certificate for www\.shop\.example\.com yet: no address; next attempt at 20/);
    expect(others).toEqual([]);
    expect(shown("shop.example.com")).not.toBe("");
    expect(shown("www.shop.example.com")).toBe("");
    expect(dataPlane.certificateTables.at(-1)?.askable).toEqual(["www.shop.example.com"]);
  });
});

describe("the ladder", () => {
  test("goes on until there is a certificate, with waits that grow [AC-02]", async () => {
    const { deploy, issuer, clock, certificates } = await startCertificates();
    issuer.answer = () => Promise.resolve(problemOf("authority-unavailable"));
    await deploy(A);
    const after: number[] = [];
    for (let minute = 1; minute <= 20; minute++) {
      const before = issuer.orders.length;
      await clock.advance(MINUTE);
      if (issuer.orders.length > before) after.push(minute);
    }
    expect(after).toEqual([1, 3, 5, 10, 20]);
    expect(certificates.list().certificates[0]).toMatchObject({
      state: "missing",
      lastError: "authority-unavailable trouble",
      failedAttempts: 6,
    });
    issuer.answer = (job) => Promise.resolve(issuer.issued(job));
    await clock.advance(10 * MINUTE);
    expect(certificates.list().certificates[0]).toMatchObject({ state: "valid", lastError: "", failedAttempts: 0 });
  });

  test("outlives a restart: no hammering, nothing forgotten [AC-02] [AC-03]", async () => {
    const first = await startCertificates();
    first.issuer.answer = () => Promise.resolve(problemOf("rate-limited", { retryAfterSeconds: 7200 }));
    await first.deploy(A);
    await first.certificates.close();
    const { directory, clock, issuer } = first;
    const second = await startCertificates({ directory, clock, issuer });
    await second.serve(A);
    await clock.advance(119 * MINUTE);
    expect(issuer.orders).toHaveLength(1);
    issuer.answer = (job) => Promise.resolve(issuer.issued(job));
    await clock.advance(2 * MINUTE);
    expect(issuer.orders).toHaveLength(2);
    await eventually("the certificate", () => second.shown("a.example.com") !== "");
  });

  test.each([
    ["dns", 2],
    ["caa", 2],
    ["dns-hook", 2],
    ["wrong-answer", 2],
    ["rate-limited", 1],
    ["authority-unavailable", 2],
    ["rejected-name", 1],
  ] as const)("a deploy after %s: %i orders in all [AC-03]", async (kind, orders) => {
    const { deploy, issuer } = await startCertificates();
    issuer.answer = () => Promise.resolve(problemOf(kind));
    await deploy(A);
    const [warning] = await deploy(tlsService("a", ["a.example.com"]));
    expect(issuer.orders).toHaveLength(orders);
    expect(warning).toContain(`${kind} trouble`);
  });
});

describe("one order", () => {
  test("per name at a time, however many ask; two processes at once [AC-04]", async () => {
    const { deploy, issuer, dataPlane } = await startCertificates();
    const { promise, resolve } = Promise.withResolvers<void>();
    issuer.answer = async (job, emit) => {
      if (job.account === null) await emit({ event: "account", privateKey: newKey(), url: "https://ca.example/1" });
      await promise;
      return issuer.issued(job);
    };
    const hosts = Array.from({ length: 8 }, (_, index) => `h${index}.example.com`);
    const deployed = deploy(tlsService("many", hosts));
    await eventually("the service", () => dataPlane.certificateTables.length > 0);
    const asked = Promise.all(Array.from({ length: 50 }, () => dataPlane.askForMissing("h0.example.com")));
    await eventually("two under way", () => issuer.running === 2);
    resolve();
    await asked;
    expect(await deployed).toEqual([]);
    expect(issuer.orders.map(({ name }) => name).sort()).toEqual(hosts);
    expect(issuer.mostRunning).toBe(CERTIFICATE_LIMITS.maxIssuingProcesses);
    expect(CERTIFICATE_LIMITS.maxIssuingProcesses).toBe(2);
  });

  test("saves its key before it begins, and is gone on with after a crash [AC-09]", async () => {
    const first = await startCertificates();
    const file = join(first.directory, "certs", PRODUCTION, "a.example.com+kdeploy");
    let saved = "";
    first.issuer.answer = async (_, emit) => {
      saved = (JSON.parse(await readFile(file, "utf8")) as { pendingKey: string }).pendingKey;
      await emit({ event: "order", url: "https://ca.example/order/7" });
      return new Promise(() => undefined);
    };
    void first.deploy(A).catch(() => undefined);
    await eventually("the key", () => saved !== "");
    expect(saved).toBe(first.issuer.orders[0]?.privateKey);
    await pause(30);
    // What a crash leaves is on disk by now; closing gives the order up without a word about it.
    await first.certificates.close();
    const second = await startCertificates({ directory: first.directory, clock: first.clock });
    await second.serve(A);
    await eventually("the certificate", () => (second.shown("a.example.com") ?? "") !== "");
    expect(second.issuer.orders).toHaveLength(1);
    expect(second.issuer.orders[0]).toMatchObject({ orderUrl: "https://ca.example/order/7", privateKey: saved });
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ pendingKey: "", orderUrl: "" });
  });

  test("that is gone is begun anew at once", async () => {
    const { deploy, issuer, clock, shown } = await startCertificates();
    issuer.answer = async (job, emit) => {
      if (job.orderUrl !== "") return problemOf("order-gone");
      await emit({ event: "order", url: "https://ca.example/order/1" });
      return issuer.orders.length === 1 ? problemOf("timed-out") : issuer.issued(job);
    };
    await deploy(A);
    await clock.advance(MINUTE);
    expect(issuer.orders.map(({ orderUrl }) => orderUrl)).toEqual(["", "https://ca.example/order/1", ""]);
    expect(shown("a.example.com")).not.toBe("");
  });

  test("is not begun when its key cannot be saved [AC-09]", async () => {
    const { deploy, directory, issuer } = await startCertificates();
    await writeFile(join(directory, "certs"), "a file in the way");
    const [warning] = await deploy(A);
    expect(issuer.orders).toEqual([]);
    expect(warning).toMatch(/EEXIST|ENOTDIR/);
  });

  test("whose certificate is for another name, key or time is a failure; what is served stays [AC-13]", async () => {
    const { deploy, issuer, shown, clock } = await startCertificates();
    await deploy(A);
    const before = shown("a.example.com");
    issuer.answer = () => Promise.resolve(problemOf("timed-out"));
    await clock.advance(66 * DAY);
    for (const spoiled of [
      (job: { privateKey: string }) => issuer.chainFor(job.privateKey, ["other.example.com"]),
      () => issuer.chainFor(newKey(), ["a.example.com"]),
      (job: { privateKey: string }) =>
        issuer.chainFor(job.privateKey, ["a.example.com"], {
          notBefore: new Date("2020-01-01"),
          notAfter: new Date("2020-02-01"),
        }),
    ]) {
      const count = issuer.orders.length;
      issuer.answer = (job) => Promise.resolve({ event: "issued", chain: spoiled(job) });
      await clock.advance(37 * HOUR);
      expect(issuer.orders.length).toBeGreaterThan(count);
      expect(shown("a.example.com")).toBe(before);
    }
  });

  test("puts its challenge in place before it goes on, and takes it away; peers stay [AC-10] [P1]", async () => {
    const { deploy, issuer, dataPlane } = await startCertificates({ peers: ["10.0.0.2:80"] });
    const challenge = { type: "http-01", token: "t", keyAuthorization: "t.k" } as const;
    let during: unknown;
    issuer.answer = async (job, emit) => {
      await emit({ event: "challenge", challenge });
      during = dataPlane.challengeTables.at(-1);
      return issuer.issued(job);
    };
    await deploy(tlsService("a", ["a.example.com"], { peers: ["10.0.0.3", "10.0.0.2"] }));
    expect(during).toMatchObject({ challenges: [challenge] });
    const peers = ["10.0.0.2:80", "10.0.0.3:80"];
    await eventually("an empty board", () => dataPlane.challengeTables.at(-1)?.challenges.length === 0);
    expect(dataPlane.challengeTables.at(-1)).toEqual({ challenges: [], peers });
  });
});

describe("challenges", () => {
  test("a closed port 80 has TLS-ALPN-01 tried at once, and what worked is remembered [AC-10]", async () => {
    const { deploy, issuer, clock } = await startCertificates();
    issuer.answer = (job) =>
      Promise.resolve(job.challenge === "http-01" ? problemOf("connection") : issuer.issued(job));
    expect(await deploy(A)).toEqual([]);
    expect(issuer.orders.map(({ challenge }) => challenge)).toEqual(["http-01", "tls-alpn-01"]);
    await clock.advance(70 * DAY);
    expect(issuer.orders.map(({ challenge }) => challenge)).toEqual(["http-01", "tls-alpn-01", "tls-alpn-01"]);
  });

  test("if neither works they take turns, at the ladder's pace", async () => {
    const { deploy, issuer, clock } = await startCertificates();
    issuer.answer = () => Promise.resolve(problemOf("connection"));
    await deploy(A);
    expect(issuer.orders).toHaveLength(2);
    await clock.advance(3 * MINUTE);
    expect(issuer.orders.map(({ challenge }) => challenge)).toEqual([
      "http-01",
      "tls-alpn-01",
      "http-01",
      "tls-alpn-01",
    ]);
  });

  test("a hook has DNS-01 used, for wildcards too, whose certificate is shown for their names [P7]", async () => {
    const { deploy, issuer, shown } = await startCertificates();
    await deploy(tlsService("wild", ["*.example.com", "example.com"], { dnsHook: "/bin/true" }));
    expect(byName(issuer.orders).map(({ name, challenge, dnsHook }) => [name, challenge, dnsHook])).toEqual([
      ["*.example.com", "dns-01", "/bin/true"],
      ["example.com", "dns-01", "/bin/true"],
    ]);
    expect(shown("*.example.com")).toMatch(/^[0-9a-f]/);
  });

  test("a hook that is no program, or a key that is not there, is refused", async () => {
    const { certificates } = await startCertificates();
    const expected = (tls: Record<string, unknown>) =>
      certificates.expect(tlsService("a", ["a.example.com"], tls), () => undefined);
    await expect(expected({ dnsHook: "/nowhere/hook" })).rejects.toMatchObject({
      code: "invalid-options",
      message: "service options invalid: tls-dns-hook /nowhere/hook cannot be run",
    });
    await expect(expected({ eabKeyId: "kid", eabKeyPath: "/nowhere/key" })).rejects.toMatchObject({
      message: "service options invalid: tls-eab-key-path /nowhere/key cannot be read",
    });
  });
});

describe("accounts", () => {
  test("one for all names of an authority, bound if need be", async () => {
    const { deploy, issuer, directory } = await startCertificates();
    const eabKeyPath = join(directory, "eab");
    await writeFile(eabKeyPath, "c2VjcmV0\n");
    const account = { privateKey: newKey(), url: "https://ca.example/acct/1" };
    issuer.answer = async (job, emit) => {
      if (job.account === null) await emit({ event: "account", ...account });
      return issuer.issued(job);
    };
    const tls = { directory: "https://ca.example/dir", email: "ops@example.com", eabKeyId: "kid", eabKeyPath };
    await deploy(tlsService("a", ["a.example.com", "b.example.com", "c.example.com"], tls));
    expect(issuer.orders.map((job) => job.account)).toEqual([null, account, account]);
    expect(issuer.orders[0]).toMatchObject({
      email: "ops@example.com",
      externalAccount: { keyId: "kid", hmacKey: "c2VjcmV0" },
    });
  });

  test("one that is lost is made anew once, then the trouble is told [AC-11]", async () => {
    const { deploy, issuer, clock } = await startCertificates();
    let known = true;
    issuer.answer = async (job, emit) => {
      if (job.account !== null && !known) return problemOf("account", { detail: "account is deactivated" });
      if (job.account === null)
        await emit({ event: "account", privateKey: newKey(), url: "https://ca.example/acct/2" });
      return issuer.issued(job);
    };
    await deploy(A);
    known = false;
    await deploy(tlsService("b", ["b.example.com"]));
    expect(issuer.orders.map((job) => job.account === null)).toEqual([true, false, true]);
    issuer.answer = () => Promise.resolve(problemOf("account", { detail: "account is deactivated" }));
    const [warning] = await deploy(tlsService("c", ["c.example.com"]));
    expect(warning).toContain("account is deactivated");
    const count = issuer.orders.length;
    expect(count).toBe(5);
    await clock.advance(MINUTE);
    expect(issuer.orders, "no new account for every attempt").toHaveLength(count + 1);
  });
});

test("another authority has certificates and orders of its own [AC-12]", async () => {
  const { deploy, issuer, shown, directory } = await startCertificates();
  await deploy(
    tlsService("a", ["a.example.com"], { directory: "https://acme-staging-v02.api.letsencrypt.org/directory" }),
  );
  const staging = shown("a.example.com");
  await deploy(A);
  expect(issuer.orders.map((job) => job.directory.includes("staging"))).toEqual([true, false]);
  expect(shown("a.example.com")).not.toBe(staging);
  expect(await readdir(join(directory, "certs"))).toHaveLength(2);
});
