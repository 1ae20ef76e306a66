import { describe, expect, test } from "vitest";
import { configOf, issuesOf, warningsOf } from "./written-config.ts";

const TWO_HOSTS = "servers: [a, b]";

describe("checks across sections, each with its place", () => {
  test.each<readonly [string, string, ...string[]]>([
    [
      "a destination is wanted",
      "require_destination: true",
      "1:22 require_destination: must specify a destination: add -d NAME",
    ],
    [
      "the primary role is defined",
      "primary_role: app",
      "1:15 primary_role: the primary role app isn't defined in servers",
    ],
    ["web is defined", "servers: {job: [a]}", "1:10 servers: the primary role web isn't defined in servers"],
    [
      "the primary role has a host",
      "allow_empty_roles: true\nservers: {web: []}",
      "2:16 servers/web: no servers specified for the primary role web",
    ],
    [
      "roles have hosts",
      "servers: {web: [a], job: []}",
      "1:26 servers/job: no servers specified for the role job; allow_empty_roles: true permits that",
    ],
    [
      "the tool is new enough",
      "minimum_version: 3.0.0",
      "1:18 minimum_version: the file wants Kamal 3.0.0; this program does what Kamal 2.12.0 does",
    ],
    ["containers are retained", "retain_containers: 0", "1:20 retain_containers: must be at least 1"],
    [
      "the service's name",
      "service: a b",
      "1:10 service: can only include alphanumeric characters, hyphens, and underscores",
    ],
    [
      "SSL on several servers of the original's proxy",
      `${TWO_HOSTS}\nproxy: {ssl: true, host: c, run: {repository: basecamp/kamal-proxy}}`,
      "1:10 servers: SSL is only available on a single server unless you use custom certificates, found 2 servers for role web",
    ],
    [
      "one SSL host in two roles",
      "proxy: {ssl: true, host: c}\nservers:\n  web: [a]\n  api: {hosts: [b], proxy: true}",
      "4:8 servers/api: roles web and api can't share the same host for SSL: c",
    ],
    ["SSL without a host", "proxy: {ssl: true}", "1:14 proxy/ssl: must set a host to enable automatic SSL"],
    [
      "a role's SSL without a host",
      "servers:\n  web: [a]\n  api: {hosts: [b], proxy: {ssl: true}}",
      "3:34 servers/api/proxy/ssl: must set a host to enable automatic SSL",
    ],
    [
      "an accessory's SSL without a host, whatever the root has",
      "proxy: {host: c}\naccessories:\n  db: {image: a, host: b, proxy: {ssl: true}}",
      "3:40 accessories/db/proxy/ssl: must set a host to enable automatic SSL",
    ],
    [
      "host at the root and hosts in the role",
      "proxy: {host: c}\nservers:\n  web: {hosts: [b], proxy: {hosts: [d]}}",
      "3:36 servers/web/proxy/hosts: specify one of host or hosts, not both",
    ],
    [
      "a local registry and a remote builder without ssh",
      "registry: {server: 'localhost:5555'}\nbuilder: {arch: amd64, remote: 'tcp://b:1'}",
      "2:32 builder/remote: a local registry with a remote builder needs an ssh:// URL",
    ],
    [
      "two runs on one host",
      "proxy: {run: {http_port: 81}}\nservers:\n  web: [a]\n  api: {hosts: [a], proxy: {run: {http_port: 82}}}",
      "4:34 servers/api/proxy/run: conflicting proxy run configurations for host a",
    ],
    [
      "an accessory's run against the role's",
      "proxy: {run: {debug: true}}\naccessories:\n  db: {image: x, host: 10.0.0.1, proxy: {run: {debug: false}}}",
      "3:47 accessories/db/proxy/run: conflicting proxy run configurations for host 10.0.0.1",
    ],
    [
      "a level of hooks_output",
      "hooks_output: loud",
      '1:15 hooks_output: invalid hooks_output "loud", must be one of: quiet, verbose',
    ],
    [
      "a level of one hook",
      "hooks_output: {pre-build: loud}",
      '1:27 hooks_output/pre-build: invalid hooks_output "loud", must be one of: quiet, verbose',
    ],
    [
      "an unknown role of an accessory",
      "accessories:\n  db: {image: a, role: jobs}",
      "2:24 accessories/db/role: unknown role: jobs",
    ],
    [
      "unknown roles of an accessory",
      "accessories:\n  db: {image: a, roles: [web, x, y]}",
      "2:25 accessories/db/roles: unknown roles: x, y",
    ],
    [
      "a tag that no host has",
      "accessories:\n  db: {image: a, tag: t}",
      "2:23 accessories/db/tag: no host has the tag t",
    ],
  ])("%s", (_rule, fragment, ...issues) => {
    expect(issuesOf(fragment)).toEqual(issues);
  });

  test("an empty file lacks everything", () => {
    expect(issuesOf("", { alone: true }).map((issue) => issue.replace(/^1:1 /, ""))).toEqual([
      "service: is required",
      "registry: is required",
      "image: is required",
      "builder: Builder arch not set: builder with arch is required",
      "servers: is required, unless there are accessories",
    ]);
  });

  test("issues come in the original's order, all at once", () => {
    const found = issuesOf("require_destination: true\nretain_containers: 0\nhooks_output: loud\nminimum_version: 99");
    expect(found.map((issue) => issue.split(" ")[1])).toEqual([
      "require_destination:",
      "minimum_version:",
      "retain_containers:",
      "hooks_output:",
    ]);
  });

  test("what several roles inherit is said once", () => {
    const found = issuesOf(
      "proxy: {ssl: true}\nservers:\n  web: [a]\n  api: {hosts: [b], proxy: true}\n  adm: {hosts: [c], proxy: true}",
    );
    expect(found).toEqual(["1:14 proxy/ssl: must set a host to enable automatic SSL"]);
  });
});

describe("what passes the checks", () => {
  test.each<[string, string, string?]>([
    ["a destination that is wanted and given", "require_destination: true", "staging"],
    ["SSL on several servers with kdeploy's proxy", `${TWO_HOSTS}\nproxy: {ssl: true, host: c}`],
    [
      "SSL on several servers with a certificate",
      `${TWO_HOSTS}\nproxy: {host: c, ssl: {certificate_pem: C, private_key_pem: K}, run: {repository: basecamp/kamal-proxy}}`,
    ],
    ["SSL on demand without a host", "proxy: {ssl: true, tls_on_demand_url: /allowed}"],
    ["accessories without servers", "servers: {web: [a]}\naccessories: {db: {image: a, host: b}}"],
    ["an older version that is wanted", 'minimum_version: "2.3.0"'],
    ["empty roles that are allowed", "allow_empty_roles: true\nservers: {web: [a], job: []}"],
    [
      "a local registry and a remote builder over ssh",
      "registry: {server: 'localhost:5555'}\nbuilder: {arch: amd64, remote: 'ssh://b'}",
    ],
    [
      "the same run twice on one host",
      "proxy: {run: {http_port: 81}}\nservers:\n  web: [a]\n  api: {hosts: [a], proxy: {run: {http_port: 81}}}",
    ],
    [
      "an empty run beside another",
      "servers:\n  web: {hosts: [a], proxy: {run: {http_port: 81}}}\n  api: {hosts: [a], proxy: {run: {}}}",
    ],
    ["keys for anchors", "x-any: {thing: 1}\nx-other: 2"],
  ])("%s", (_rule, fragment, destination) => {
    expect(issuesOf(fragment, destination === undefined ? {} : { destination })).toEqual([]);
  });

  test("no servers at all, with accessories", () => {
    const text =
      "service: a\nimage: b\nregistry: {username: u, password: [P]}\nbuilder: {arch: amd64}\naccessories: {db: {image: a, host: b}}";
    expect(issuesOf(text, { alone: true })).toEqual([]);
  });

  test("no image with a local registry: it is the service's name", () => {
    const text = "service: shop\nregistry: {server: 'localhost:5555'}\nbuilder: {arch: amd64}\nservers: [a]";
    expect(issuesOf(text, { alone: true })).toEqual([]);
  });
});

describe("warnings", () => {
  test.each<readonly [string, string, ...string[]]>([
    [
      "a reserved label at the root",
      "labels: {role: x}",
      "1:16 labels/role: replaces the label by which the deploy finds its containers",
    ],
    ["run_directory", "run_directory: /srv", "1:16 run_directory: is ignored, in Kamal too: .kamal is always used"],
    [
      "a password in plain text",
      "registry: {username: u, password: p}",
      "1:35 registry/password: stands here in plain text; write [NAME] and put NAME into the secrets file",
    ],
    [
      "a port that everybody reaches [C2]",
      "accessories: {db: {image: a, host: b, port: '5432:5432'}}",
      "1:45 accessories/db/port: 5432:5432 is published on every address of the host and passes its firewall; write 127.0.0.1:5432:5432 to keep it on the host",
    ],
    [
      "a port that nobody else reaches, other than in the original [C2]",
      "accessories: {db: {image: a, host: b, port: 5432}}",
      "1:45 accessories/db/port: 5432 is published on the host itself only, not for everybody as in Kamal; write 127.0.0.1:5432:5432 to say so, or ADDRESS:5432:5432 for other hosts",
    ],
    [
      "a variable that is clear and secret",
      "env: {clear: {A: 1}, secret: [A]}",
      "1:6 env: A is both clear and secret in role web: the clear value wins",
    ],
  ])("%s", (_trap, fragment, ...warnings) => {
    expect(warningsOf(fragment)).toEqual(warnings);
  });

  test("none for an ordinary file", () => {
    expect(warningsOf("accessories: {db: {image: a, host: b, port: '127.0.0.1:5432:5432'}}")).toEqual([]);
    expect(configOf("volumes: [a:/b]").volumes).toEqual(["a:/b"]);
  });
});
