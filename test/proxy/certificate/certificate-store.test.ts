import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPair } from "../../../proxy/certificate/certificate-pair.ts";
import { CertificateStore } from "../../../proxy/certificate/certificate-store.ts";
import { NOTHING_KNOWN, type OrderMemory } from "../../../proxy/certificate/order-memory.ts";
import { recordedLog } from "../../support/recorded-log.ts";
import { newKey, ScriptedIssuer } from "../../support/scripted-issuer.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const issuer = new ScriptedIssuer();
const fileOf = (key: string, name: string) => `${key}${issuer.chainFor(key, [name])}`;

async function bench() {
  const directory = join(await temporaryDirectory(), "certs", "scope");
  const log = recordedLog();
  await mkdir(directory, { recursive: true });
  const put = (name: string, text: string) => writeFile(join(directory, name), text);
  return { directory, log, put, store: new CertificateStore(directory, log.log) };
}

test("kamal-proxy's certificates are found, the RSA one if there is no other", async () => {
  const { put, store } = await bench();
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  await put("a.example", fileOf(newKey(), "a.example"));
  await put("b.example+rsa", fileOf(rsa.export({ type: "pkcs1", format: "pem" }), "b.example"));
  expect((await store.load("a.example"))?.names).toEqual(["a.example"]);
  expect((await store.load("b.example"))?.privateKey).toContain("BEGIN RSA PRIVATE KEY");
  expect(await store.has("b.example")).toBe(true);
  expect(await store.has("c.example")).toBe(false);
});

test("what is saved is what kamal-proxy writes: key, then chain, private to the user", async () => {
  const { directory, store } = await bench();
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const pkcs8 = key.export({ type: "pkcs8", format: "pem" });
  const pair = readPair(issuer.chainFor(pkcs8, ["a.example"]), pkcs8);
  await store.save("a.example", pair);
  const text = await readFile(join(directory, "a.example"), "utf8");
  expect(text).toMatch(/^-----BEGIN EC PRIVATE KEY-----\n[\s\S]*-----END EC PRIVATE KEY-----\n-----BEGIN CERTIFICATE/);
  expect((await stat(join(directory, "a.example"))).mode & 0o777).toBe(0o600);
  expect((await store.load("a.example"))?.chain).toBe(pair.chain);
  expect(await readdir(directory), "no copies of keys lie about").toEqual(["a.example"]);
});

test("a directory that is made is private to the user", async () => {
  const { directory, log } = await bench();
  const store = new CertificateStore(join(directory, "new"), log.log);
  await store.saveMemory("a.example", NOTHING_KNOWN);
  expect((await stat(join(directory, "new"))).mode & 0o777).toBe(0o700);
});

test.each([
  ["a truncated file", (text: string) => text.slice(0, -100), "cut short"],
  ["another host's", () => fileOf(newKey(), "other.example"), "the certificate is for other.example"],
  ["a wrong key", () => newKey() + issuer.chainFor(newKey(), ["a.example"]), "does not belong"],
  ["an empty file", () => "", "is empty"],
  ["garbage", () => "\u0000\u0001", "holds no certificate"],
])("%s is told and passed over; the others are fine [AC-08]", async (_, spoil, reason) => {
  const { put, store, log } = await bench();
  await put("a.example", spoil(fileOf(newKey(), "a.example")));
  await put("b.example", fileOf(newKey(), "b.example"));
  expect(await store.load("a.example")).toBeNull();
  expect(await store.load("b.example")).not.toBeNull();
  const [line] = log.saying("Saved certificate not used");
  expect(line?.["error"]).toContain(reason);
});

test("a file that cannot be read, or a directory of its name, is as good as none [AC-08]", async () => {
  const { directory, put, store, log } = await bench();
  await put("a.example", fileOf(newKey(), "a.example"));
  await chmod(join(directory, "a.example"), 0);
  await mkdir(join(directory, "b.example"));
  expect(await store.load("b.example")).toBeNull();
  // Whoever runs as root reads it all the same.
  const readable = process.getuid?.() === 0;
  expect((await store.load("a.example")) !== null).toBe(readable);
  expect(log.saying("Unable to read from certificate store")).not.toEqual([]);
});

test("an expired certificate is found: it is better than none [AC-06]", async () => {
  const { put, store } = await bench();
  const key = newKey();
  const validity = { notBefore: new Date("2020-01-01"), notAfter: new Date("2020-02-01") };
  await put("a.example", key + issuer.chainFor(key, ["a.example"], validity));
  expect((await store.load("a.example"))?.notAfterMs).toBe(Date.parse("2020-02-01"));
});

test("kamal-proxy's account is taken over, also by its older name; ours is in its form", async () => {
  const { directory, put, store } = await bench();
  expect(await store.withAccount((account) => Promise.resolve(account))).toBeNull();
  const key = newKey();
  await put("acme_account.key", key);
  expect(await store.withAccount((account) => Promise.resolve(account))).toEqual({ privateKey: key, url: "" });
  const account = { privateKey: newKey(), url: "https://ca.example/acct/1" };
  await store.saveAccount(account);
  expect(await store.withAccount((found) => Promise.resolve(found))).toEqual(account);
  expect(await readFile(join(directory, "acme_account+key"), "utf8")).toContain("BEGIN EC PRIVATE KEY");
  await store.putAccountAside(account);
  expect(await store.withAccount((found) => Promise.resolve(found))).toBeNull();
  expect(await readdir(directory)).toContain("acme_account+key.unusable");
});

test("two orders without an account make one [AC-11]", async () => {
  const { store } = await bench();
  const seen: boolean[] = [];
  const order = () =>
    store.withAccount(async (account) => {
      seen.push(account !== null);
      if (account === null) await store.saveAccount({ privateKey: newKey(), url: "https://ca.example/acct/1" });
    });
  await Promise.all([order(), order(), order()]);
  expect(seen).toEqual([false, true, true]);
});

test("what is known of an order survives; damage to it is forgotten with a line in the log", async () => {
  const { put, store, log } = await bench();
  const memory: OrderMemory = {
    ...NOTHING_KNOWN,
    attempts: 3,
    nextAttemptMs: 5,
    problem: { kind: "dns", detail: "no address" },
    challenge: "tls-alpn-01",
    orderUrl: "https://ca.example/order/1",
    pendingKey: newKey(),
    renewal: { serial: "1", atMs: 7, window: { start: "a", end: "b", explanationUrl: "c" }, nextQuestionMs: 9 },
  };
  await store.saveMemory("a.example", memory);
  expect(await store.loadMemory("a.example")).toEqual(memory);
  await put("b.example+kdeploy", "{");
  expect(await store.loadMemory("b.example")).toEqual(NOTHING_KNOWN);
  await put("c.example+kdeploy", '{"attempts":"many","nextAttemptMs":-1,"renewal":{"atMs":"x"}}');
  expect(await store.loadMemory("c.example")).toMatchObject({ attempts: 0, nextAttemptMs: 0, renewal: { atMs: null } });
  expect(log.saying("Saved order not used")).toHaveLength(1);
});

test.each(["..", "../../etc/x", "a/b", "A.example", "", ".", "a..b", "x.example\0"])(
  "the name %j leads nowhere [ST-11]",
  async (name) => {
    const { store } = await bench();
    const refused = "is no name for a certificate";
    await expect(store.load(name)).rejects.toThrow(refused);
    await expect(store.has(name)).rejects.toThrow(refused);
    await expect(store.saveMemory(name, NOTHING_KNOWN)).rejects.toThrow(refused);
  },
);

test.each(["*.a.example", `${"a".repeat(60)}.`.repeat(4) + "example"])(
  "the name %s has a file of its own, in the directory [ST-11]",
  async (name) => {
    const { directory, store } = await bench();
    const key = newKey();
    await store.save(name, readPair(issuer.chainFor(key, [name]), key));
    await store.saveMemory(name, { ...NOTHING_KNOWN, attempts: 2 });
    expect((await store.load(name))?.names).toEqual([name]);
    expect((await store.loadMemory(name)).attempts).toBe(2);
    expect(await readdir(directory)).toHaveLength(2);
  },
);

test("an account's URL is for the key that it was saved with: a crash between the two, or another key, costs a look-up [AC-11]", async () => {
  const { store, directory, log, put } = await bench();
  const account = { privateKey: newKey(), url: "https://ca.example/acct/1" };
  await store.saveAccount(account);
  const urlNow = () => new CertificateStore(directory, log.log).withAccount((found) => Promise.resolve(found?.url));
  expect(await urlNow()).toBe(account.url);
  await put("acme_account+key", newKey());
  expect(await urlNow()).toBe("");
});

test("only the account that failed is put aside [AC-11]", async () => {
  const { store, directory } = await bench();
  const account = { privateKey: newKey(), url: "https://ca.example/acct/1" };
  await store.saveAccount(account);
  await store.putAccountAside({ privateKey: newKey(), url: "https://ca.example/acct/0" });
  expect(await store.withAccount((found) => Promise.resolve(found?.url))).toBe(account.url);
  await store.putAccountAside(account);
  expect(await store.withAccount((found) => Promise.resolve(found))).toBeNull();
  expect(await readdir(directory)).toContain("acme_account+key.unusable");
});
