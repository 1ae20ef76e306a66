/**
 * kamal-proxy's own state file → our snapshot. Read only, never written. Options that this version cannot honour yet are
 * kept as they stand under `kamal`, for the version that can. Source: proxy-behaviour §9.
 */
import { isJsonObject, type JsonObject } from "../options/option-fields.ts";
import { readServiceOptions } from "../options/service-options.ts";
import { readTargetOptions } from "../options/target-options.ts";
import { RUNNING, type SavedGate } from "./saved-gate.ts";
import {
  type Carried,
  readEntries,
  readName,
  readTargets,
  type ServiceSnapshot,
  type Snapshot,
} from "./snapshot-format.ts";

const NS_PER_MS = 1e6;

/** What our own options say; everything else of an element is carried. */
const TRANSLATED = {
  element: ["name", "active_targets", "active_target", "pause_controller", "hosts", "path_prefixes"],
  options: ["hosts", "path_prefixes", "strip_prefix"],
  targetOptions: [
    "health_check_config",
    "response_timeout",
    "forward_headers",
    "log_request_headers",
    "log_response_headers",
  ],
} as const;

/** @throws Error when the text as a whole is not a kamal-proxy state file; bad elements are quarantined one by one. */
export function parseKamalState(text: string): Snapshot {
  const elements: unknown = JSON.parse(text);
  if (!Array.isArray(elements)) throw new Error("not a list of services");
  return readEntries(elements, readElement);
}

function readElement(raw: unknown): ServiceSnapshot {
  const element = objectOf(raw, "the element");
  const options = objectOf(element["options"] ?? {}, "options");
  const targetOptions = objectOf(element["target_options"] ?? {}, "target_options");
  return {
    name: readName(element["name"]),
    service: readServiceOptions({
      hosts: firstFilled(options["hosts"], element["hosts"]),
      pathPrefixes: firstFilled(options["path_prefixes"], element["path_prefixes"]),
      stripPathPrefix: options["strip_prefix"] ?? false,
    }),
    target: readTargetOptions({
      healthCheck: healthCheckOf(objectOf(targetOptions["health_check_config"] ?? {}, "health_check_config")),
      targetTimeoutMs: msOf(targetOptions["response_timeout"]) ?? 0,
      forwardHeaders: targetOptions["forward_headers"] ?? false,
      logRequestHeaders: targetOptions["log_request_headers"] ?? [],
      logResponseHeaders: targetOptions["log_response_headers"] ?? [],
    }),
    targets: readTargets(firstFilled(element["active_targets"], [element["active_target"]])),
    gate: gateOf(objectOf(element["pause_controller"] ?? {}, "pause_controller")),
    carried: carriedOf(element, options, targetOptions),
  };
}

/** An interval or a timeout of zero crashed kamal-proxy or failed every check; the default is what was meant. */
function healthCheckOf(config: JsonObject): JsonObject {
  return {
    path: config["path"] ?? "/",
    port: config["port"] ?? 0,
    intervalMs: msOf(config["interval"]) || undefined,
    timeoutMs: msOf(config["timeout"]) || undefined,
    host: config["host"] ?? "",
  };
}

function gateOf(controller: JsonObject): SavedGate {
  const { state = 0, stop_message: message = "", fail_after: failAfter = 0 } = controller;
  if (state === 0) return RUNNING;
  if (state === 1 && typeof failAfter === "number") return { state: "paused", maxPauseMs: msOf(failAfter) ?? 0 };
  if (state === 2 && typeof message === "string") return { state: "stopped", message };
  throw new Error("pause_controller has an unknown state");
}

/** Rollouts belong to the service and outlive a deploy; the rest are options, which a deploy states anew. */
function carriedOf(element: JsonObject, options: JsonObject, targetOptions: JsonObject): Carried {
  const rest = without(element, [...TRANSLATED.element, "options", "target_options"]);
  const isRollout = (key: string) => key.startsWith("rollout_");
  return {
    entry: { kamal: without(rest, (key) => !isRollout(key)) },
    service: { kamal: { ...without(rest, isRollout), ...without(options, TRANSLATED.options) } },
    target: { kamal: without(targetOptions, TRANSLATED.targetOptions) },
  };
}

function without(object: JsonObject, unwanted: readonly string[] | ((key: string) => boolean)): JsonObject {
  const drop = typeof unwanted === "function" ? unwanted : (key: string) => unwanted.includes(key);
  return Object.fromEntries(Object.entries(object).filter(([key]) => !drop(key)));
}

function firstFilled(value: unknown, legacy: unknown): unknown {
  if (Array.isArray(value) && value.length > 0) return value;
  return legacy ?? [];
}

function msOf(nanoseconds: unknown): number | undefined {
  return typeof nanoseconds === "number" ? nanoseconds / NS_PER_MS : undefined;
}

function objectOf(value: unknown, name: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw new Error(`${name} is not an object`);
}
