/** Lines of deploys that Kamal has no word for: settings that only our proxy knows, and steps that have nothing to do. */
import { describe, expect, test } from "vitest";
import { builderKind, inspect as inspectBuilder } from "../../../cli/remote/builder.ts";
import { deployOf, example } from "./example.ts";

describe("lines of our own", () => {
  test("a step with nothing to do runs nothing", () => {
    const docker = example("builder: { arch: amd64, driver: docker }");
    expect(inspectBuilder(docker, builderKind(docker, "amd64"))).toBeUndefined();
  });

  test("peers are told by address, without ssh's user and port; only for automatic certificates", () => {
    expect(deployOf("proxy: { host: a.b, ssl: true }")).toMatch(/--acme-peer="1\.1\.1\.2" --acme-peer="::2"$/);
    expect(deployOf("proxy: { host: a.b }")).not.toContain("--acme-peer");
    const own = "proxy: { host: a.b, ssl: { certificate_pem: C, private_key_pem: K } }";
    expect(deployOf(own)).not.toContain("--acme-peer");
  });

  test("settings that only kdeploy's proxy knows come last", () => {
    const flags = deployOf(
      "proxy: { host: a.b, ssl: true, canonical_host: a.b, tls_on_demand_url: /ok, client_ip_header: X-Ip, scope_cookie_paths: true, exclude_metrics_paths: [/up], target_protocol: h2c, hsts: 5, healthcheck: { port: 9, host: h.b }, acme: { directory: 'https://ca/d', email: a@b, eab_key_id: k, eab_key_path: /k, dns_hook: /h, peers: [p] } }",
    );
    expect(flags.slice(flags.indexOf("--health-check-port"))).toBe(
      '--health-check-port="9" --health-check-host="h.b" --canonical-host="a.b" --client-ip-header="X-Ip" --scope-cookie-paths --exclude-metrics-path="/up" ' +
        '--target-protocol="h2c" --tls-hsts="5" --tls-on-demand-url="/ok" --tls-acme-directory="https://ca/d" --tls-email="a@b" --tls-eab-key-id="k" --tls-eab-key-path="/k" --tls-dns-hook="/h" --acme-peer="p"',
    );
  });
});
