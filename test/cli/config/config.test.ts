import { describe, expect, test } from "vitest";
import * as names from "../../../cli/config/names.ts";
import { namesOriginalProxy } from "../../../cli/config/proxy-image.ts";
import { configOf, warningsOf } from "./written-config.ts";

describe("roles", () => {
  test("a list of servers is the role web", () => {
    expect(configOf("servers: [a, b]").roles).toMatchObject([
      { name: "web", primary: true, hosts: [{ name: "a", tags: [] }, { name: "b" }] },
    ]);
  });

  test("are in the order of their names, the primary one first", () => {
    const { roles } = configOf("primary_role: m\nservers: {z: [a], m: [a], b: [a]}");
    expect(roles.map((role) => [role.name, role.primary])).toEqual([
      ["m", true],
      ["b", false],
      ["z", false],
    ]);
  });

  test("a host that is named twice counts once, with its last tags", () => {
    expect(configOf("servers: [a: x, b, a: [y, z]]").roles[0]?.hosts.map(({ name, tags }) => [name, tags])).toEqual([
      ["a", ["y", "z"]],
      ["b", []],
    ]);
  });

  test("the primary one has a proxy unless it says false, another only if it says so", () => {
    const proxied = (primary: string, other: string) =>
      configOf(`servers:\n  web: {hosts: [a], proxy: ${primary}}\n  api: {hosts: [a], proxy: ${other}}`).roles.map(
        (role) => role.proxy !== undefined,
      );
    expect(proxied("true", "true")).toEqual([true, true]);
    expect(proxied("null", "null")).toEqual([true, false]);
    expect(proxied("false", "{}")).toEqual([false, true]);
    expect(configOf("servers: {web: [a], api: [b]}").roles.map((role) => role.proxy !== undefined)).toEqual([
      true,
      false,
    ]);
  });

  test("proxy is merged over the root's, with the original's defaults", () => {
    const { roles } = configOf(
      "proxy: {host: 'a, b', app_port: 3000, healthcheck: {path: /h, interval: 2}, buffering: {requests: false}}\n" +
        "servers:\n  web: {hosts: [x], proxy: {app_port: 4000, healthcheck: {path: /w}, path_prefix: '/a,/b'}}",
    );
    expect(roles[0]?.proxy).toMatchObject({
      hosts: ["a", "b"],
      appPort: 4000,
      ssl: false,
      healthcheck: { path: "/w", intervalSeconds: 2, timeoutSeconds: undefined },
      buffering: { requests: false, responses: true },
      logging: { requestHeaders: ["Cache-Control", "Last-Modified", "User-Agent"], responseHeaders: [] },
      pathPrefixes: ["/a", "/b"],
      run: undefined,
    });
  });

  test("keys of ours reach the proxy", () => {
    const { roles } = configOf(
      "proxy: {host: a, ssl: true, canonical_host: a, hsts: 600, target_protocol: h2c, acme: {email: o@e.example, peers: [10.0.0.2]}, run: {trusted_proxies: [private], proxy_protocol: true, bind: '::'}}",
    );
    expect(roles[0]?.proxy).toMatchObject({
      canonicalHost: "a",
      hstsSeconds: 600,
      targetProtocol: "h2c",
      acme: { email: "o@e.example", peers: ["10.0.0.2"] },
      run: { trustedProxies: ["private"], proxyProtocol: true, bind: "::", httpPort: 80, logMaxSize: "10m" },
    });
  });

  test("a certificate of one's own is named by its secrets", () => {
    const { roles } = configOf("proxy: {host: a, ssl: {certificate_pem: C, private_key_pem: K}}");
    expect(roles[0]?.proxy).toMatchObject({ ssl: true, certificate: { certificatePem: "C", privateKeyPem: "K" } });
  });

  test("labels, logging, options and times", () => {
    const { roles } = configOf(
      "labels: {a: 1, b: 1}\nlogging: {driver: json-file, options: {max-size: 1m}}\nasset_path: /as:ro\nstop_timeout: 9\n" +
        "servers:\n  web: [x]\n  job: {hosts: [x], labels: {b: 2}, logging: {options: {max-file: 3}}, options: {restart: always, init: true, ulimit: [a, b], cpus: 2}, stop_timeout: 60, asset_path: /other, cmd: run it}",
    );
    expect(roles[0]).toMatchObject({
      labels: { a: "1", b: "1" },
      restart: "unless-stopped",
      options: {},
      assetPaths: [{ path: "/as", mountOptions: "ro" }],
      stopTimeoutSeconds: 9,
      cmd: undefined,
    });
    expect(roles[1]).toMatchObject({
      labels: { a: "1", b: "2" },
      logging: { driver: "json-file", options: { "max-size": "1m", "max-file": "3" } },
      restart: "always",
      options: { init: true, ulimit: ["a", "b"], cpus: 2 },
      stopTimeoutSeconds: 60,
      assetPaths: [{ path: "/other", mountOptions: undefined }],
      cmd: "run it",
    });
  });

  test("stop_timeout falls back to draining only where there is no proxy", () => {
    const { roles } = configOf("drain_timeout: 11\nservers: {web: [a], job: [a]}");
    expect(roles.map((role) => role.stopTimeoutSeconds)).toEqual([undefined, 11]);
  });

  test("log options have a default until a driver or options are given", () => {
    expect(configOf("").logging).toEqual({ driver: undefined, options: { "max-size": "10m" } });
    expect(configOf("logging: {driver: local}").logging).toEqual({ driver: "local", options: {} });
    expect(configOf("servers: {web: {hosts: [a], logging: {driver: local}}}").roles[0]?.logging).toEqual({
      driver: "local",
      options: {},
    });
  });
});

describe("env", () => {
  test("root, role, then the tags of the host in their order", () => {
    const { roles } = configOf(
      "env:\n  clear: {A: root, B: root, C: root, D: root}\n  secret: [S, T:ROOT]\n  tags:\n    one: {C: one, D: one}\n    two: {clear: {D: two}, secret: [T:TWO, U]}\n" +
        "servers:\n  web:\n    hosts: [x, y: [one, two, unknown], z: [two, one]]\n    env: {B: role, E: false, F: '', G: 12}",
    );
    const [x, y, z] = roles[0]?.hosts ?? [];
    expect(x?.env).toEqual({
      clear: { A: "root", B: "role", C: "root", D: "root", E: "false", F: "", G: "12" },
      secrets: [
        { name: "S", key: "S" },
        { name: "T", key: "ROOT" },
      ],
    });
    expect(y?.env.clear).toMatchObject({ C: "one", D: "two" });
    expect(y?.env.secrets).toEqual([
      { name: "S", key: "S" },
      { name: "T", key: "TWO" },
      { name: "U", key: "U" },
    ]);
    expect(z?.env.clear).toMatchObject({ C: "one", D: "one" });
  });

  test("secrets and credentials are names, or values that do not show themselves", () => {
    const config = configOf("env: {secret: [ONE, A:TWO]}\nregistry: {username: plain-user, password: [TWO]}");
    expect(config.roles[0]?.hosts[0]?.env.secrets).toEqual([
      { name: "ONE", key: "ONE" },
      { name: "A", key: "TWO" },
    ]);
    const { username, password } = config.registry;
    expect(password).toEqual({ secret: "TWO" });
    expect(username !== undefined && "value" in username && username.value.reveal()).toBe("plain-user");
    expect(JSON.stringify(config)).not.toContain("plain-user");
  });
});

describe("the rest of the sections", () => {
  test("images and registries", () => {
    const remote = configOf("registry: {server: ghcr.io, username: u, password: [P]}");
    expect([remote.repository, names.absoluteImage(remote, "v1"), remote.latestTag, remote.registry.localPort]).toEqual(
      ["ghcr.io/acme/app", "ghcr.io/acme/app:v1", "latest", undefined],
    );
    expect(configOf("registry: {server: 'localhost:5555'}")).toMatchObject({
      repository: "localhost:5555/acme/app",
      registry: { localPort: 5555, username: undefined },
    });
    expect(configOf("")).toMatchObject({
      repository: "acme/app",
      registry: { server: undefined, password: { secret: "REGISTRY_PASSWORD" } },
    });
  });

  test("defaults", () => {
    expect(configOf("")).toMatchObject({
      hooksPath: ".kamal/hooks",
      secretsPath: ".kamal/secrets",
      retainContainers: 5,
      readinessDelaySeconds: 7,
      deployTimeoutSeconds: 30,
      drainTimeoutSeconds: 30,
      primaryRole: "web",
      boot: { limit: undefined, waitSeconds: 0, parallelRoles: false },
      ssh: {
        user: "root",
        port: 22,
        jumpHosts: [],
        config: true,
        forwardAgent: true,
        keysOnly: undefined,
        logLevel: "fatal",
        transport: "built-in",
      },
      sshkit: { maxConcurrentStarts: 30, poolIdleTimeoutSeconds: 900, dnsRetries: 3 },
      builder: {
        arches: ["amd64"],
        local: true,
        dockerfile: "Dockerfile",
        driver: "docker-container",
        context: undefined,
      },
    });
  });

  test.each([
    ["3", { count: 3 }],
    ['"3"', { count: 3 }],
    ["25%", { percent: 25 }],
  ])("boot.limit %s", (written, limit) => {
    expect(configOf(`boot: {limit: ${written}}`).boot.limit).toEqual(limit);
  });

  test("ssh", () => {
    expect(
      configOf(
        "ssh: {user: d, port: '2222', proxy: 'b.example,ops@c', proxy_command: x, config: ./c, keys: [~/k], key_data: [K]}",
      ).ssh,
    ).toMatchObject({
      port: 2222,
      jumpHosts: ["root@b.example", "ops@c"],
      proxyCommand: undefined,
      config: ["./c"],
      keyData: ["K"],
    });
    expect(
      configOf("ssh: {proxy_command: x %h, config: false, keys_only: false, transport: system}").ssh,
    ).toMatchObject({
      proxyCommand: "x %h",
      config: false,
      keysOnly: false,
      transport: "system",
    });
  });

  test("builder", () => {
    const { builder } = configOf(
      "builder: {arch: [amd64, arm64], args: {A: 1, B: yes, C: }, cache: {type: registry}, provenance: false, sbom: true}",
    );
    expect(builder).toMatchObject({
      arches: ["amd64", "arm64"],
      args: { A: "1", B: "true", C: null },
      cache: { type: "registry", image: "acme/app-build-cache" },
      provenance: false,
      sbom: true,
    });
  });

  test("hooks_output", () => {
    expect(configOf("hooks_output: verbose").hooksOutput).toEqual({ all: "verbose", byHook: {} });
    expect(configOf("hooks_output: {pre-build: :quiet}").hooksOutput).toEqual({
      all: undefined,
      byHook: { "pre-build": "quiet" },
    });
  });
});

describe("accessories", () => {
  const accessory = (keys: string) =>
    configOf(`servers: {web: [a: t, b], job: {hosts: [c: [t, u]]}}\naccessories: {db: {image: pg, ${keys}}}`)
      .accessories[0];

  test.each([
    ["host: x", ["x"]],
    ["hosts: [x, y, x]", ["x", "y"]],
    ["role: job", ["c"]],
    ["roles: [job, web]", ["a", "b", "c"]],
    ["tag: t", ["a", "c"]],
    ["tags: [u, t]", ["a", "c"]],
  ])("%s", (placement, hosts) => {
    expect(accessory(placement)?.hosts).toEqual(hosts);
  });

  test.each([
    ["3306", "127.0.0.1:3306:3306", "is published on the host itself only"],
    ["53/udp", "127.0.0.1:53:53/udp", "write 127.0.0.1:53:53/udp to say so"],
    ["8000-8010", "127.0.0.1:8000-8010:8000-8010", "ADDRESS:8000-8010:8000-8010 for other hosts"],
    ["'5432:5432'", "5432:5432", "is published on every address of the host"],
    ["127.0.0.1:1:2", "127.0.0.1:1:2", undefined],
    ["'[::1]:1:2'", "[::1]:1:2", undefined],
  ])("port: %s is published as %s", (port, publish, warning) => {
    const written = `accessories: {db: {image: pg, host: x, port: ${port}}}`;
    expect(configOf(written).accessories[0]?.publish).toBe(publish);
    const warnings = warningsOf(written);
    expect(warnings).toHaveLength(warning === undefined ? 0 : 1);
    expect(warnings.join("")).toContain(warning ?? "");
  });

  test("tags of a role's hash, and of a list in one role", () => {
    const servers = "servers: {web: {hosts: [{a: t}, b]}, job: [{c: [t, u]}]}";
    expect(configOf(`${servers}\naccessories: {db: {image: pg, tag: t}}`).accessories[0]?.hosts).toEqual(["a", "c"]);
  });

  test("tags of a list of servers", () => {
    expect(configOf("servers: [a: t, b]\naccessories: {db: {image: pg, tag: t}}").accessories[0]?.hosts).toEqual(["a"]);
  });

  test("names, image and port", () => {
    expect(accessory("host: x, port: 3306")).toMatchObject({
      name: "db",
      service: "app-db",
      image: "pg",
      publish: "127.0.0.1:3306:3306",
      network: "kamal",
      restart: "unless-stopped",
      proxy: undefined,
    });
    expect(
      accessory(
        "host: x, port: '127.0.0.1:1:2', service: other, registry: {server: r.example, username: u, password: [P]}",
      ),
    ).toMatchObject({ service: "other", image: "r.example/pg", publish: "127.0.0.1:1:2" });
  });

  test("files and directories", () => {
    expect(
      accessory("host: x, files: [a:/b, 'c:/d:ro', {local: e, remote: /f, mode: 0644, owner: o}], directories: [g:/h]"),
    ).toMatchObject({
      files: [
        { local: "a", remote: "/b", mode: undefined, options: undefined },
        { local: "c", remote: "/d", mode: undefined, options: "ro" },
        { local: "e", remote: "/f", mode: "0644", owner: "o" },
      ],
      directories: [{ local: "g", remote: "/h", mode: undefined }],
    });
  });

  test("a proxy of its own, with nothing from the root", () => {
    const { accessories } = configOf(
      "proxy: {app_port: 3000}\naccessories:\n  a: {image: x, host: h, proxy: {host: m}}\n  b: {image: x, host: h, proxy: {}}\n  c: {image: x, host: h, proxy: false}",
    );
    expect(accessories.map((one) => one.proxy?.appPort)).toEqual([80, undefined, undefined]);
  });
});

test("names, with and without a destination", () => {
  const [plain, staged] = [configOf(""), configOf("", "st")];
  const role = { name: "web" };
  expect(names.containerPrefix(plain, role)).toBe("app-web");
  expect(names.containerName(staged, role, "v1")).toBe("app-web-st-v1");
  expect(names.replacedContainerName(plain, role, "v1", "0123456789abcdef")).toBe(
    "app-web-v1_replaced_0123456789abcdef",
  );
  expect(names.execContainerName(plain, role, "v1", "abcdef")).toBe("app-web-exec-v1-abcdef");
  expect(names.assetContainerName(plain, role)).toBe("app-web-assets");
  expect(names.containerHostname(`${"h".repeat(50)}.example.com`, "0123456789ab")).toBe(
    `${"h".repeat(50)}-0123456789ab`,
  );
  expect(names.lockDirectory(staged)).toBe(".kamal/lock-app-st");
  expect(names.auditLog(plain)).toBe(".kamal/app-audit.log");
  expect(names.roleEnvFile(staged, role)).toBe(".kamal/apps/app-st/env/roles/web.env");
  expect(names.accessoryEnvFile(plain, { name: "db" })).toBe(".kamal/apps/app/env/accessories/db.env");
  expect(names.proxyAppDirectory(plain)).toBe(".kamal/proxy/apps-config/app");
});

test.each([
  [undefined, false],
  ["basecamp/kamal-proxy", true],
  ["mirror.example/basecamp/kamal-proxy", true],
  ["acme/kdeploy-proxy", false],
])("the proxy image %s is the original's: %s", (repository, original) => {
  const run = configOf(`proxy: {run: {debug: true${repository === undefined ? "" : `, repository: ${repository}`}}}`)
    .roles[0]?.proxy?.run;
  expect(namesOriginalProxy(run)).toBe(original);
});

test("the configuration is frozen, and the same for the same file [CLI-19]", () => {
  const config = configOf("volumes: [a:/a]");
  expect(() => (config.volumes as string[]).push("x")).toThrow(TypeError);
  expect(configOf("volumes: [a:/a]")).toEqual(config);
});
