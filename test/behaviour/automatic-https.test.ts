/** Automatic HTTPS as operators and visitors see it: the whole proxy, a real order, a real handshake, restarts. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { callControl } from "../../proxy/control/control-client.ts";
import { type AcmeDirectory, startAcmeDirectory } from "../support/acme-directory.ts";
import { eventually } from "../support/eventually.ts";
import { startHealthApp } from "../support/health-app.ts";
import { type ProxyProcess, startProxyProcess } from "../support/proxy-process.ts";
import { newKey, ScriptedIssuer } from "../support/scripted-issuer.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { handshakeError, secure } from "../support/tls-clients.ts";
import { unusedPort } from "../support/unused-port.ts";

const HOST = "shop.example.com";

async function start(home: string, port: number): Promise<ProxyProcess> {
  const proxy = await startProxyProcess(home, port);
  onTestFinished(async () => void (await proxy.child.end("SIGKILL")));
  return proxy;
}

async function bed(options: Parameters<typeof startAcmeDirectory>[0] = {}) {
  const port = await unusedPort();
  const home = await temporaryDirectory();
  const directory: AcmeDirectory = await startAcmeDirectory({ httpPort: port, ...options });
  onTestFinished(() => directory.stop());
  const app = await startHealthApp();
  onTestFinished(() => app.kill());
  return { port, home, directory, app, proxy: await start(home, port) };
}

const options = (directory: string, changes: Record<string, unknown> = {}) => ({
  service: { hosts: [HOST], tls: { enabled: true, directory, ...changes } },
});

/** Serial number of the certificate that a client is shown, which it checks against `ca`. */
async function serialShown({ httpsPort }: ProxyProcess, ca: string): Promise<string> {
  const socket = await secure(httpsPort, HOST, { ca, rejectUnauthorized: true });
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

const certificatesOf = (proxy: ProxyProcess) => callControl(proxy.socketPath, { command: "certificates" });

test("a first deploy has a certificate when it ends; a restart serves it without an order [P1] [A29]", async () => {
  const { port, home, directory, app, proxy } = await bed();
  expect((await proxy.deploy("shop", [app.port], options(directory.url))).warnings).toEqual([]);
  expect(directory.orders).toMatchObject([{ name: HOST, replaces: "", status: "valid" }]);
  const serial = await serialShown(proxy, directory.rootPem);
  expect((await certificatesOf(proxy)).certificates).toMatchObject([{ name: HOST, state: "valid", lastError: "" }]);
  expect(await handshakeError(proxy.httpsPort, "stranger.example.com")).not.toBe("");
  await proxy.child.end("SIGKILL");
  const again = await start(home, port);
  expect(await serialShown(again, directory.rootPem)).toBe(serial);
  expect(directory.orders).toHaveLength(1);
});

test("with the authority down the deploy succeeds, says so, and goes on by itself on the next one [AC-02]", async () => {
  const { directory, app, proxy } = await bed();
  directory.fail("newOrder", { status: 400, type: "caa", detail: "CAA record forbids issuance" });
  const { warnings } = await proxy.deploy("shop", [app.port], options(directory.url));
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(`there is no certificate for ${HOST} yet`);
  expect(await handshakeError(proxy.httpsPort, HOST)).not.toBe("");
  const response = await fetch(`http://127.0.0.1:${proxy.port}/`, { redirect: "manual" });
  expect(response.status, "plain HTTP is answered").toBeLessThan(500);
  expect((await proxy.deploy("shop", [app.port], options(directory.url))).warnings).toEqual([]);
  await serialShown(proxy, directory.rootPem);
});

test("certificates that live for seconds are renewed while visitors stay connected [AC-07] [TL-11]", async () => {
  const { directory, app, proxy } = await bed({ lifetimeMs: 63_000, renewalInfo: false });
  await proxy.deploy("shop", [app.port], options(directory.url));
  const visitor = await secure(proxy.httpsPort, HOST, { ca: directory.rootPem, rejectUnauthorized: true });
  let closed = false;
  visitor.on("close", () => {
    closed = true;
  });
  const { serialNumber } = visitor.getPeerCertificate();
  await eventually("a renewal", () => directory.orders.some(({ replaces }) => replaces !== ""), 15_000);
  let serial = serialNumber;
  for (let tries = 0; serial === serialNumber && tries < 200; tries++) {
    serial = await serialShown(proxy, directory.rootPem);
  }
  expect(serial).not.toBe(serialNumber);
  expect(closed).toBe(false);
  visitor.destroy();
});

test("a certificate of one's own outlives its files; a bad one costs no other service anything [P4] [A30]", async () => {
  const { port, home, app, proxy } = await bed();
  const issuer = new ScriptedIssuer();
  const key = newKey();
  const [certificatePath, privateKeyPath] = [join(home, "own.pem"), join(home, "own.key")];
  await writeFile(certificatePath, issuer.chainFor(key, [HOST]));
  await writeFile(privateKeyPath, key);
  const own = { service: { hosts: [HOST], tls: { enabled: true, certificatePath, privateKeyPath } } };
  await proxy.deploy("shop", [app.port], own);
  await proxy.deploy("plain", [app.port], { service: { hosts: ["plain.example.com"] } });
  const serial = await serialShown(proxy, issuer.authority.pem);
  await proxy.child.end("SIGKILL");
  await rm(certificatePath);
  const again = await start(home, port);
  expect(await serialShown(again, issuer.authority.pem)).toBe(serial);
  await expect(again.deploy("shop", [app.port], own)).rejects.toMatchObject({ code: "certificate-unusable" });
  const { services, quarantined } = await callControl(again.socketPath, { command: "list" });
  expect(services.map(({ name, tls }) => [name, tls])).toEqual([
    ["plain", false],
    ["shop", true],
  ]);
  expect(quarantined).toEqual([]);
});
