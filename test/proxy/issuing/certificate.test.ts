import { createPrivateKey, X509Certificate } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import { ariCertId } from "../../../proxy/certificate/ari.ts";
import { VERSION } from "../../../proxy/version.ts";
import { type AcmeDirectoryOptions, startAcmeDirectory } from "../../support/acme-directory.ts";
import {
  certificateJob,
  chainOf,
  challengeServer,
  eventOf,
  eventsOf,
  newKey,
  problemOf,
} from "../../support/acme-directory-job.ts";

async function directoryWithServer(options: AcmeDirectoryOptions = {}) {
  const server = await challengeServer();
  const directory = await startAcmeDirectory({ httpPort: server.port, ...options });
  onTestFinished(() => directory.stop());
  return { directory, server };
}

describe("a certificate", () => {
  test("is issued for the name and the key, and what is to be saved is told on the way", async () => {
    const { directory, server } = await directoryWithServer();
    const job = certificateJob(directory.url, { email: "admin@example.com" });
    const events = await eventsOf(job, server.place);
    const leaf = new X509Certificate(chainOf(events));
    expect(leaf.checkPrivateKey(createPrivateKey(job.privateKey))).toBe(true);
    expect(leaf.checkHost(job.name)).toBe(job.name);
    expect(leaf.verify(new X509Certificate(directory.rootPem).publicKey)).toBe(true);
    const told = events.map(({ event }) => event).filter((event) => event !== "step");
    expect(told).toEqual(["account", "order", "challenge", "issued"]);
    expect(eventOf(events, "order")?.url).toBe(directory.orders[0]?.url);
    expect([...directory.accounts.values()]).toMatchObject([{ contact: ["mailto:admin@example.com"] }]);
    expect(directory.userAgent).toBe(`kdeploy-proxy/${VERSION} (acme-client)`);
  });

  test("[AC-01] comes although nine of ten nonces are refused", async () => {
    const { directory, server } = await directoryWithServer({ nonceRejectPercent: 90 });
    const events = await eventsOf(certificateJob(directory.url), server.place);
    expect(chainOf(events)).toContain("BEGIN CERTIFICATE");
    expect(directory.requestCount("newOrder")).toBeGreaterThanOrEqual(1);
    expect(directory.orders).toHaveLength(1);
  });

  test("an authority that refuses every nonce is given up", async () => {
    const { directory, server } = await directoryWithServer({ nonceRejectPercent: 100 });
    expect(problemOf(await eventsOf(certificateJob(directory.url), server.place))).toMatchObject({
      kind: "authority-unavailable",
      type: "urn:ietf:params:acme:error:badNonce",
    });
    expect(directory.requestCount("newAccount")).toBe(151);
  });

  test("is issued for a key in the form of old caches, and for a name of more than 64 characters", async () => {
    const { directory, server } = await directoryWithServer();
    const job = certificateJob(directory.url, { privateKey: newKey("sec1"), name: `${"a".repeat(60)}.example.com` });
    const leaf = new X509Certificate(chainOf(await eventsOf(job, server.place)));
    expect(leaf.checkPrivateKey(createPrivateKey(job.privateKey))).toBe(true);
    expect(leaf.checkHost(job.name)).toBe(job.name);
  });

  test("[AC-14] a wildcard is refused at once where it cannot be checked", async () => {
    const { directory } = await directoryWithServer();
    const problem = problemOf(await eventsOf(certificateJob(directory.url, { name: "*.example.com" })));
    expect(problem).toMatchObject({ kind: "rejected-name", detail: expect.stringContaining("*.example.com") });
    expect(directory.requestCount()).toBe(0);
  });

  test("a challenge type that the authority does not offer is named, with those that it does", async () => {
    const { directory } = await directoryWithServer({ challenges: ["dns-01", "http-01"] });
    const problem = problemOf(await eventsOf(certificateJob(directory.url, { challenge: "tls-alpn-01" })));
    expect(problem.detail).toContain("does not check app.example.com by tls-alpn-01; it offers dns-01, http-01");
  });
});

describe("an account", () => {
  test("that is known is used as it is", async () => {
    const { directory, server } = await directoryWithServer();
    const account = eventOf(await eventsOf(certificateJob(directory.url), server.place), "account");
    const before = directory.requestCount("newAccount");
    const events = await eventsOf(certificateJob(directory.url, { account: account ?? null }), server.place);
    expect(chainOf(events)).not.toBe("");
    expect(eventOf(events, "account")).toBeUndefined();
    expect(directory.requestCount("newAccount")).toBe(before);
  });

  test("of which only the key is known is looked up", async () => {
    const { directory, server } = await directoryWithServer();
    const first = eventOf(await eventsOf(certificateJob(directory.url), server.place), "account");
    const account = { privateKey: first?.privateKey ?? "", url: "" };
    const second = await eventsOf(certificateJob(directory.url, { account }), server.place);
    expect(eventOf(second, "account")).toEqual(first);
    const email = "new@example.com";
    const third = await eventsOf(certificateJob(directory.url, { account, email }), server.place);
    expect(eventOf(third, "account")).toEqual(first);
    expect([...directory.accounts.values()]).toMatchObject([{ contact: [`mailto:${email}`] }]);
    expect(directory.accounts.size).toBe(1);
  });

  test("[AC-11] that is lost or deactivated is reported as such, and a new one works", async () => {
    const { directory, server } = await directoryWithServer();
    const account = eventOf(await eventsOf(certificateJob(directory.url), server.place), "account") ?? null;
    const stored = directory.accounts.get(account?.url ?? "");
    if (!stored) throw new Error("no account");
    stored.status = "deactivated";
    const problem = problemOf(await eventsOf(certificateJob(directory.url, { account }), server.place));
    expect(problem).toMatchObject({ kind: "account", detail: expect.stringContaining("account is deactivated") });
    const byKey = { privateKey: account?.privateKey ?? "", url: "" };
    expect(problemOf(await eventsOf(certificateJob(directory.url, { account: byKey }))).kind).toBe("account");
    directory.accounts.clear();
    expect(problemOf(await eventsOf(certificateJob(directory.url, { account }), server.place))).toMatchObject({
      kind: "account",
      type: "urn:ietf:params:acme:error:accountDoesNotExist",
    });
    expect(chainOf(await eventsOf(certificateJob(directory.url), server.place))).not.toBe("");
  });

  test("is bound to an external one where the authority wants it, and told so where it is not", async () => {
    const eab = { keyId: "key-1", hmacKey: Buffer.from("a secret of thirty-two bytes or so").toString("base64url") };
    const { directory, server } = await directoryWithServer({ eab });
    const without = problemOf(await eventsOf(certificateJob(directory.url), server.place));
    expect(without).toMatchObject({ kind: "account", detail: expect.stringContaining("external account binding") });
    const wrong = { ...eab, hmacKey: Buffer.from("another").toString("base64url") };
    const refused = problemOf(await eventsOf(certificateJob(directory.url, { externalAccount: wrong }), server.place));
    expect(refused).toMatchObject({ kind: "account", detail: expect.stringContaining("wrong HMAC") });
    expect(chainOf(await eventsOf(certificateJob(directory.url, { externalAccount: eab }), server.place))).not.toBe("");
  });
});

describe("[AC-09] an order", () => {
  test.each(["challenge", "authz", "finalize", "certificate"] as const)(
    "is gone on with when the process was lost at %s",
    async (resource) => {
      const { directory, server } = await directoryWithServer();
      const job = certificateJob(directory.url);
      directory.fail(resource, { hangUp: true });
      const events = await eventsOf(job, server.place);
      expect(problemOf(events).kind).toBe("authority-unavailable");
      const again = {
        ...job,
        account: eventOf(events, "account") ?? null,
        orderUrl: eventOf(events, "order")?.url ?? "",
      };
      expect(chainOf(await eventsOf(again, server.place))).not.toBe("");
      expect(directory.orders).toHaveLength(1);
    },
  );

  test("whose certificate was issued but not saved gives the same certificate again", async () => {
    const { directory, server } = await directoryWithServer();
    const job = certificateJob(directory.url);
    const events = await eventsOf(job, server.place);
    const again = {
      ...job,
      account: eventOf(events, "account") ?? null,
      orderUrl: eventOf(events, "order")?.url ?? "",
    };
    expect(chainOf(await eventsOf(again))).toBe(chainOf(events));
    const withOtherKey = problemOf(await eventsOf({ ...again, privateKey: newKey() }));
    expect(withOtherKey).toMatchObject({ kind: "order-gone", detail: expect.stringContaining("for another key") });
  });

  test("that is unknown, invalid or for another name is gone", async () => {
    const { directory, server } = await directoryWithServer();
    const events = await eventsOf(certificateJob(directory.url), server.place);
    const account = eventOf(events, "account") ?? null;
    const orderUrl = eventOf(events, "order")?.url ?? "";
    const gone = async (over: object) =>
      expect(problemOf(await eventsOf(certificateJob(directory.url, { account, ...over })))).toMatchObject({
        kind: "order-gone",
        detail: expect.stringContaining("/order/"),
      });
    await gone({ orderUrl: `${orderUrl}0` });
    await gone({ orderUrl, name: "other.example.com" });
    for (const order of directory.orders) order.status = "invalid";
    await gone({ orderUrl });
  });

  test("names the certificate that it replaces, and is made without where the authority objects", async () => {
    const { directory, server } = await directoryWithServer();
    const first = await eventsOf(certificateJob(directory.url), server.place);
    const account = eventOf(first, "account") ?? null;
    const replaces = ariCertId(chainOf(first));
    expect(replaces).not.toBe("");
    for (let time = 1; time <= 2; time++) {
      expect(chainOf(await eventsOf(certificateJob(directory.url, { account, replaces }), server.place))).not.toBe("");
    }
    expect(directory.orders.map((order) => order.replaces)).toEqual(["", replaces, ""]);
  });
});
