/** Automatic HTTPS as a whole: the proxy as it is run, an authority that checks as authorities do, visitors who check too. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { ariCertId } from "../../proxy/certificate/ari.ts";
import {
  app,
  automatic,
  automaticBed,
  certificateOf,
  certificatesOf,
  ISSUE_TIMEOUT_MS,
  plainGet,
  serialShown,
  setNextAttempt,
  storeIn,
  visit,
} from "../support/automatic-https-bed.ts";
import { eventually, pause } from "../support/eventually.ts";
import { startHealthApp } from "../support/health-app.ts";
import { http1Visitor, http2Visitor, newcomers } from "../support/keep-alive-visitors.ts";
import { reasonToSkipPebble } from "../support/pebble.ts";
import { residentBytes } from "../support/process-memory.ts";
import { startProxyProcess } from "../support/proxy-process.ts";
import { newKey, ScriptedIssuer } from "../support/scripted-issuer.ts";
import { startRelay } from "../support/switchable-relay.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { certificateFor } from "../support/test-certificates.ts";
import { handshakeError } from "../support/tls-clients.ts";
import { unusedPort } from "../support/unused-port.ts";

const HOST = "shop.example.com";
const EAB = { keyId: "kid-1", hmacKey: "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" };
/** For `NODE_OPTIONS`: no host name is looked up, so that nobody outside is ever asked. */
const NO_NAME_RESOLVES = `--import=data:text/javascript,${encodeURIComponent(
  `import dns from "node:dns"; import { isIP } from "node:net"; const { lookup } = dns;
   dns.lookup = (name, options, done) => isIP(name) ? lookup(name, options, done) : done(new Error("not looked up: " + name));`,
)}`;
const MAX_DIFFERENCE_BYTES = 16 * 2 ** 20;
const HOOK = join(import.meta.dirname, "../../examples/dns-hooks/challtestsrv.mjs");

const skip = reasonToSkipPebble();
if (skip !== undefined) process.stderr.write(`Automatic HTTPS is not tested against pebble: ${skip}.\n`);

describe.skipIf(skip !== undefined)("automatic HTTPS", () => {
  test("by HTTP-01, while every second nonce is refused: there when the deploy ends [AC-01] [P1]", async () => {
    const { pebble, proxy } = await automaticBed({ nonceRejectPercent: 50 });
    const { port } = await app();
    const told: string[] = [];
    const { warnings } = await proxy.deploy("shop", [port], {
      ...automatic([HOST], pebble.directoryUrl),
      onEvent: (event) => event.event === "certificate" && told.push(event.text),
    });
    expect(warnings).toEqual([]);
    expect(told[0]).toMatch(/^Waiting for a certificate for shop\.example\.com from .* \(HTTP-01\)…$/);
    expect(told.at(-1)).toMatch(/^shop\.example\.com: issued, valid until \d{4}-\d\d-\d\d$/);
    const serial = await serialShown(proxy.httpsPort, HOST, pebble.rootPem);
    expect(serial).toBe((await certificateOf(proxy, HOST)).serial);
    const redirect = await plainGet(proxy.port, HOST, "/path?a=b");
    expect(redirect.status).toBe(301);
    expect(redirect.location).toMatch(/^https:\/\/shop\.example\.com(:\d+)?\/path\?a=b$/);
    expect(pebble.orderCount()).toBe(1);
  });

  test("by TLS-ALPN-01 when nobody can reach port 80, while every second nonce is refused [AC-01]", async () => {
    const { pebble, proxy } = await automaticBed({ httpPort: await unusedPort(), nonceRejectPercent: 50 });
    const { port } = await app();
    const { warnings } = await proxy.deploy("shop", [port], automatic([HOST], pebble.directoryUrl));
    expect(warnings).toEqual([]);
    await visit(proxy.httpsPort, HOST, pebble.rootPem);
    expect(pebble.orderCount()).toBe(2);
  });

  test("renews by itself under 50 visitors who stay, and those who come [AC-07] [TL-11]", async () => {
    const { pebble, proxy } = await automaticBed({ certificateLifetimeSeconds: 20 });
    const { port } = await app();
    await proxy.deploy("shop", [port], automatic([HOST], pebble.directoryUrl));
    const site = { host: HOST, port: proxy.httpsPort, ca: pebble.rootPem };
    const enough = new AbortController();
    onTestFinished(() => enough.abort());
    const staying = Array.from({ length: 50 }, (_, index) =>
      index % 2 === 0 ? http1Visitor(site, enough.signal) : http2Visitor(site, enough.signal),
    );
    let shown: readonly string[] = [];
    const coming = newcomers(site, enough.signal, (serials) => {
      shown = serials;
    });
    await eventually("two renewals have been seen by newcomers", () => shown.length >= 3, 120_000);
    // Whoever came before the renewals asks on after them.
    await pause(500);
    enough.abort();
    const orders = pebble.orderCount();
    const reports = await Promise.all([...staying, coming]);
    expect(reports.flatMap(({ failures }) => failures)).toEqual([]);
    for (const { asked } of reports) expect(asked).toBeGreaterThan(20);
    expect(orders, "one for each certificate, and one under way").toBeLessThanOrEqual(shown.length + 1);
    process.stdout.write(`${reports.reduce((sum, { asked }) => sum + asked, 0)} requests over ${orders} orders\n`);
  });

  test("by DNS-01 with a hook, for a name and for a wildcard, with port 80 and 443 out of reach", async () => {
    const closed = { httpPort: await unusedPort(), tlsPort: await unusedPort() };
    const { pebble, proxy } = await automaticBed(closed, ({ dnsManagementUrl }) => ({
      CHALLTESTSRV_URL: dnsManagementUrl,
      PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`,
    }));
    const { port } = await app();
    const hosts = ["example.test", "*.example.test"];
    const options = automatic(hosts, pebble.directoryUrl, { dnsHook: HOOK });
    expect((await proxy.deploy("shop", [port], options)).warnings).toEqual([]);
    const shown = new Set<string>();
    for (const name of ["example.test", "a.example.test", "b.example.test"]) {
      shown.add(await serialShown(proxy.httpsPort, name, pebble.rootPem));
    }
    expect(shown.size, "one certificate for the name, one for all others").toBe(2);
    expect(await handshakeError(proxy.httpsPort, "a.b.example.test")).not.toBe("");
    expect(pebble.orderCount()).toBe(2);
  });

  test("with an external account where one is required, and words where it is missing", async () => {
    const { pebble, home, proxy } = await automaticBed({ eab: EAB });
    const { port } = await app();
    const without = await proxy.deploy("shop", [port], automatic([HOST], pebble.directoryUrl));
    expect(without.warnings).toHaveLength(1);
    expect(without.warnings[0]).toContain(`there is no certificate for ${HOST} yet: `);
    expect(without.warnings[0]).toMatch(/external account/i);
    const eabKeyPath = join(home, "eab.key");
    await writeFile(eabKeyPath, `${EAB.hmacKey}\n`);
    const options = automatic([HOST], pebble.directoryUrl, { eabKeyId: EAB.keyId, eabKeyPath });
    expect((await proxy.deploy("shop", [port], options)).warnings).toEqual([]);
    await visit(proxy.httpsPort, HOST, pebble.rootPem);
    expect(pebble.orderCount()).toBe(1);
  });

  test("with the authority down everything else works, and restarts do not hurry it [AC-02] [AC-03]", async () => {
    const { pebble, home, proxy, restart } = await automaticBed();
    const authority = new URL(pebble.directoryUrl);
    const relay = await startRelay(Number(authority.port));
    onTestFinished(() => relay.stop());
    authority.port = String(relay.port);
    relay.down = true;
    const { port } = await app();
    const own = await certificateFor(["own.example.com"]);
    const tls = { enabled: true, certificatePath: own.chainPath, privateKeyPath: own.privateKeyPath };
    await proxy.deploy("own", [port], { service: { hosts: ["own.example.com"], tls } });
    await proxy.deploy("plain", [port], { service: { hosts: ["plain.example.com"] } });
    const othersAreFine = async (httpPort: number, httpsPort: number) => {
      await visit(httpsPort, "own.example.com", own.ca);
      expect((await plainGet(httpPort, "plain.example.com")).status).toBe(200);
      expect((await plainGet(httpPort, HOST)).status, "redirect").toBe(301);
      for (let visitor = 0; visitor < 5; visitor++) expect(await handshakeError(httpsPort, HOST)).not.toBe("");
    };

    const { warnings } = await proxy.deploy("shop", [port], automatic([HOST], authority.href));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /^there is no certificate for shop\.example\.com yet: https:\/\/127\.0\.0\.1:\d+\/dir /,
    );
    expect(warnings[0]).toMatch(/; next attempt at \d{4}-\d\d-\d\dT/);
    await othersAreFine(proxy.port, proxy.httpsPort);
    const { nextAttemptAt } = await certificateOf(proxy, HOST);
    expect(relay.connections, "asked once").toBe(1);

    const again = await restart();
    await othersAreFine(again.port, again.httpsPort);
    expect(await certificateOf(again, HOST)).toMatchObject({ state: "missing", failedAttempts: 1, nextAttemptAt });
    expect(relay.connections, "the wait goes on after a restart").toBe(1);

    // The first wait is a minute; that much is taken off it here, by hand.
    const store = storeIn(home, authority.href);
    relay.down = false;
    const third = await restart(async () => {
      const before = await setNextAttempt(store, HOST, Date.now() + 1_000);
      expect(new Date(before).toISOString()).toBe(nextAttemptAt);
    });
    await eventually(
      "it is issued",
      () => third.child.output.some((line) => line.includes("Certificate issued")),
      ISSUE_TIMEOUT_MS,
    );
    await visit(third.httpsPort, HOST, pebble.rootPem);
    expect(pebble.orderCount()).toBe(1);
  });

  test("serves after a restart what is on disk, at once and without an order [AC-12] [A29]", async () => {
    const { pebble, proxy, restart } = await automaticBed();
    const { port } = await app();
    await proxy.deploy("shop", [port], automatic([HOST], pebble.directoryUrl));
    const serial = await serialShown(proxy.httpsPort, HOST, pebble.rootPem);
    const again = await restart();
    expect(await serialShown(again.httpsPort, HOST, pebble.rootPem)).toBe(serial);
    expect(pebble.orderCount()).toBe(1);
  });

  test("serves what kamal-proxy has got, from any authority's place in its cache, without an order [AC-12]", async () => {
    const { pebble, home, proxy } = await automaticBed({}, () => ({ NODE_OPTIONS: NO_NAME_RESOLVES }));
    const { port } = await app();
    const issuer = new ScriptedIssuer();
    const key = newKey();
    await writeKamalCache(
      home,
      pebble.directoryUrl,
      "pebble.example.com",
      key + issuer.chainFor(key, ["pebble.example.com"]),
    );
    // Let's Encrypt is not to be asked about it: the certificate has no name by which it could be.
    const own = await selfSigned(home, "production.example.com");
    expect(ariCertId(own)).toBe("");
    await writeKamalCache(home, "", "production.example.com", own);
    for (const [name, directory, ca] of [
      ["pebble.example.com", pebble.directoryUrl, issuer.authority.pem],
      ["production.example.com", "", own.slice(own.indexOf("-----BEGIN CERTIFICATE"))],
    ] as const) {
      expect((await proxy.deploy(name, [port], automatic([name], directory))).warnings).toEqual([]);
      await visit(proxy.httpsPort, name, ca);
      expect(await certificateOf(proxy, name)).toMatchObject({ state: "valid", lastError: "", failedAttempts: 0 });
    }
    expect(pebble.orderCount()).toBe(0);
  });

  test("on demand: asked once, ordered once, however many come for the name [AC-04] [AC-05]", async () => {
    const { pebble, proxy } = await automaticBed();
    const allowed = new Set(["one.example.com", "many.example.com"]);
    const asked: string[] = [];
    const shop = await startHealthApp();
    onTestFinished(() => shop.kill());
    shop.answer((request, response) => {
      const url = new URL(request.url ?? "/", "http://app");
      if (url.pathname !== "/allowed") {
        response.end("shop");
        return;
      }
      const host = url.searchParams.get("host") ?? "";
      asked.push(host);
      response.writeHead(allowed.has(host) ? 200 : 404).end();
    });
    const tls = { enabled: true, directory: pebble.directoryUrl, onDemandUrl: "/allowed" };
    expect((await proxy.deploy("shop", [shop.port], { service: { tls } })).warnings).toEqual([]);

    expect(await handshakeError(proxy.httpsPort, "stranger.example.com")).not.toBe("");
    expect(asked).toEqual(["stranger.example.com"]);
    expect(pebble.orderCount()).toBe(0);

    const serial = await serialShown(proxy.httpsPort, "one.example.com", pebble.rootPem);
    expect(pebble.orderCount()).toBe(1);
    expect(await serialShown(proxy.httpsPort, "one.example.com", pebble.rootPem)).toBe(serial);
    expect(asked).toEqual(["stranger.example.com", "one.example.com"]);

    const crowd = Array.from({ length: 20 }, () => serialShown(proxy.httpsPort, "many.example.com", pebble.rootPem));
    expect(new Set(await Promise.all(crowd)).size).toBe(1);
    expect(pebble.orderCount()).toBe(2);
    expect(asked).toEqual(["stranger.example.com", "one.example.com", "many.example.com"]);
    expect((await certificatesOf(proxy)).map(({ name, source }) => [name, source])).toEqual([
      ["many.example.com", "on-demand"],
      ["one.example.com", "on-demand"],
    ]);
  });

  test("a proxy that has got certificates holds no more memory than one that was given them", async () => {
    const { pebble, proxy } = await automaticBed();
    const given = await startProxyProcess(await temporaryDirectory(), 0, { NODE_EXTRA_CA_CERTS: pebble.caFile });
    onTestFinished(async () => void (await given.child.end("SIGKILL")));
    const { port } = await app();
    const names = Array.from({ length: 8 }, (_, index) => `site-${index}.example.com`);
    await Promise.all(
      names.map(async (name) => {
        const { chainPath, privateKeyPath, ca } = await certificateFor([name]);
        const tls = { enabled: true, certificatePath: chainPath, privateKeyPath };
        await proxy.deploy(name, [port], automatic([name], pebble.directoryUrl));
        await given.deploy(name, [port], { service: { hosts: [name], tls } });
        await visit(proxy.httpsPort, name, pebble.rootPem);
        await visit(given.httpsPort, name, ca);
      }),
    );
    expect(pebble.orderCount()).toBe(names.length);
    const readings: Record<"got" | "given", number[]> = { got: [], given: [] };
    for (let reading = 0; reading < 15; reading++) {
      await pause(300);
      readings.got.push(residentBytes(proxy.child.process.pid as number));
      readings.given.push(residentBytes(given.child.process.pid as number));
    }
    const [got, other] = [median(readings.got), median(readings.given)];
    process.stdout.write(
      `resident: ${megabytes(got)} MB with certificates got, ${megabytes(other)} MB with ones given\n`,
    );
    expect(got - other).toBeLessThan(MAX_DIFFERENCE_BYTES);
  });
});

/** As kamal-proxy does it: a key in SEC 1 and the chain, in a directory named by the authority. */
async function writeKamalCache(home: string, scope: string, name: string, pem: string): Promise<void> {
  const folder = join(home, ".config/kamal-proxy/certs", createHash("sha256").update(scope).digest("hex"));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, name), pem, { mode: 0o600 });
}

/** A key and a certificate that names no authority. */
async function selfSigned(folder: string, name: string): Promise<string> {
  const path = join(folder, "self-signed.key");
  await writeFile(path, newKey());
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
  const identifiers = ["-addext", "authorityKeyIdentifier=none"];
  const { stdout } = await promisify(execFile)("openssl", [
    "req",
    "-x509",
    "-key",
    path,
    "-days",
    "60",
    ...subject,
    ...identifiers,
  ]);
  return (await readFile(path, "utf8")) + stdout;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
