/**
 * An entry of our own file → the same, with what an earlier version could only carry along now in its place: settings of
 * a migrated kamal-proxy that stood under `kamal`, for the version that knows them.
 */
import { isJsonObject, type JsonObject } from "../options/option-fields.ts";
import { rolloutOf, serviceOptionsOf, TRANSLATED_OPTIONS, targetOptionsOf } from "./kamal-options.ts";

const READERS = "active_readers";
const ROLLOUT_KEYS = ["rollout_targets", "rollout_target", "rollout_readers", "rollout_controller"] as const;

/** What the entry says itself wins. An entry without `kamal` comes back as it is. */
export function adoptKamal(raw: unknown): unknown {
  if (!isJsonObject(raw)) return raw;
  const { service, target, kamal } = raw;
  let entry = raw;
  if (isJsonObject(service) && isJsonObject(service["kamal"])) {
    const options = service["kamal"];
    const own = adopted(serviceOptionsOf(options, service["pathPrefixes"]), service, TRANSLATED_OPTIONS.service);
    entry = { readTargets: options[READERS], ...entry, service: own };
  }
  if (isJsonObject(target) && isJsonObject(target["kamal"])) {
    const options = target["kamal"];
    entry = { ...entry, target: adopted(targetOptionsOf(options, {}), target, TRANSLATED_OPTIONS.target) };
  }
  if (!isJsonObject(kamal)) return entry;
  const rollout = {
    rolloutTargets: kamal["rollout_targets"] ?? (kamal["rollout_target"] ? [kamal["rollout_target"]] : []),
    rolloutReadTargets: kamal["rollout_readers"],
    rollout: rolloutOf(kamal["rollout_controller"]),
  };
  return adopted(rollout, entry, ROLLOUT_KEYS);
}

/** `found` below what `own` says, with no more under `kamal` than what is still not understood. */
function adopted(found: JsonObject, own: JsonObject, understood: readonly string[]): JsonObject {
  const kamal = isJsonObject(own["kamal"]) ? own["kamal"] : {};
  const left = Object.entries(kamal).filter(([key]) => !understood.includes(key) && key !== READERS);
  const rest = Object.entries(own).filter(([key]) => key !== "kamal");
  return { ...found, ...Object.fromEntries(rest), ...(left.length > 0 && { kamal: Object.fromEntries(left) }) };
}
