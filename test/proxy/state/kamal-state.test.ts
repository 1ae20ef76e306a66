import { expect, test } from "vitest";
import { parseKamalState } from "../../../proxy/state/kamal-state.ts";
import { formatSnapshot, parseSnapshot } from "../../../proxy/state/snapshot-format.ts";

/** As a kamal-proxy of this year writes it, and with one key that it may write next year. */
const CURRENT = {
  name: "shop",
  options: {
    hosts: ["shop.example.com", "*.shop.example.com"],
    path_prefixes: ["/", "/api"],
    tls_enabled: true,
    tls_certificate_path: "/certs/shop.pem",
    tls_private_key_path: "/certs/shop.key",
    tls_on_demand_url: "",
    tls_redirect: false,
    canonical_host: "shop.example.com",
    acme_directory: "https://acme.example/directory",
    acme_cache_path: "/certs/acme",
    error_page_path: "/pages",
    strip_prefix: true,
    writer_affinity_timeout: 2_500_000_000,
    read_targets_accept_websockets: true,
    exclude_metrics_paths: ["/up"],
    client_ip_header: "X-Real-IP",
    hsts: 60,
  },
  target_options: {
    health_check_config: {
      path: "/up",
      port: 3001,
      interval: 1_500_000_000,
      timeout: 5_000_000_000,
      host: "h.example.com",
    },
    response_timeout: 30_000_000_000,
    buffer_requests: true,
    buffer_responses: true,
    max_memory_buffer_size: 1024,
    max_request_body_size: 2048,
    max_response_body_size: 4096,
    log_request_headers: ["Cache-Control"],
    log_response_headers: null,
    forward_headers: true,
    scope_cookie_paths: true,
  },
  active_targets: ["app-1:3000", "app-2"],
  active_readers: ["reader:3000"],
  rollout_targets: ["canary:3000"],
  rollout_readers: ["canary-reader:3000"],
  pause_controller: { state: 1, stop_message: "", fail_after: 30_000_000_000 },
  rollout_controller: { percentage: 20, percentage_split_point: 858993459, allowlist: ["1"] },
};

const TRANSLATED = {
  name: "shop",
  service: {
    hosts: CURRENT.options.hosts,
    pathPrefixes: ["/", "/api"],
    stripPathPrefix: true,
    tls: {
      enabled: true,
      redirect: false,
      certificatePath: "/certs/shop.pem",
      privateKeyPath: "/certs/shop.key",
      onDemandUrl: "",
      directory: "https://acme.example/directory",
      acmeCachePath: "/certs/acme",
      email: "",
      eabKeyId: "",
      eabKeyPath: "",
      dnsHook: "",
      peers: [],
      hstsSeconds: 0,
    },
    canonicalHost: "shop.example.com",
    writerAffinityTimeoutMs: 2_500,
    readTargetsAcceptWebsockets: true,
    errorPagesPath: "/pages",
    excludeMetricsPaths: ["/up"],
    clientIpHeader: "X-Real-IP",
  },
  target: {
    healthCheck: { path: "/up", port: 3001, intervalMs: 1_500, timeoutMs: 5_000, host: "h.example.com" },
    targetTimeoutMs: 30_000,
    forwardHeaders: true,
    logRequestHeaders: ["Cache-Control"],
    logResponseHeaders: [],
    buffering: {
      requests: true,
      responses: true,
      memoryBytes: 1024,
      maxRequestBytes: 2048,
      maxResponseBytes: 4096,
    },
    scopeCookiePaths: true,
    protocol: "http1",
  },
  targets: ["app-1:3000", "app-2"],
  readTargets: ["reader:3000"],
  rolloutTargets: ["canary:3000"],
  rolloutReadTargets: ["canary-reader:3000"],
  rollout: { percentage: 20, allowlist: ["1"] },
  gate: { state: "paused", maxPauseMs: 30_000 },
  carried: { entry: {}, service: { kamal: { hsts: 60 } }, target: {} },
};

test("a current entry is translated whole; only what nobody knows is carried", () => {
  const { services, quarantined } = parseKamalState(JSON.stringify([CURRENT]));
  expect(quarantined).toEqual([]);
  expect(services).toEqual([TRANSLATED]);
});

test("what it says survives our own file and comes back the same [A174]", () => {
  const snapshot = parseKamalState(
    JSON.stringify([{ ...CURRENT, pause_controller: { state: 2, stop_message: "m", fail_after: 0 } }]),
  );
  expect(parseSnapshot(formatSnapshot(snapshot))).toEqual(snapshot);
  expect(snapshot.services[0]).toMatchObject({
    name: "shop",
    targets: CURRENT.active_targets,
    gate: { state: "stopped", message: "m" },
    rollout: { percentage: 20, allowlist: ["1"] },
  });
});

test("what an earlier version of ours could only carry takes its place now", () => {
  const { tls_enabled, tls_redirect, canonical_host, buffer_requests } = {
    ...CURRENT.options,
    ...CURRENT.target_options,
  };
  const entry = {
    name: "shop",
    service: {
      hosts: ["shop.example.com"],
      pathPrefixes: ["/"],
      stripPathPrefix: true,
      kamal: { tls_enabled, tls_redirect, canonical_host, active_readers: ["reader:3000"], hsts: 60 },
    },
    target: { healthCheck: { path: "/healthy" }, forwardHeaders: false, kamal: { buffer_requests } },
    targets: ["app-1:3000"],
    gate: { state: "running" },
    kamal: {
      rollout_targets: ["canary:3000"],
      rollout_readers: null,
      rollout_controller: CURRENT.rollout_controller,
      new_in_2027: true,
    },
  };
  const text = JSON.stringify({ format: "kdeploy-proxy state", version: 1, services: [entry] });
  expect(parseSnapshot(text)).toMatchObject({
    quarantined: [],
    services: [
      {
        service: { tls: { enabled: true, redirect: false }, canonicalHost: "shop.example.com" },
        target: { healthCheck: { path: "/healthy" }, forwardHeaders: false, buffering: { requests: true } },
        readTargets: ["reader:3000"],
        rolloutTargets: ["canary:3000"],
        rolloutReadTargets: [],
        rollout: { percentage: 20, allowlist: ["1"] },
        carried: { entry: { kamal: { new_in_2027: true } }, service: { kamal: { hsts: 60 } }, target: {} },
      },
    ],
  });
});

test("a service below a path leaves TLS to its root, whose certificate it never had: weak point 4 [W4]", () => {
  const below = {
    ...CURRENT,
    options: {
      ...CURRENT.options,
      path_prefixes: ["/api"],
      hosts: ["*.shop.example.com"],
      canonical_host: "",
      tls_certificate_path: "",
      tls_private_key_path: "",
    },
  };
  const { services, quarantined } = parseKamalState(JSON.stringify([below]));
  expect(quarantined).toEqual([]);
  expect(services[0]?.service.tls).toMatchObject({ enabled: false, redirect: true });
});

test("what crashed kamal-proxy or made no sense there does not cost the service", () => {
  const odd = {
    ...CURRENT,
    options: { ...CURRENT.options, writer_affinity_timeout: -1 },
    target_options: {
      ...CURRENT.target_options,
      health_check_config: { path: "up", interval: -1, timeout: 0 },
      response_timeout: -1,
      max_memory_buffer_size: -1,
      max_request_body_size: -1,
    },
    rollout_controller: { percentage: 150, percentage_split_point: 6442450942.5, allowlist: null },
  };
  expect(parseKamalState(JSON.stringify([odd]))).toMatchObject({
    quarantined: [],
    services: [
      {
        service: { writerAffinityTimeoutMs: 0 },
        target: {
          healthCheck: { path: "/up", intervalMs: 1_000, timeoutMs: 5_000 },
          targetTimeoutMs: 0,
          buffering: { memoryBytes: 0, maxRequestBytes: 0 },
        },
        rollout: { percentage: 100, allowlist: [] },
      },
    ],
  });
});

test("a legacy entry: hosts and target at its top, an empty rollout target [A175]", () => {
  const legacy = {
    name: "old",
    hosts: ["old.example.com"],
    active_target: "app:3000",
    rollout_target: "",
    options: { tls_enabled: false },
    target_options: { health_check_config: { path: "/up", interval: 0, timeout: 0 }, response_timeout: 3_000_000_000 },
  };
  expect(parseKamalState(JSON.stringify([legacy])).services[0]).toMatchObject({
    service: { hosts: ["old.example.com"], pathPrefixes: ["/"], stripPathPrefix: false },
    target: { targetTimeoutMs: 3_000, healthCheck: { intervalMs: 1_000, timeoutMs: 5_000 }, forwardHeaders: false },
    targets: ["app:3000"],
    rolloutTargets: [],
    rollout: null,
    gate: { state: "running" },
  });
});

test("a legacy rollout target is one", () => {
  const legacy = { ...CURRENT, rollout_targets: null, rollout_target: "canary:1" };
  expect(parseKamalState(JSON.stringify([legacy])).services[0]?.rolloutTargets).toEqual(["canary:1"]);
});

test("stopped keeps its message", () => {
  const stopped = { ...CURRENT, pause_controller: { state: 2, stop_message: "soon", fail_after: 0 } };
  expect(parseKamalState(JSON.stringify([stopped])).services[0]?.gate).toEqual({ state: "stopped", message: "soon" });
});

test.each([
  ["no name", { ...CURRENT, name: "" }],
  ["no targets", { ...CURRENT, active_targets: null }],
  ["options of another kind", { ...CURRENT, options: [] }],
  ["hosts of another kind", { ...CURRENT, options: { hosts: [1] } }],
  ["a rollout of another kind", { ...CURRENT, rollout_controller: "20%" }],
  ["a buffer of another kind", { ...CURRENT, target_options: { max_request_body_size: "1MB" } }],
  ["a pause of another kind", { ...CURRENT, pause_controller: { state: 7 } }],
  ["no object", "x"],
])("an entry with %s costs one service", (_, entry) => {
  const { services, quarantined } = parseKamalState(JSON.stringify([entry, { ...CURRENT, name: "fine" }]));
  expect(services.map(({ name }) => name)).toEqual(["fine"]);
  expect(quarantined).toMatchObject([{ raw: entry }]);
});

test("a second service of the same name is quarantined", () => {
  const { services, quarantined } = parseKamalState(JSON.stringify([CURRENT, CURRENT]));
  expect(services).toHaveLength(1);
  expect(quarantined[0]?.reason).toMatch(/another service of this name/);
});

test("a file that is no list is no state file", () => {
  expect(() => parseKamalState("{}")).toThrow("not a list of services");
  expect(() => parseKamalState("")).toThrow(SyntaxError);
});
