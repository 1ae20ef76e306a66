import { expect, test } from "vitest";
import { parseKamalState } from "../../../proxy/state/kamal-state.ts";
import { entryOf } from "../../../proxy/state/snapshot-format.ts";

/** As a kamal-proxy of this year writes it. */
const CURRENT = {
  name: "shop",
  options: {
    hosts: ["shop.example.com", "*.shop.example.com"],
    path_prefixes: ["/", "/api"],
    tls_enabled: true,
    tls_redirect: true,
    canonical_host: "shop.example.com",
    strip_prefix: true,
    writer_affinity_timeout: 1_000_000_000,
    exclude_metrics_paths: null,
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
    log_request_headers: ["Cache-Control"],
    log_response_headers: null,
    forward_headers: true,
  },
  active_targets: ["app-1:3000", "app-2"],
  active_readers: ["reader:3000"],
  rollout_targets: ["canary:3000"],
  rollout_readers: null,
  pause_controller: { state: 1, stop_message: "", fail_after: 30_000_000_000 },
  rollout_controller: { percentage: 20, percentage_split_point: 858993459, allowlist: ["1"] },
};

test("a current entry is translated; what we do not know is carried, rollouts apart from options", () => {
  const { services, quarantined } = parseKamalState(JSON.stringify([CURRENT]));
  expect(quarantined).toEqual([]);
  expect(services[0]).toMatchObject({
    name: "shop",
    service: { hosts: CURRENT.options.hosts, pathPrefixes: ["/", "/api"], stripPathPrefix: true },
    target: {
      healthCheck: { path: "/up", port: 3001, intervalMs: 1_500, timeoutMs: 5_000, host: "h.example.com" },
      targetTimeoutMs: 30_000,
      forwardHeaders: true,
      logRequestHeaders: ["Cache-Control"],
      logResponseHeaders: [],
    },
    targets: ["app-1:3000", "app-2"],
    gate: { state: "paused", maxPauseMs: 30_000 },
    carried: {
      entry: { kamal: { rollout_targets: ["canary:3000"], rollout_controller: { percentage: 20 } } },
      service: { kamal: { tls_enabled: true, canonical_host: "shop.example.com", active_readers: ["reader:3000"] } },
      target: { kamal: { buffer_requests: true } },
    },
  });
  const [service] = services;
  expect(service && entryOf(service)).toMatchObject({ service: { kamal: { tls_enabled: true } } });
});

test("a legacy entry: hosts and target at its top, an empty rollout target", () => {
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
    gate: { state: "running" },
  });
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
