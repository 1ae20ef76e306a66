/** Everybody's clients over HTTPS, while versions are switched under them: not one request is lost. */
import { spawnSync } from "node:child_process";
import { connect } from "node:http2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AppProcess, startApp } from "../support/app-process.ts";
import { HEALTH_PATH } from "../support/grpc-echo.ts";
import { browser, type ClientReport, curl, grpc, h2load, type Site, webSocket } from "../support/https-clients.ts";
import { type DeployOptions, type ProxyProcess, startProxyProcess } from "../support/proxy-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { certificateFor, type TestCertificate } from "../support/test-certificates.ts";

const CUTOVERS = 12;
const LOAD_SECONDS = 20;
const PROGRAMS = ["curl", "h2load", "chromium"];

const missing = PROGRAMS.filter((program) => spawnSync("which", [program]).status !== 0);
const skip = missing.length > 0 && !process.env["CI"];
if (skip) process.stderr.write(`Clients over HTTPS are not tested: ${missing.join(", ")} missing.\n`);

let certificate: TestCertificate;
let apps: AppProcess[];
let grpcApps: AppProcess[];

describe.skipIf(skip)("clients over HTTPS", () => {
  beforeAll(async () => {
    certificate = await certificateFor(["app.example.com", "grpc.example.com"]);
    apps = await Promise.all([startApp("versioned-app", "1"), startApp("versioned-app", "2")]);
    grpcApps = await Promise.all([startApp("versioned-grpc-app", "1"), startApp("versioned-grpc-app", "2")]);
  });

  afterAll(() => Promise.all([...apps, ...grpcApps].map((app) => app.child.end())));

  test("curl, h2load, Chromium, gRPC and WebSockets lose nothing over cutovers", { timeout: 180_000 }, async () => {
    const proxy = await startProxyProcess(await temporaryDirectory());
    try {
      await switchTo(proxy, 0);
      const site: Site = { host: "app.example.com", port: proxy.httpsPort, caPath: certificate.caPath };
      const enough = new AbortController();
      const { signal } = enough;
      const clients: Record<string, Promise<ClientReport>> = {
        curl1: curl(site, "1.1", signal),
        curl2: curl(site, "2", signal),
        browser: browser(site, signal),
        grpc: grpc({ ...site, host: "grpc.example.com" }, signal),
        webSocket: webSocket(site, signal),
        h2load: h2load(site, LOAD_SECONDS),
      };
      for (let cutover = 1; cutover <= CUTOVERS; cutover++) await switchTo(proxy, cutover % 2);
      await clients["h2load"];
      enough.abort();
      for (const [name, report] of Object.entries(clients)) {
        const { asked, failures } = await report;
        process.stdout.write(`${name}: ${asked} asked over ${CUTOVERS} cutovers\n`);
        expect(failures, name).toEqual([]);
        expect(asked, name).toBeGreaterThan(CUTOVERS);
      }
    } finally {
      await proxy.child.end();
    }
  });

  test("a proxy that stops says goodbye to HTTP/2 clients and lets their requests finish [H2-20]", async () => {
    const proxy = await startProxyProcess(await temporaryDirectory());
    await switchTo(proxy, 0);
    const session = connect(`https://127.0.0.1:${proxy.httpsPort}`, {
      ca: certificate.ca,
      servername: "app.example.com",
    });
    const goodbyes: number[] = [];
    session.on("goaway", (code) => goodbyes.push(code));
    const stream = session.request({ ":path": "/download?pieces=10", ":authority": "app.example.com" });
    let text = "";
    stream.setEncoding("utf8");
    stream.on("data", (piece: string) => {
      text += piece;
    });
    await new Promise((resolve) => stream.once("data", resolve));
    const ended = new Promise((resolve, reject) => {
      stream.once("end", resolve);
      stream.once("error", reject);
    });
    const exitCode = proxy.child.end();
    await ended;
    expect(text.trim().split("\n")).toHaveLength(10);
    expect(await exitCode).toBe(0);
    expect(goodbyes.length).toBeGreaterThan(0);
    expect(new Set(goodbyes)).toEqual(new Set([0]));
  });
});

/** Deploys the web app and the gRPC app of one version, one after the other. */
async function switchTo(proxy: ProxyProcess, version: number): Promise<void> {
  const tls = { enabled: true, certificatePath: certificate.chainPath, privateKeyPath: certificate.privateKeyPath };
  const options = (host: string): DeployOptions => ({ drainTimeoutMs: 30_000, service: { hosts: [host], tls } });
  await proxy.deploy("web", [apps[version]?.port ?? 0], options("app.example.com"));
  await proxy.deploy("grpc", [grpcApps[version]?.port ?? 0], {
    ...options("grpc.example.com"),
    target: { protocol: "h2c" },
    healthCheckPath: HEALTH_PATH,
  });
}
