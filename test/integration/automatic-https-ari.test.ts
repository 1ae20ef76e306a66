/** Authorities that say when (RFC 9773, Retry-After), that stall or are gone, while the whole proxy is killed and restarted. */
import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { type AcmeDirectoryOptions, startAcmeDirectory } from "../support/acme-directory.ts";
import {
  app,
  automatic,
  certificateOf,
  ISSUE_TIMEOUT_MS,
  serialShown,
  setNextAttempt,
  storeIn,
  visit,
} from "../support/automatic-https-bed.ts";
import { eventually, pause } from "../support/eventually.ts";
import { type ProxyProcess, startProxyProcess } from "../support/proxy-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { handshakeError } from "../support/tls-clients.ts";
import { unusedPort } from "../support/unused-port.ts";

const HOST = "shop.example.com";
const DAY_MS = 24 * 60 * 60 * 1000;
const HOUR_S = 60 * 60;
/** Of lines in the log. */
const ISSUED = "Certificate issued";
const PLANNED = "Certificate's renewal planned";

async function bed(options: AcmeDirectoryOptions = {}) {
  const port = await unusedPort();
  const home = await temporaryDirectory();
  const directory = await startAcmeDirectory({ httpPort: port, ...options });
  onTestFinished(() => directory.stop());
  const start = async (): Promise<ProxyProcess> => {
    const proxy = await startProxyProcess(home, port);
    onTestFinished(async () => void (await proxy.child.end("SIGKILL")));
    return proxy;
  };
  return { home, directory, store: storeIn(home, directory.url), appPort: (await app()).port, start };
}

/** A proxy that has got a certificate, is gone, and has left nothing behind but that: as kamal-proxy leaves it. */
async function certificateLeftBehind() {
  const { start, directory, store, appPort, ...rest } = await bed();
  const before = await start();
  await before.deploy("shop", [appPort], automatic([HOST], directory.url));
  const serial = await serialShown(before.httpsPort, HOST, directory.rootPem);
  await before.child.end("SIGKILL");
  await rm(join(store, `${HOST}+kdeploy`));
  const certId = await certIdByOpenssl(join(store, HOST), rest.home);
  expect(directory.orders).toMatchObject([{ name: HOST, replaces: "", status: "valid" }]);
  return { start, directory, store, serial, certId };
}

const isoIn = (ms: number): string => new Date(Date.now() + ms).toISOString();

test("a window that has passed: renewed at once, and the authority hears what it replaces [AC-07]", async () => {
  const { start, directory, serial, certId } = await certificateLeftBehind();
  directory.renewal = { start: isoIn(-2 * DAY_MS), end: isoIn(-DAY_MS) };
  const proxy = await start();
  await eventually("it is renewed", () => directory.orders[1]?.status === "valid", ISSUE_TIMEOUT_MS);
  expect(directory.orders[1]).toMatchObject({ name: HOST, replaces: certId });
  await proxy.child.line((line) => line.includes(ISSUED));
  expect(await serialShown(proxy.httpsPort, HOST, directory.rootPem)).not.toBe(serial);
  // The new one is to be renewed at once as well, says the authority; it is not that easily kept busy.
  const plans = () => proxy.child.output.filter((line) => line.includes(PLANNED)).length;
  await eventually("the new one has a plan", () => plans() === 2, ISSUE_TIMEOUT_MS);
  expect(new Set(directory.renewalInfoAsked).size).toBe(2);
  const { renewsAt } = await certificateOf(proxy, HOST);
  expect(Date.parse(renewsAt ?? "")).toBeLessThanOrEqual(Date.now());
  expect(await handshakeError(proxy.httpsPort, HOST)).toBe("");
  expect(directory.orders).toHaveLength(2);
});

test("a window that is to come: planned for it, kept over a restart, and not before [AC-07]", async () => {
  const { start, directory, serial, certId } = await certificateLeftBehind();
  const window = { start: isoIn(10 * DAY_MS), end: isoIn(12 * DAY_MS) };
  directory.renewal = window;
  const proxy = await start();
  await proxy.child.line((line) => line.includes(PLANNED));
  const { renewsAt } = await certificateOf(proxy, HOST);
  expect(renewsAt?.localeCompare(window.start)).toBe(1);
  expect(renewsAt?.localeCompare(window.end)).toBe(-1);
  const asked = directory.renewalInfoAsked.length;
  expect(directory.renewalInfoAsked.at(-1)).toBe(certId);
  expect(await serialShown(proxy.httpsPort, HOST, directory.rootPem)).toBe(serial);

  await proxy.child.end("SIGTERM");
  const again = await start();
  expect(await serialShown(again.httpsPort, HOST, directory.rootPem)).toBe(serial);
  expect(await certificateOf(again, HOST)).toMatchObject({ renewsAt, ordering: false });
  expect(directory.renewalInfoAsked.length, "the next question is hours away").toBe(asked);
  expect(directory.orders).toHaveLength(1);
});

test("a rate limit with Retry-After is obeyed over restarts, handshakes and deploys [AC-03]", async () => {
  const { start, directory, store, appPort } = await bed();
  directory.fail("newOrder", {
    status: 429,
    type: "rateLimited",
    detail: "too many certificates already issued",
    retryAfter: 2 * HOUR_S,
  });
  const proxy = await start();
  const options = automatic([HOST], directory.url);
  const { warnings } = await proxy.deploy("shop", [appPort], options);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain("too many certificates already issued");
  const { nextAttemptAt } = await certificateOf(proxy, HOST);
  const waitS = (Date.parse(nextAttemptAt ?? "") - Date.now()) / 1000;
  expect(waitS).toBeGreaterThan(1.9 * HOUR_S);
  expect(waitS).toBeLessThan(2.5 * HOUR_S);

  const waits = async (one: ProxyProcess) => {
    for (let visitor = 0; visitor < 3; visitor++) expect(await handshakeError(one.httpsPort, HOST)).not.toBe("");
    expect((await one.deploy("shop", [appPort], options)).warnings[0]).toContain(`next attempt at ${nextAttemptAt}`);
    expect(await certificateOf(one, HOST)).toMatchObject({ nextAttemptAt, failedAttempts: 1, ordering: false });
    expect(directory.requestCount("newOrder")).toBe(1);
  };
  await waits(proxy);
  await proxy.child.end("SIGKILL");
  const again = await start();
  await waits(again);

  // Two hours later, by hand.
  await again.child.end("SIGKILL");
  await setNextAttempt(store, HOST, Date.now());
  const third = await start();
  await third.child.line((line) => line.includes(ISSUED));
  await visit(third.httpsPort, HOST, directory.rootPem);
  expect(directory.requestCount("newOrder")).toBe(2);
});

test("killed in the middle of an order: leaves no process behind, and goes on with that order [AC-09]", async () => {
  const { start, directory, appPort } = await bed();
  directory.fail("finalize", { delayMs: 3_000 });
  const proxy = await start();
  const options = automatic([HOST], directory.url);
  const deployed = proxy.deploy("shop", [appPort], options).catch((error: unknown) => error);
  await eventually("the order is finalised", () => directory.requestCount("finalize") === 1, ISSUE_TIMEOUT_MS);
  const { pid } = proxy.child.process;
  const issuing = Number(await readFile(`/proc/${pid}/task/${pid}/children`, "utf8"));
  expect(issuing).toBeGreaterThan(0);
  await proxy.child.end("SIGKILL");
  expect(await deployed).toMatchObject({ code: "connection-lost" });
  await eventually("the issuing process is gone", () => !isAlive(issuing), ISSUE_TIMEOUT_MS);

  const again = await start();
  await again.child.line((line) => line.includes(ISSUED));
  await visit(again.httpsPort, HOST, directory.rootPem);
  expect(directory.orders).toMatchObject([{ name: HOST, status: "valid" }]);
});

test("a certificate that has run out is shown on while the authority is gone, over restarts, until it is back [AC-06]", async () => {
  const { start, directory, store, appPort } = await bed({ lifetimeMs: 65_000, renewalInfo: false });
  const proxy = await start();
  await proxy.deploy("shop", [appPort], automatic([HOST], directory.url));
  await directory.stop();
  const anybody = { rejectUnauthorized: false };
  const serial = await serialShown(proxy.httpsPort, HOST, directory.rootPem, anybody);
  await proxy.child.line(
    (line) => line.includes("Certificate expires soon") || line.includes("Certificate has expired"),
  );
  await eventuallyRejected(proxy, directory.rootPem);
  expect(await serialShown(proxy.httpsPort, HOST, directory.rootPem, anybody)).toBe(serial);
  await proxy.child.end("SIGKILL");

  const again = await start();
  expect(await serialShown(again.httpsPort, HOST, directory.rootPem, anybody)).toBe(serial);
  expect(await certificateOf(again, HOST)).toMatchObject({ state: "expired", failedAttempts: 1 });
  const { warnings } = await again.deploy("shop", [appPort], automatic([HOST], directory.url));
  expect(warnings[0]).toMatch(
    /^the certificate for shop\.example\.com has expired: .* refuses connections; next attempt at /,
  );
  await again.child.end("SIGKILL");

  await directory.start();
  await setNextAttempt(store, HOST, Date.now());
  const third = await start();
  await third.child.line((line) => line.includes(ISSUED));
  expect(await serialShown(third.httpsPort, HOST, directory.rootPem, anybody)).not.toBe(serial);
});

async function eventuallyRejected({ httpsPort }: ProxyProcess, ca: string): Promise<void> {
  const options = { ca, rejectUnauthorized: true };
  const deadline = performance.now() + ISSUE_TIMEOUT_MS;
  while ((await handshakeError(httpsPort, HOST, options)) !== "CERT_HAS_EXPIRED") {
    if (performance.now() > deadline) throw new Error("the certificate has not run out");
    await pause(200);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** RFC 9773 §4.1 by somebody else's reading of the certificate: `base64url(key identifier).base64url(serial number)`. */
async function certIdByOpenssl(pemPath: string, folder: string): Promise<string> {
  const leaf = join(folder, "leaf.pem");
  const [, certificate = ""] =
    /(-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----)/.exec(await readFile(pemPath, "utf8")) ?? [];
  await writeFile(leaf, certificate);
  const { stdout } = await promisify(execFile)("openssl", [
    "x509",
    "-in",
    leaf,
    "-noout",
    "-serial",
    "-ext",
    "authorityKeyIdentifier",
  ]);
  const [, serial = ""] = /^serial=([0-9A-F]+)/m.exec(stdout) ?? [];
  const [, keyId = ""] = /^\s+((?:[0-9A-F]{2}:?){20})\s*$/m.exec(stdout) ?? [];
  // openssl prints a number; in DER, a zero byte stands before a first bit that is set.
  const bytes = Buffer.from(serial, "hex");
  const der = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return `${Buffer.from(keyId.replaceAll(":", ""), "hex").toString("base64url")}.${der.toString("base64url")}`;
}
