import { describe, expect, test } from "vitest";
import { issuesOf } from "./written-config.ts";

/** A rule of the schema: what it is about, a fragment that breaks it, what is said, and where. */
const RULES: readonly (readonly [string, string, ...string[]])[] = [
  // Types, config-schema §1
  ["an unknown key", "service: app\nhots: [a]", "2:1 unknown key: hots"],
  [
    "an unknown key in a section",
    "servers:\n  web:\n    hosts: [a]\n    optins: {}",
    "4:5 servers/web: unknown key: optins — did you mean options?",
  ],
  [
    "several unknown keys",
    "ssh:\n  usr: a\n  pots: 1",
    "2:3 ssh: unknown key: usr — did you mean user?",
    "3:3 ssh: unknown key: pots — did you mean port?",
  ],
  ["x- only at the root", "boot:\n  x-a: 1", "2:3 boot: unknown key: x-a"],
  ["text", "service: [a]", "1:10 service: should be a string"],
  ["text is not null", "asset_path:", "1:1 asset_path: should be a string"],
  ["an integer in quotes", 'deploy_timeout: "30"', "1:17 deploy_timeout: should be an integer"],
  ["an integer with a fraction", "deploy_timeout: 1.5", "1:17 deploy_timeout: should be an integer"],
  ["a boolean", "require_destination: 1", "1:22 require_destination: should be a boolean"],
  ["an array", "volumes: a:b", "1:10 volumes: should be an array"],
  ["a hash", "labels: [a]", "1:9 labels: should be a hash"],
  ["a hash that is null", "boot:", "1:1 boot: should be a hash"],
  ["an array or a hash", "servers: web", "1:10 servers: should be an array or a hash"],
  ["a role that is text", "servers:\n  web: a", "2:8 servers/web: should be an array or a hash"],

  // Root, §2
  ["labels are text", "labels:\n  a: {}", "2:6 labels/a: should be a string"],
  ["volumes are text", "volumes:\n  - {}", "2:5 volumes/0: should be a string"],
  ["a negative timeout", "drain_timeout: -1", "1:16 drain_timeout: should be at least 0"],
  ["hooks_output", "hooks_output: []", "1:15 hooks_output: should be a string or a hash"],

  // Registry, §3
  ["a registry's user", "registry:\n  password: [P]", "2:3 registry/username: is required"],
  ["a registry's password", "registry:\n  username: u", "2:3 registry/password: is required"],
  [
    "two secrets for a password",
    "registry:\n  username: u\n  password: [A, B]",
    "3:13 registry/password: should be a string or an array with one string (for secret lookup)",
  ],
  [
    "a hash for a user",
    "registry:\n  username: {}\n  password: [A]",
    "2:13 registry/username: should be a string or an array with one string (for secret lookup)",
  ],
  [
    "localhost without a port is not local",
    "registry:\n  server: localhost",
    "2:3 registry/username: is required",
    "2:3 registry/password: is required",
  ],

  // Servers, §4
  ["a numeric host", "servers: [12]", "1:11 servers/0: should be a string or a hash"],
  ["two hosts in one entry", "servers:\n  - a: t\n    b: t", "2:5 servers/0: multiple hosts found: one host per entry"],
  ["a list of hosts", "servers:\n  web:\n    hosts: a", "3:12 servers/web/hosts: should be an array"],
  [
    "a reserved label",
    "servers:\n  web:\n    hosts: [a]\n    labels:\n      role: x",
    "5:13 servers/web/labels/role: label is reserved: destination, role and service are set by the deploy",
  ],
  [
    "restart as a boolean",
    "servers:\n  web:\n    hosts: [a]\n    options:\n      restart: no",
    '5:16 servers/web/options/restart: should be a string: put "no" in quotes, YAML takes it for a boolean',
  ],
  [
    "restart as something else",
    "servers:\n  web:\n    hosts: [a]\n    options: {restart: sometimes}",
    "4:24 servers/web/options/restart: should be no, always, unless-stopped or on-failure[:N]",
  ],
  [
    "options are a hash",
    "servers:\n  web:\n    hosts: [a]\n    options: [a]",
    "4:14 servers/web/options: should be a hash",
  ],
  [
    "a value of options",
    "servers:\n  web:\n    hosts: [a]\n    options: {a: {b: c}}",
    "4:18 servers/web/options/a: should be a value or an array of values",
  ],
  [
    "a role's proxy",
    "servers:\n  web:\n    hosts: [a]\n    proxy: often",
    "4:12 servers/web/proxy: should be a boolean or a hash",
  ],
  [
    "a role's logging",
    "servers:\n  web:\n    hosts: [a]\n    logging: {drivr: x}",
    "4:15 servers/web/logging: unknown key: drivr — did you mean driver?",
  ],
  ["tags of a host", "servers:\n  - a: {}", "2:8 servers/0/a: should be a string or an array"],

  // Env, §5
  ["a variable is text", "env:\n  A:", "2:3 env/A: should be a string"],
  ["the long form has no other keys", "env:\n  clear: {A: 1}\n  B: 2", "3:3 env: unknown key: B"],
  ["secrets are a list", "env:\n  secret: A", "2:11 env/secret: should be an array"],
  ["a secret's name", "env:\n  secret: [A, {}]", "2:15 env/secret/1: should be a string"],
  [
    "a secret with three parts",
    "env:\n  secret: [A:B:C]",
    '2:12 env/secret/0: should be NAME or NAME:SECRET_KEY: "A:B:C"',
  ],
  ["tags in tags", "env:\n  tags:\n    one:\n      tags: {}", "4:13 env/tags/one/tags: tags cannot hold tags"],
  [
    "tags in a role",
    "servers:\n  web:\n    hosts: [a]\n    env: {tags: {}}",
    "4:17 servers/web/env/tags: tags are only allowed in the root env",
  ],
  ["env is a hash", "env: [A]", "1:6 env: should be a hash"],

  // Proxy, §6
  ["proxy is a hash", "proxy: true", "1:8 proxy: should be a hash"],
  ["host and hosts", "proxy:\n  host: a\n  hosts: [b]", "3:10 proxy/hosts: specify one of host or hosts, not both"],
  [
    "half a certificate",
    "proxy:\n  host: a\n  ssl:\n    certificate_pem: C",
    "4:5 proxy/ssl/private_key_pem: certificate_pem and private_key_pem each require the other",
  ],
  ["ssl as text", "proxy:\n  host: a\n  ssl: often", "3:8 proxy/ssl: should be a boolean or a hash"],
  ["app_port", "proxy:\n  app_port: http", "2:13 proxy/app_port: should be an integer"],
  ["a port's range", "proxy:\n  app_port: 70000", "2:13 proxy/app_port: should be between 1 and 65535"],
  ["healthcheck", "proxy:\n  healthcheck: /up", "2:16 proxy/healthcheck: should be a hash"],
  [
    "healthcheck's keys",
    "proxy:\n  healthcheck: {pth: /up}",
    "2:17 proxy/healthcheck: unknown key: pth — did you mean path?",
  ],
  ["buffering", "proxy:\n  buffering: {requests: 1}", "2:25 proxy/buffering/requests: should be a boolean"],
  ["buffering's sizes", "proxy:\n  buffering: {memory: 1m}", "2:23 proxy/buffering/memory: should be an integer"],
  [
    "logged headers",
    "proxy:\n  logging: {request_headers: Host}",
    "2:30 proxy/logging/request_headers: should be an array",
  ],
  [
    "run's ports without publishing",
    "proxy:\n  run:\n    publish: false\n    http_port: 80",
    "4:16 proxy/run/http_port: cannot be set when publish is false",
  ],
  [
    "run's addresses without publishing",
    "proxy:\n  run: {publish: false, bind_ips: [10.0.0.1]}",
    "2:35 proxy/run/bind_ips: cannot be set when publish is false",
  ],
  ["run's addresses", "proxy:\n  run: {bind_ips: [all]}", '2:20 proxy/run/bind_ips/0: is not an IP address: "all"'],
  ["run's log size", "proxy:\n  run: {log_max_size: big}", "2:23 proxy/run/log_max_size: should be a size such as 10m"],
  [
    "trusted proxies",
    "proxy:\n  run: {trusted_proxies: [10.0.0.0/8, all]}",
    '2:39 proxy/run/trusted_proxies/1: should be private, cloudflare or a range such as 203.0.113.0/24: "all"',
  ],
  ["target_protocol", "proxy:\n  target_protocol: h3", "2:20 proxy/target_protocol: should be http1 or h2c"],
  ["acme's keys", "proxy:\n  acme: {mail: a@b.example}", "2:10 proxy/acme: unknown key: mail — did you mean email?"],

  // Builder, §7
  ["arch", "builder: {}", "1:10 builder/arch: is required"],
  ["an empty list of arches", "builder: {arch: []}", "1:17 builder/arch: Builder arch not set"],
  ["a hash of arches", "builder: {arch: {a: b}}", "1:17 builder/arch: should be a string or an array"],
  ["a cache's type", "builder: {arch: a, cache: {type: disk}}", "1:34 builder/cache/type: invalid cache type: disk"],
  [
    "no local builds and no remote",
    "builder: {arch: a, local: false}",
    "1:27 builder/local: local builds are switched off and no remote is set",
  ],
  [
    "buildpacks for two arches",
    "builder: {arch: [a, b], pack: {builder: x}}",
    "1:31 builder/pack: buildpacks make images for one arch only",
  ],
  ["sbom", "builder: {arch: a, sbom: full}", "1:26 builder/sbom: should be a boolean"],
  ["provenance", "builder: {arch: a, provenance: []}", "1:32 builder/provenance: should be a string or a boolean"],
  ["a build argument", "builder: {arch: a, args: {A: []}}", "1:30 builder/args/A: should be a string"],
  ["build secrets", "builder: {arch: a, secrets: A}", "1:29 builder/secrets: should be an array"],

  // SSH, §8
  ["ssh's port", "ssh: {port: ssh}", "1:13 ssh/port: should be a port between 1 and 65535"],
  ["ssh's transport", "ssh: {transport: telnet}", "1:18 ssh/transport: should be built-in or system"],
  ["ssh's keys", "ssh: {keys: a}", "1:13 ssh/keys: should be an array"],
  ["ssh's config", "ssh: {config: {}}", "1:15 ssh/config: should be a boolean, a path or an array of paths"],
  ["sshkit", "sshkit: {dns_retries: many}", "1:23 sshkit/dns_retries: should be an integer"],

  // Boot, logging, output, aliases, §9
  ["boot's limit", "boot: {limit: half}", "1:15 boot/limit: should be an integer or a percentage such as 25%"],
  ["boot's limit of 0", "boot: {limit: 0}", "1:15 boot/limit: should be an integer or a percentage such as 25%"],
  ["boot's wait", "boot: {wait: 2s}", "1:14 boot/wait: should be an integer"],
  ["log options", "logging: {options: {max-size: {}}}", "1:31 logging/options/max-size: should be a string"],
  ["a log file's path", "output: {file: {}}", "1:16 output/file/path: is required"],
  ["a collector's endpoint", "output: {otel: {}}", "1:16 output/otel/endpoint: is required"],
  ["another output", "output: {syslog: {}}", "1:10 output: unknown key: syslog"],
  [
    "an alias with the name of a command",
    "aliases:\n  deploy: app exec",
    "2:3 aliases/deploy: deploy is a command already",
  ],
  [
    "an alias's name",
    "aliases:\n  a.b: app exec",
    "2:3 aliases/a.b: names of aliases are lower-case letters, digits, hyphens and underscores",
  ],
  ["an alias's command", "aliases:\n  a: [b]", "2:6 aliases/a: should be a string"],

  // Accessories, §10
  ["an accessory's image", "accessories:\n  db:\n    host: a", "3:5 accessories/db/image: is required"],
  [
    "no placement",
    "accessories:\n  db:\n    image: a",
    "3:5 accessories/db: specify one of `host`, `hosts`, `role`, `roles`, `tag` or `tags`",
  ],
  [
    "two placements",
    "accessories:\n  db:\n    image: a\n    host: b\n    role: web",
    "5:11 accessories/db/role: specify one of `host`, `hosts`, `role`, `roles`, `tag` or `tags`",
  ],
  [
    "an accessory's registry",
    "accessories:\n  db:\n    image: a\n    host: b\n    registry: {server: s, username: u}",
    "5:15 accessories/db/registry/password: is required",
  ],
  [
    "a reserved label of an accessory",
    "accessories:\n  db: {image: a, host: b, labels: {service: c}}",
    "2:45 accessories/db/labels/service: label is reserved: destination, role and service are set by the deploy",
  ],
  [
    "tags in an accessory",
    "accessories:\n  db: {image: a, host: b, env: {tags: {}}}",
    "2:39 accessories/db/env/tags: tags are only allowed in the root env",
  ],
  [
    "an accessory's proxy",
    "accessories:\n  db: {image: a, host: b, proxy: true}",
    "2:34 accessories/db/proxy: should be a hash",
  ],
  [
    "a file to mount",
    "accessories:\n  db: {image: a, host: b, files: [c]}",
    "2:35 accessories/db/files/0: should be LOCAL:REMOTE or LOCAL:REMOTE:OPTIONS",
  ],
  [
    "a mount as a hash",
    "accessories:\n  db: {image: a, host: b, files: [{local: c}]}",
    "2:35 accessories/db/files/0/remote: is required",
  ],
  [
    "restart of an accessory",
    "accessories:\n  db: {image: a, host: b, options: {restart: yes}}",
    '2:46 accessories/db/options/restart: should be a string: put "no" in quotes, YAML takes it for a boolean',
  ],
];

describe("each rule of a section is told with its line and column", () => {
  test.each(RULES)("%s", (_rule, fragment, ...issues) => {
    expect(issuesOf(fragment)).toEqual(issues);
  });

  test.each([
    ["a list", "- a"],
    ["text", "a"],
  ])("the whole file should be a hash, not %s", (_kind, text) => {
    expect(issuesOf(text, { alone: true })).toEqual(["1:1 should be a hash"]);
  });

  test("all of them at once", () => {
    expect(issuesOf("service: []\nimage: {}\nvolumes: a\nboot: {wait: x}")).toHaveLength(4);
  });
});

describe("what may end up in a command line or a file name [CLI-11] [CLI-12]", () => {
  test.each([
    ["a host that ssh would take for an option", 'servers: ["-oProxyCommand=touch x"]'],
    ["a user's host that begins with a dash", 'servers: ["root@-oProxyCommand=x"]'],
    ["a host with a line break", 'servers: ["a\\nb"]'],
    ["a host with a blank", 'servers: ["a b"]'],
    ["two hosts in one", 'servers: ["a,b"]'],
    ["a tagged host", 'servers: [{"-a": t}]'],
    ["an accessory's host", 'accessories: {db: {image: a, host: "-oX"}}'],
    ["a user", 'ssh: {user: "-oProxyCommand=x"}'],
    ["a jump host", 'ssh: {proxy: "-oProxyCommand=x"}'],
    ["a key's path", 'ssh: {keys: ["-x"]}'],
    ["a proxy command of two lines", 'ssh: {proxy_command: "a\\nb"}'],
    ["a service", 'service: "app; rm -rf /"'],
    ["a service that begins with a dash", 'service: "-app"'],
    ["an image", 'image: "app$(id)"'],
    ["an image that begins with a dash", 'image: "--privileged"'],
    ["a role's name", 'servers: {"web;id": [a]}'],
    ["an accessory's name", 'accessories: {"../db": {image: a, host: b}}'],
    ["a variable's name", 'env: {"A;id": 1}'],
    ["a secret variable's name", 'env: {secret: ["A B"]}'],
    ["a tag", 'env: {tags: {"a b": {X: 1}}}'],
    ["a label's key", 'labels: {"a$(id)": b}'],
    ["an option's name", 'servers: {web: {hosts: [a], options: {"env A=1": true}}}'],
    ["an option with a line break", 'servers: {web: {hosts: [a], options: {env: "a\\nb"}}}'],
    ["a build argument's name", 'builder: {arch: a, args: {"A;id": 1}}'],
    ["a volume of two lines", 'volumes: ["a:b\\nc"]'],
    ["a served host", 'proxy: {host: "a$(id)"}'],
    ["a logged header", 'proxy: {logging: {request_headers: ["A B"]}}'],
    ["a registry's server", 'registry: {server: "a b", username: u, password: [P]}'],
    ["a proxy's tag", 'proxy: {run: {version: "v1;id"}}'],
    ["an owner", 'accessories: {db: {image: a, host: b, files: [{local: c, remote: d, owner: "x;id"}]}}'],
    ["a mode", 'accessories: {db: {image: a, host: b, files: [{local: c, remote: d, mode: "x;id"}]}}'],
    ["a published port", 'accessories: {db: {image: a, host: b, port: "1;id"}}'],
    ["a NUL character", 'env: {A: "a\\0b"}'],
  ])("%s is refused", (_what, fragment) => {
    expect(issuesOf(fragment)).not.toEqual([]);
  });

  test.each(["app.example.com", "10.0.0.1", "deploy@app-1:2222", "fe80::1%eth0", "[2001:db8::1]:22", "my_host"])(
    "host %s is taken",
    (host) => {
      expect(issuesOf(`servers: ["${host}"]`)).toEqual([]);
    },
  );
});
