import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startCertificates, tlsService } from "../../support/certificate-bench.ts";
import { eventually } from "../../support/eventually.ts";
import { problemOf } from "../../support/scripted-issuer.ts";

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;
const PRODUCTION = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const A = tlsService("a", ["a.example.com"]);
const ORDER = { event: "order", url: "https://ca.example/order/9" } as const;

describe("a clock that is wrong", () => {
  test("and lags behind: what was just issued is served though it is not valid yet [AC-07]", async () => {
    const { deploy, issuer, clock, shown } = await startCertificates();
    issuer.answer = (job) => {
      const validity = { notBefore: new Date(clock.now() + 2 * DAY), notAfter: new Date(clock.now() + 92 * DAY) };
      return Promise.resolve(issuer.issued(job, { validity }));
    };
    expect(await deploy(A)).toEqual([]);
    expect(shown("a.example.com")).toMatch(/^[0-9a-f]/);
    await clock.advance(DAY);
    expect(issuer.orders).toHaveLength(1);
  });

  test("and was years ahead when an attempt failed: the next one is not put off for years [AC-07]", async () => {
    const { deploy, issuer, clock } = await startCertificates();
    issuer.answer = () => Promise.resolve(problemOf("authority-unavailable"));
    clock.jump(800 * DAY);
    await deploy(A);
    expect(issuer.orders).toHaveLength(1);
    clock.jump(-800 * DAY);
    await clock.advance(2 * HOUR);
    expect(issuer.orders.length).toBeGreaterThan(1);
  });

  test("a renewal that was planned for after the certificate's end is none [AC-07]", async () => {
    const first = await startCertificates();
    await first.deploy(A);
    const { directory, clock, issuer } = first;
    await clock.advance(60_000);
    await first.certificates.close();
    const file = join(directory, "certs", PRODUCTION, "a.example.com+kdeploy");
    const memory = JSON.parse(await readFile(file, "utf8")) as { renewal: { atMs: number; nextQuestionMs: number } };
    memory.renewal.atMs = 1e300;
    memory.renewal.nextQuestionMs = 1e300;
    await writeFile(file, JSON.stringify(memory));
    const second = await startCertificates({ directory, clock, issuer });
    await second.serve(A);
    expect(() => second.certificates.list()).not.toThrow();
    await clock.advance(65 * DAY);
    expect(issuer.orders).toHaveLength(2);
  });
});

describe("a crash", () => {
  test("between a certificate and its state: the next renewal is a new order with a new key [AC-09]", async () => {
    const first = await startCertificates();
    const { directory, clock, issuer } = first;
    const file = join(directory, "certs", PRODUCTION, "a.example.com+kdeploy");
    let state = "";
    issuer.answer = async (job, emit) => {
      await emit(ORDER);
      state = await readFile(file, "utf8");
      return issuer.issued(job);
    };
    await first.deploy(A);
    await first.certificates.close();
    await writeFile(file, state);
    const second = await startCertificates({ directory, clock, issuer });
    await second.serve(A);
    await clock.advance(70 * DAY);
    expect(issuer.orders).toHaveLength(2);
    expect(issuer.orders[1]).toMatchObject({ orderUrl: "" });
    expect(issuer.orders[1]?.privateKey).not.toBe(issuer.orders[0]?.privateKey);
  });

  test("before a certificate could be saved: its order is fetched again, no other is begun [AC-09]", async () => {
    const first = await startCertificates();
    const { directory, clock, issuer } = first;
    const certificate = join(directory, "certs", PRODUCTION, "a.example.com");
    issuer.answer = async (job, emit) => {
      if (job.orderUrl === "") await emit(ORDER);
      await mkdir(join(certificate, "in-the-way"), { recursive: true });
      return issuer.issued(job);
    };
    await first.deploy(A);
    await first.certificates.close();
    await rm(certificate, { recursive: true });
    const second = await startCertificates({ directory, clock, issuer });
    await second.serve(A);
    await eventually("the certificate", () => (second.shown("a.example.com") ?? "") !== "");
    expect(issuer.orders[1]).toMatchObject({ orderUrl: ORDER.url, privateKey: issuer.orders[0]?.privateKey });
  });

  test("that left a key which cannot be read has another made [AC-08]", async () => {
    const { directory, serve, issuer, shown } = await startCertificates();
    const place = join(directory, "certs", PRODUCTION);
    await mkdir(place, { recursive: true });
    await writeFile(
      join(place, "a.example.com+kdeploy"),
      JSON.stringify({ pendingKey: "no key", orderUrl: ORDER.url }),
    );
    await serve(A);
    await eventually("the certificate", () => (shown("a.example.com") ?? "") !== "");
    expect(issuer.orders[0]).toMatchObject({ orderUrl: "" });
  });
});
