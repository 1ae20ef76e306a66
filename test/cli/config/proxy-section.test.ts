import { describe, expect, test } from "vitest";
import { configOf, issuesOf } from "./written-config.ts";

describe("rules of proxy settings and assets, each with its place", () => {
  test.each<readonly [string, string, ...string[]]>([
    [
      "an address that is none",
      "proxy: {run: {bind_ips: [10.0.0]}}",
      '1:26 proxy/run/bind_ips/0: is not an IP address: "10.0.0"',
    ],
    [
      "metrics that nobody serves",
      "proxy: {run: {metrics_bind: '::1'}}",
      "1:29 proxy/run/metrics_bind: needs metrics_port",
    ],
    [
      "two authorities",
      "proxy: {acme: {staging: true, directory: 'https://ca.example.com/d'}}",
      "1:25 proxy/acme/staging: staging is Let's Encrypt's: specify one of directory or staging, not both",
    ],
    [
      "a read target without a port",
      "proxy: {read_targets: [10.0.0.7]}",
      '1:24 proxy/read_targets/0: should be HOST:PORT: "10.0.0.7"',
    ],
    [
      "a read target with a scheme",
      "proxy: {read_targets: ['http://a:80']}",
      '1:24 proxy/read_targets/0: should be HOST:PORT: "http://a:80"',
    ],
    [
      "a port that is none",
      "proxy: {read_targets: ['a:70000']}",
      '1:24 proxy/read_targets/0: should be HOST:PORT: "a:70000"',
    ],
    [
      "seconds in words",
      "proxy: {writer_affinity_timeout: 1s}",
      "1:34 proxy/writer_affinity_timeout: should be a number of seconds",
    ],
    ["assets at no place", "asset_path: public", '1:13 asset_path: is not an absolute path: "public"'],
    ["assets at no place, among others", "asset_path: [/a, b]", '1:18 asset_path/1: is not an absolute path: "b"'],
    ["assets that are a hash", "asset_path: {a: b}", "1:13 asset_path: should be a string or an array"],
  ])("%s", (_rule, fragment, ...issues) => {
    expect(issuesOf(fragment)).toEqual(issues);
  });

  test("read targets may be names, and addresses of both kinds", () => {
    const targets = ["reader:3000", "10.0.0.7:3000", "[2001:db8::7]:3000"];
    const config = configOf(`proxy: { read_targets: ${JSON.stringify(targets)}, writer_affinity_timeout: 0 }`);
    expect(config.roles[0]?.proxy).toMatchObject({ readTargets: targets, writerAffinityTimeoutSeconds: 0 });
  });

  test("assets are one directory or several; a role's stand in place of the root's", () => {
    const { roles } = configOf(
      "asset_path: /a:ro\nservers: {web: [x], api: {hosts: [x], proxy: true, asset_path: [/b, '/c:ro']}, job: {hosts: [x], asset_path: []}}",
    );
    expect(roles.map(({ name, assetPaths }) => [name, assetPaths])).toEqual([
      ["web", [{ path: "/a", mountOptions: "ro" }]],
      [
        "api",
        [
          { path: "/b", mountOptions: undefined },
          { path: "/c", mountOptions: "ro" },
        ],
      ],
      ["job", []],
    ]);
  });
});
