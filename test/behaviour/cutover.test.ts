/** The main promise: versions are switched under load and not one request is lost. */
import { get } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AppProcess, startApp } from "../support/app-process.ts";
import { type ProxyProcess, startProxyProcess } from "../support/proxy-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { VersionLoad } from "../support/version-load.ts";

const CUTOVERS = 200;
const DOWNLOAD_PIECES = 300;

let apps: AppProcess[];

beforeAll(async () => {
  apps = await Promise.all([startApp("versioned-app", "1"), startApp("versioned-app", "2")]);
});

afterAll(() => Promise.all(apps.map((app) => app.child.end())));

test("200 cutovers under 64 busy connections, 20 WebSockets and a 30 s download lose nothing [DP-01 DP-05]", {
  timeout: 240_000,
}, async () => {
  const proxy = await startProxyProcess(await temporaryDirectory());
  try {
    const [first, second] = apps.map((app) => app.port) as [number, number];
    await proxy.deploy("web", [first]);
    const load = new VersionLoad(proxy.port, "1");
    const download = downloadFrom(proxy);
    load.begin({ keepAlive: 30, fresh: 14, post: 20, webSockets: 20 });
    for (let cutover = 0; cutover < CUTOVERS; cutover++) {
      const [version, port] = cutover % 2 === 0 ? (["2", second] as const) : (["1", first] as const);
      await load.during(version, () => proxy.deploy("web", [port], { drainTimeoutMs: 45_000 }));
    }
    await load.end();
    const pieces = (await download).trim().split("\n");
    process.stdout.write(
      `${CUTOVERS} cutovers, ${load.requests} requests, ${load.conversations} WebSocket conversations\n`,
    );
    expect(load.failures.slice(0, 10)).toEqual([]);
    expect(pieces).toEqual(Array.from({ length: DOWNLOAD_PIECES }, (_, piece) => `1 ${piece}`));
    // Both that there was load at all, and that it met the switches.
    expect(load.requests).toBeGreaterThan(CUTOVERS * 10);
    expect(load.conversations).toBeGreaterThan(CUTOVERS);
  } finally {
    await proxy.child.end();
  }
});

/** The body of the slow download; rejects when it is cut short. */
function downloadFrom(proxy: ProxyProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port: proxy.port, host: "127.0.0.1", path: `/download?pieces=${DOWNLOAD_PIECES}` }, (response) => {
      let text = "";
      response.on("data", (piece: Buffer) => {
        text += piece.toString();
      });
      response.on("end", () => (response.complete ? resolve(text) : reject(new Error("the download was cut"))));
      response.on("error", reject);
    }).on("error", reject);
  });
}
