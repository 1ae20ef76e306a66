/**
 * kamal-proxy's own state file → our snapshot. Read only, never written. Keys that we do not know are kept as they stand
 * under `kamal`, for a version that does. Source: proxy-behaviour §9.
 */
import { isJsonObject, type JsonObject } from "../options/option-fields.ts";
import { readServiceOptions } from "../options/service-options.ts";
import { readTargetOptions } from "../options/target-options.ts";
import { msOf, rolloutOf, serviceOptionsOf, TRANSLATED_OPTIONS, targetOptionsOf } from "./kamal-options.ts";
import { RUNNING, type SavedGate } from "./saved-gate.ts";
import {
  readEntries,
  readFurtherTargets,
  readName,
  readRollout,
  readTargets,
  type ServiceSnapshot,
  type Snapshot,
} from "./snapshot-format.ts";

const TRANSLATED_KEYS: readonly string[] = [
  "name",
  "options",
  "target_options",
  "hosts",
  "path_prefixes",
  "active_targets",
  "active_target",
  "active_readers",
  "rollout_targets",
  "rollout_target",
  "rollout_readers",
  "rollout_controller",
  "pause_controller",
];

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
  const pathPrefixes = firstFilled(options["path_prefixes"], element["path_prefixes"]);
  return {
    name: readName(element["name"]),
    service: readServiceOptions({
      hosts: firstFilled(options["hosts"], element["hosts"]),
      pathPrefixes,
      ...serviceOptionsOf(options, pathPrefixes),
    }),
    target: readTargetOptions(
      targetOptionsOf(targetOptions, objectOf(targetOptions["health_check_config"] ?? {}, "health_check_config")),
    ),
    targets: readTargets(firstFilled(element["active_targets"], filled(element["active_target"]))),
    readTargets: readFurtherTargets(element["active_readers"]),
    rolloutTargets: readFurtherTargets(firstFilled(element["rollout_targets"], filled(element["rollout_target"]))),
    rolloutReadTargets: readFurtherTargets(element["rollout_readers"]),
    rollout: readRollout(rolloutOf(element["rollout_controller"])),
    gate: gateOf(objectOf(element["pause_controller"] ?? {}, "pause_controller")),
    carried: {
      entry: carried(element, TRANSLATED_KEYS),
      service: carried(options, TRANSLATED_OPTIONS.service),
      target: carried(targetOptions, TRANSLATED_OPTIONS.target),
    },
  };
}

function gateOf(controller: JsonObject): SavedGate {
  const { state = 0, stop_message: message = "", fail_after: failAfter = 0 } = controller;
  if (state === 0) return RUNNING;
  if (state === 1 && typeof failAfter === "number") {
    return { state: "paused", maxPauseMs: Math.max(0, msOf(failAfter) ?? 0) };
  }
  if (state === 2 && typeof message === "string") return { state: "stopped", message };
  throw new Error("pause_controller has an unknown state");
}

function carried(object: JsonObject, translated: readonly string[]): JsonObject {
  const rest = Object.entries(object).filter(([key]) => !translated.includes(key));
  return rest.length === 0 ? {} : { kamal: Object.fromEntries(rest) };
}

/** Older files name one target, or an empty text for none. */
function filled(target: unknown): unknown {
  return target === undefined || target === "" ? [] : [target];
}

function firstFilled(value: unknown, legacy: unknown): unknown {
  if (Array.isArray(value) && value.length > 0) return value;
  return legacy ?? [];
}

function objectOf(value: unknown, name: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw new Error(`${name} is not an object`);
}
