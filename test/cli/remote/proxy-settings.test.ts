/** Every flag of the proxy can be reached from deploy.yml, or there is a reason. The flags are those of proxy/FLAGS.md. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { maintenance } from "../../../cli/remote/proxy.ts";
import { deployFlags } from "../../../cli/remote/proxy-flags.ts";
import { start } from "../../../cli/remote/proxy-run.ts";
import { prepare } from "../../../cli/remote/two-phase.ts";
import { example, roleOf } from "./example.ts";

/** Flags without a key of their own. */
const REASONS: Readonly<Record<string, string>> = {
  "deploy --force": "would send requests to what is not healthy",
  "run --http-port": "inside the container it is always 80; http_port is the server's",
  "run --https-port": "inside the container it is always 443; https_port is the server's",
  "run --http3": "is refused by the proxy: no release of Node speaks it",
};

const EVERY_DEPLOY_KEY = `
error_pages_path: pages
proxy:
  hosts: [a.example.com, b.example.com]
  ssl: true
  ssl_redirect: false
  forward_headers: true
  response_timeout: 1
  path_prefixes: [/a]
  strip_path_prefix: false
  healthcheck: { interval: 1, timeout: 1, path: /h, port: 81, host: h.example.com }
  buffering: { requests: true, responses: true, memory: 1, max_request_body: 1, max_response_body: 1 }
  logging: { request_headers: [A], response_headers: [B] }
  canonical_host: a.example.com
  tls_on_demand_url: /ok
  client_ip_header: X-Ip
  scope_cookie_paths: true
  exclude_metrics_paths: [/up]
  target_protocol: h2c
  hsts: 1
  read_targets: ["10.0.0.7:3000", "[::1]:80"]
  writer_affinity_timeout: 0.5
  read_target_websockets: true
  acme: { staging: true, email: a@b.example, eab_key_id: k, eab_key_path: /k, dns_hook: /h, peers: [p], cache_path: /c }
`;
const EVERY_RUN_KEY =
  "proxy: { run: { debug: true, metrics_port: 9090, metrics_bind: 127.0.0.1, trusted_proxies: [private], proxy_protocol: true, bind: '::', access_log: false, acme_peers: [10.0.0.2] } }";

function documented(command: string): string[] {
  const page = readFileSync(new URL("../../../proxy/FLAGS.md", import.meta.url), "utf8");
  const [, section = ""] = page.split(`\n## \`${command}\`\n`);
  const [table = ""] = section.split("\n## ");
  return [...table.matchAll(/^\| `(--[\w-]+)` /gm)].map(([, flag = ""]) => flag);
}

function deployLine(written: string): string {
  const config = example(written);
  const proxy = roleOf(config).proxy;
  if (proxy === undefined) throw new Error("no proxy");
  const target = { containerId: "c", owner: { role: "web" }, version: "1", peers: ["1.1.1.2"] };
  return prepare("app-web", deployFlags(config, proxy, target), 900);
}

const OWN_CERTIFICATE = "proxy: { host: a.example.com, ssl: { certificate_pem: C, private_key_pem: K } }";
const OTHER_AUTHORITY = "proxy: { host: a.example.com, ssl: true, acme: { directory: 'https://ca.example.com/d' } }";
const line = {
  "deploy <service>": [EVERY_DEPLOY_KEY, OWN_CERTIFICATE, OTHER_AUTHORITY].map(deployLine).join("\n"),
  run: start(roleOf(example(EVERY_RUN_KEY)).proxy?.run),
  "stop <service>": maintenance("app-web", { drainTimeoutSeconds: 1, message: "m" }),
} as const;

describe.each(Object.entries(line))("%s", (command, ours) => {
  const flags = documented(command);

  test("is documented", () => {
    expect(flags.length).toBeGreaterThan(1);
  });

  test.each(flags)("%s can be set in deploy.yml, or there is a reason why not", (flag) => {
    const reached = new RegExp(`(?:^|\\s)${flag}(?:=|\\s|$)`, "m").test(ours);
    const reason = REASONS[`${command.split(" ")[0]} ${flag}`];
    expect(reached, reason ?? "there is neither a key nor a reason").toBe(reason === undefined);
  });
});

test("reads of other servers, and how long they stay off them", () => {
  const flags = deployLine(EVERY_DEPLOY_KEY);
  expect(flags).toContain(
    '--read-target="10.0.0.7:3000" --read-target="[::1]:80" --writer-affinity-timeout="0.5s" --read-target-websockets',
  );
});
