import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { routeDrift } from "../../../../cli/execute/reconcile/route-drift.ts";
import { deployFlags } from "../../../../cli/remote/proxy-flags.ts";
import { parseRoutes } from "../../../../cli/remote/routes.ts";
import { type ProxyProcess, startProxyProcess } from "../../../support/proxy-process.ts";
import { configOf } from "../../config/written-config.ts";

const target = createServer((_, response) => void response.end("ok"));
let proxy: ProxyProcess;
let home: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => void target.listen(0, "127.0.0.1", resolve));
  home = await mkdtemp(join(tmpdir(), "kd-"));
  proxy = await startProxyProcess(home);
});

afterAll(async () => {
  target.close();
  await proxy?.child.end("SIGKILL");
  await rm(home, { recursive: true, force: true });
});

/** What differs between the flags of a configuration and what a real proxy lists after it was told these flags by a shell. */
async function driftAfterDeploy(service: string, settings: string): Promise<string[]> {
  const { port } = target.address() as AddressInfo;
  const { roles, ...config } = configOf(`servers: [one]\nproxy: { app_port: ${port}, ${settings} }`);
  const [role] = roles;
  if (role?.proxy === undefined) throw new Error("no proxy");
  const peers = ["two"];
  const owner = { role: "web" };
  const flags = deployFlags({ ...config, roles }, role.proxy, {
    containerId: "127.0.0.1",
    owner,
    version: "v1",
    peers,
  });
  const run = async (words: string): Promise<string> => {
    const line = `exec ${process.execPath} proxy/kdeploy-proxy.mjs ${words}`;
    const environment = { ...process.env, ...proxy.environment };
    return (await promisify(execFile)("/bin/sh", ["-c", line], { env: environment })).stdout;
  };
  await run(`deploy ${service} ${flags.join(" ")}`);
  const route = parseRoutes(await run("list --json"))?.find((one) => one.service === service);
  if (route === undefined) throw new Error("not listed");
  return routeDrift(route, flags);
}

test.each([
  ["nothing but its defaults", "host: plain.example.com"],
  [
    "hosts and paths, in any spelling",
    "hosts: [B.example.com, a.example.com, '*.wild.example.com'], path_prefixes: [api/, /v2]",
  ],
  [
    "health checks and times",
    "host: h.example.com, healthcheck: { interval: 3, timeout: 2, path: ready, host: inner.example.com }, response_timeout: 45",
  ],
  [
    "buffering and logging",
    "host: b2.example.com, buffering: { requests: false, responses: true, memory: 2_000_000, max_request_body: 40_000_000, max_response_body: 0 }, logging: { request_headers: [X-B, X-A], response_headers: [X-C] }",
  ],
  ["forwarding and stripping", "host: f.example.com, forward_headers: true, path_prefix: /x, strip_path_prefix: false"],
  ["forwarding switched off", "host: f2.example.com, forward_headers: false, ssl_redirect: false"],
  [
    "automatic certificates",
    "host: tls.example.com, ssl: true, hsts: 60, acme: { email: ann@example.com, staging: true }",
  ],
  [
    "what only kdeploy's proxy knows",
    "hosts: [c.example.com, www.c.example.com], canonical_host: C.example.com, client_ip_header: X-Real-IP, scope_cookie_paths: true, exclude_metrics_paths: [health, /up], target_protocol: http1",
  ],
])("right after a deploy a route with %s is as configured", async (what, settings) => {
  expect(await driftAfterDeploy(what.replaceAll(/\W/g, "-"), settings)).toEqual([]);
});
