import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startCertificates, tlsService } from "../../support/certificate-bench.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { problemOf, ScriptedIssuer } from "../../support/scripted-issuer.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const PRODUCTION = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const SHOP = tlsService("shop", ["shop.example.com", "www.shop.example.com"]);
const A = tlsService("a", ["a.example.com"]);

describe("renewal", () => {
  test("at two thirds, with what it replaces, and the certificate swapped [AC-07] [TL-11]", async () => {
    const { deploy, issuer, shown, clock, certificates } = await startCertificates();
    await deploy(A);
    const before = shown("a.example.com");
    await clock.advance(55 * DAY);
    expect(issuer.orders).toHaveLength(1);
    await clock.advance(10 * DAY);
    expect(issuer.orders).toHaveLength(2);
    expect(issuer.orders[1]?.replaces).toMatch(/^[\w-]+\.[\w-]+$/);
    expect(issuer.orders[1]?.privateKey).not.toBe(issuer.orders[0]?.privateKey);
    expect(shown("a.example.com")).not.toBe(before);
    expect(certificates.list().certificates[0]?.state).toBe("valid");
  });

  test.each([
    ["45 days", 45 * DAY],
    ["6 days", 6 * DAY],
    ["10 minutes", 10 * MINUTE + HOUR],
  ])("certificates of %s are renewed again and again [AC-07]", async (_, lifetimeMs) => {
    const { deploy, issuer, clock, certificates } = await startCertificates();
    issuer.lifetimeMs = lifetimeMs;
    await deploy(A);
    for (let round = 0; round < 4; round++) {
      await clock.advance((lifetimeMs - HOUR) * 0.8 + 1);
      expect(certificates.list().certificates[0]?.state).toBe("valid");
    }
    expect(issuer.orders.length).toBeGreaterThanOrEqual(4);
    expect(issuer.orders.length).toBeLessThan(40);
  });

  test("in the authority's window, which is asked for, kept, and believed when it changes [AC-07]", async () => {
    const first = await startCertificates({ random: () => 0.5 });
    const { issuer, clock, directory } = first;
    const start = clock.now();
    const info = (from: number, until: number) => ({
      event: "renewal-info" as const,
      window: {
        start: new Date(start + from).toISOString(),
        end: new Date(start + until).toISOString(),
        explanationUrl: "",
      },
      retryAfterSeconds: 12 * 3600,
    });
    issuer.renewalInfo = () => info(70 * DAY, 72 * DAY);
    await first.deploy(A);
    const renewsAt = () => Date.parse(first.certificates.list().certificates[0]?.renewsAt ?? "") - start;
    await eventually("the window", () => renewsAt() === 71 * DAY);
    const questions = () => issuer.jobs.filter(({ kind }) => kind === "renewal-info").length;
    expect(questions()).toBe(1);
    await clock.advance(11 * HOUR);
    expect(questions()).toBe(1);
    await first.certificates.close();
    const second = await startCertificates({ directory, clock, issuer, random: () => 0.9 });
    await second.serve(A);
    await clock.advance(2 * HOUR);
    expect(questions(), "asked when it was due, not because of the restart").toBe(2);
    expect(second.certificates.list().certificates[0]?.renewsAt, "picked once").toBe(
      new Date(start + 71 * DAY).toISOString(),
    );
    // Something is wrong with the certificate: the authority wants it replaced now.
    issuer.renewalInfo = () => (issuer.orders.length === 1 ? info(-2 * DAY, -DAY) : info(70 * DAY, 72 * DAY));
    await clock.advance(13 * HOUR);
    expect(issuer.orders).toHaveLength(2);
  });

  test("an authority that always wants it now is not hammered", async () => {
    const { deploy, issuer, clock } = await startCertificates();
    issuer.renewalInfo = () => ({
      event: "renewal-info",
      window: { start: "2020-01-01T00:00:00Z", end: "2020-01-02T00:00:00Z", explanationUrl: "" },
      retryAfterSeconds: null,
    });
    await deploy(A);
    await clock.advance(5 * HOUR + MINUTE);
    expect(issuer.orders.length).toBeLessThanOrEqual(6);
    expect(issuer.orders.length).toBeGreaterThan(2);
  });

  test("that fails keeps the certificate, beyond its end if need be, and says so daily from a third on [AC-06]", async () => {
    const { deploy, issuer, shown, clock, log, certificates } = await startCertificates();
    await deploy(A);
    const before = shown("a.example.com");
    issuer.answer = () => Promise.resolve(problemOf("authority-unavailable"));
    await clock.advance(85 * DAY);
    // To the log these 24 days are a few seconds, and it writes no more than so many lines alike in each.
    const lines = log.saying("Certificate expires soon");
    // The line that says how many alike were left out has no error of its own.
    const told = lines.map(({ error }) => error).filter((error) => error !== undefined);
    expect(told.length).toBeGreaterThan(2);
    expect(told.length).toBeLessThan(29);
    expect(new Set(told)).toEqual(new Set(["authority-unavailable trouble"]));
    await clock.advance(10 * DAY);
    expect(shown("a.example.com")).toBe(before);
    expect(certificates.list().certificates[0]?.state).toBe("expired");
    expect(log.saying("Certificate has expired")).not.toEqual([]);
    issuer.answer = (job) => Promise.resolve(issuer.issued(job));
    await clock.advance(8 * HOUR);
    expect(shown("a.example.com")).not.toBe(before);
  });

  test("a clock that jumps ahead is noticed within the hour; sleeps are never longer [AC-07]", async () => {
    const { deploy, issuer, clock } = await startCertificates();
    await deploy(A);
    await clock.advance(MINUTE);
    expect(clock.sleepsMs).toBeLessThanOrEqual(HOUR);
    clock.jump(80 * DAY);
    await clock.advance(HOUR);
    expect(issuer.orders).toHaveLength(2);
  });
});

describe("a restart", () => {
  test("serves what is saved, without an order; what is damaged is got again, the rest is fine [AC-08] [P4]", async () => {
    const first = await startCertificates();
    await first.deploy(SHOP);
    await first.certificates.close();
    const { directory, clock } = first;
    await writeFile(join(directory, "certs", PRODUCTION, "www.shop.example.com"), "damaged");
    const issuer = new ScriptedIssuer(() => clock.now());
    const second = await startCertificates({ directory, clock, issuer });
    await second.serve(SHOP);
    expect(second.shown("shop.example.com")).toBe(first.shown("shop.example.com"));
    await eventually("the other", () => second.shown("www.shop.example.com") !== "");
    expect(issuer.orders.map(({ name }) => name)).toEqual(["www.shop.example.com"]);
    expect(second.log.saying("Saved certificate not used")).toHaveLength(1);
  });

  test("one that cannot be saved is served, told, and saved when that works again", async () => {
    const { deploy, issuer, directory, clock, log, shown } = await startCertificates();
    const place = join(directory, "certs", PRODUCTION);
    issuer.answer = async (job) => {
      await rm(place, { recursive: true });
      await writeFile(place, "in the way");
      return issuer.issued(job);
    };
    expect(await deploy(A)).toEqual([]);
    expect(shown("a.example.com")).not.toBe("");
    expect(log.saying("Unable to save certificate; it is served from memory")).not.toEqual([]);
    await rm(place);
    await clock.advance(2 * HOUR);
    await pause(30);
    expect(await readdir(place)).toContain("a.example.com");
  });
});
