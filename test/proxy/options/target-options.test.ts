import { expect, test } from "vitest";
import { readDeploymentOptions } from "../../../proxy/options/deployment-options.ts";
import { MAX_MESSAGE_CHARACTERS, readPauseOptions, readStopOptions } from "../../../proxy/options/gate-options.ts";
import { readTargetOptions } from "../../../proxy/options/target-options.ts";

test("the defaults are the original's", () => {
  expect(readTargetOptions({})).toEqual({
    healthCheck: { path: "/up", port: 0, intervalMs: 1_000, timeoutMs: 5_000, host: "" },
    targetTimeoutMs: 30_000,
    forwardHeaders: null,
    logRequestHeaders: [],
    logResponseHeaders: [],
    buffering: { requests: false, responses: false, memoryBytes: 1_048_576, maxRequestBytes: 0, maxResponseBytes: 0 },
    scopeCookiePaths: false,
    protocol: "http1",
  });
  expect(readDeploymentOptions({})).toEqual({ deployTimeoutMs: 30_000, drainTimeoutMs: 30_000, force: false });
  expect(readPauseOptions({})).toEqual({ drainTimeoutMs: 30_000, maxPauseMs: 30_000 });
  expect(readStopOptions({})).toEqual({ drainTimeoutMs: 30_000, message: "" });
});

test("a health path may carry a query, and may lack its slash [W26]", () => {
  expect(readTargetOptions({ healthCheck: { path: "up?full=1&x=%20" } }).healthCheck.path).toBe("/up?full=1&x=%20");
  expect(readTargetOptions({ healthCheck: { path: "" } }).healthCheck.path).toBe("/");
});

test("targets speak HTTP/1.1, or HTTP/2 without TLS, and nothing else", () => {
  expect(readTargetOptions({ protocol: "h2c" }).protocol).toBe("h2c");
  expect(() => readTargetOptions({ protocol: "h2" })).toThrow('target-protocol must be http1 or h2c, not "h2"');
});

test("what is read is read the same again", () => {
  const once = readTargetOptions({ healthCheck: { path: "x", port: 81, host: "h:1" }, logRequestHeaders: ["X-A"] });
  expect(readTargetOptions(JSON.parse(JSON.stringify(once)))).toEqual(once);
});

test.each([
  [{ healthCheck: { intervalMs: 0 } }, "health-check-interval must be longer than 0s, not 0s"],
  [{ healthCheck: { intervalMs: -1_500 } }, "health-check-interval must be longer than 0s, not -1.5s"],
  [{ healthCheck: { timeoutMs: 0 } }, "health-check-timeout must be longer than 0s, not 0s"],
  [{ healthCheck: { port: 65_536 } }, "health-check-port must be between 0 and 65535, not 65536"],
  [{ healthCheck: { port: -1 } }, "health-check-port must be between 0 and 65535, not -1"],
  [{ healthCheck: { port: 1.5 } }, "health-check-port must be between 0 and 65535, not 1.5"],
  [{ healthCheck: { path: "/a b" } }, "health-check-path"],
  [{ healthCheck: { path: "/a\r\nX: y" } }, "health-check-path"],
  [{ healthCheck: { path: "/ü" } }, "health-check-path"],
  [{ healthCheck: { path: "/a#b" } }, "health-check-path"],
  [{ healthCheck: { host: "a b" } }, "health-check-host"],
  [{ healthCheck: { host: "a\r\nb" } }, "health-check-host"],
  [{ healthCheck: { host: "http://a" } }, "health-check-host"],
  [{ healthCheck: { retries: 3 } }, 'unknown option "retries"'],
  [{ healthCheck: null, targetTimeoutMs: -1 }, "target-timeout cannot be negative: -1ms"],
  [{ targetTimeoutMs: 1e12 }, "target-timeout can be 596h31m23.647s at most"],
  [{ targetTimeoutMs: Number.POSITIVE_INFINITY }, "target-timeout must be a duration"],
  [{ targetTimeoutMs: "30s" }, "target-timeout must be a duration"],
  [{ logRequestHeaders: ["X Y"] }, 'log-request-header "X Y" is not a header name'],
  [{ logResponseHeaders: [""] }, 'log-response-header "" is not a header name'],
  [{ bufferRequests: true }, 'unknown option "bufferRequests"'],
  [{ buffering: { bodies: true } }, 'unknown option "bodies"'],
  [{ buffering: { memoryBytes: -1 } }, "buffer-memory must be between 0 and 9007199254740991, not -1"],
  [{ buffering: { maxRequestBytes: -1 } }, "max-request-body must be between 0 and 9007199254740991, not -1"],
  [{ buffering: { maxResponseBytes: 1e300 } }, "max-response-body must be between 0 and 9007199254740991, not 1e+300"],
  [{ forwardHeaders: "no" }, "forwardHeaders must be true or false"],
])("target options %j are refused [W2 W28]", (value, reason) => {
  expect(() => readTargetOptions(value)).toThrow(`target options invalid: ${reason}`);
});

test.each([
  [{ deployTimeoutMs: 0 }, "deploy-timeout must be longer than 0s"],
  [{ deployTimeoutMs: -1, force: true }, "deploy-timeout cannot be negative"],
  [{ drainTimeoutMs: -1 }, "drain-timeout cannot be negative"],
])("deployment options %j are refused [DP-08]", (value, reason) => {
  expect(() => readDeploymentOptions(value)).toThrow(`deployment options invalid: ${reason}`);
});

test("zero is fine where it means something", () => {
  expect(readDeploymentOptions({ deployTimeoutMs: 0, drainTimeoutMs: 0, force: true }).drainTimeoutMs).toBe(0);
  expect(readTargetOptions({ targetTimeoutMs: 0 }).targetTimeoutMs).toBe(0);
  expect(readPauseOptions({ drainTimeoutMs: 0, maxPauseMs: 0 }).maxPauseMs).toBe(0);
});

test("a maintenance message has a bound [DP-12]", () => {
  const message = "x".repeat(MAX_MESSAGE_CHARACTERS);
  expect(readStopOptions({ message }).message).toBe(message);
  expect(() => readStopOptions({ message: `${message}x` })).toThrow("stop options invalid: message can have 16384");
  expect(() => readPauseOptions({ maxPauseMs: -1 })).toThrow("pause options invalid: max-pause cannot be negative");
});
