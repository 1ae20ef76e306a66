/**
 * The state file's text ↔ what it says. Pure functions. Every service stands alone: an entry that does not validate is
 * quarantined, word for word, and the rest loads. What this version does not know is carried along, not lost.
 */
import { ProxyError } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../options/option-fields.ts";
import { type RolloutOptions, readRolloutOptions } from "../options/rollout-options.ts";
import { readServiceOptions, SERVICE_OPTION_KEYS, type ServiceOptions } from "../options/service-options.ts";
import { readTargetOptions, TARGET_OPTION_KEYS, type TargetOptions } from "../options/target-options.ts";
import { adoptKamal } from "./carried-kamal.ts";
import { readGate, type SavedGate } from "./saved-gate.ts";

export type Snapshot = {
  readonly services: readonly ServiceSnapshot[];
  readonly quarantined: readonly QuarantinedEntry[];
};

export type ServiceSnapshot = {
  readonly name: string;
  readonly service: ServiceOptions;
  readonly target: TargetOptions;
  /** `host:port`, in the order of deployment; the writers of the active slot. */
  readonly targets: readonly string[];
  readonly readTargets: readonly string[];
  readonly rolloutTargets: readonly string[];
  readonly rolloutReadTargets: readonly string[];
  readonly rollout: RolloutOptions | null;
  readonly gate: SavedGate;
  readonly carried: Carried;
};

/** Keys that this version does not know, by the place where they stood. */
export type Carried = { readonly entry: JsonObject; readonly service: JsonObject; readonly target: JsonObject };

export type QuarantinedEntry = {
  /** The entry's own name, or a description where it has none. */
  readonly name: string;
  readonly reason: string;
  /** The entry as it stood in the file; it is written back unchanged. */
  readonly raw: unknown;
};

export const NOTHING_CARRIED: Carried = { entry: {}, service: {}, target: {} };

const FORMAT = "kdeploy-proxy state";
/** Grows when an older program would misread the file; additions alone do not need it. */
const VERSION = 1;
const ENTRY_KEYS = [
  "name",
  "service",
  "target",
  "targets",
  "readTargets",
  "rolloutTargets",
  "rolloutReadTargets",
  "rollout",
  "gate",
] as const satisfies readonly (keyof ServiceSnapshot)[];

/** The file was written by a later version of this program, which knows things that this one would destroy. */
export class NewerStateError extends Error {
  override readonly name = "NewerStateError";
}

export function formatSnapshot(snapshot: Snapshot): string {
  const services = [...snapshot.services.map(entryOf), ...snapshot.quarantined.map((entry) => entry.raw)];
  return `${JSON.stringify({ format: FORMAT, version: VERSION, services }, null, 1)}\n`;
}

/**
 * @throws NewerStateError when a later version wrote it
 * @throws Error when the text as a whole is not a state file
 */
export function parseSnapshot(text: string): Snapshot {
  const document: unknown = JSON.parse(text);
  if (!isJsonObject(document) || document["format"] !== FORMAT) throw new Error("not a kdeploy-proxy state file");
  const version = document["version"];
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1) throw new Error("no version number");
  if (version > VERSION) throw new NewerStateError(`state version ${version}; this program knows ${VERSION}`);
  if (!Array.isArray(document["services"])) throw new Error("no list of services");
  return readEntries(document["services"], readEntry);
}

/** Reads every entry by itself; a name that comes twice is quarantined the second time. */
export function readEntries(entries: readonly unknown[], read: (raw: unknown) => ServiceSnapshot): Snapshot {
  const services = new Map<string, ServiceSnapshot>();
  const quarantined: QuarantinedEntry[] = [];
  for (const raw of entries) {
    try {
      const service = read(raw);
      if (services.has(service.name)) throw new Error("there is another service of this name");
      services.set(service.name, service);
    } catch (error) {
      quarantined.push(quarantinedEntry(raw, error));
    }
  }
  return { services: [...services.values()], quarantined };
}

export function quarantinedEntry(raw: unknown, error: unknown): QuarantinedEntry {
  const name = isJsonObject(raw) && typeof raw["name"] === "string" && raw["name"] !== "" ? raw["name"] : "(no name)";
  return { name, reason: reasonOf(error), raw };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint = error instanceof ProxyError ? error.hint : undefined;
  return hint === undefined ? error.message : `${error.message}: ${hint.replace(/\.$/, "")}`;
}

/** A service as an entry of the file. */
export function entryOf(service: ServiceSnapshot): JsonObject {
  return {
    name: service.name,
    service: { ...service.service, ...service.carried.service },
    target: { ...service.target, ...service.carried.target },
    targets: service.targets,
    readTargets: service.readTargets,
    rolloutTargets: service.rolloutTargets,
    rolloutReadTargets: service.rolloutReadTargets,
    rollout: service.rollout,
    gate: service.gate,
    ...service.carried.entry,
  };
}

function readEntry(raw: unknown): ServiceSnapshot {
  const [entry, carriedEntry] = splitKnown(adoptKamal(raw), ENTRY_KEYS);
  const [service, carriedService] = splitKnown(entry["service"], SERVICE_OPTION_KEYS);
  const [target, carriedTarget] = splitKnown(entry["target"], TARGET_OPTION_KEYS);
  return {
    name: readName(entry["name"]),
    service: readServiceOptions(service),
    target: readTargetOptions(target),
    targets: readTargets(entry["targets"]),
    readTargets: readFurtherTargets(entry["readTargets"]),
    rolloutTargets: readFurtherTargets(entry["rolloutTargets"]),
    rolloutReadTargets: readFurtherTargets(entry["rolloutReadTargets"]),
    rollout: readRollout(entry["rollout"]),
    gate: readGate(entry["gate"]),
    carried: { entry: carriedEntry, service: carriedService, target: carriedTarget },
  };
}

function splitKnown(value: unknown, keys: readonly string[]): [JsonObject, JsonObject] {
  if (!isJsonObject(value)) throw new Error("not an object");
  const entries = Object.entries(value);
  return [
    Object.fromEntries(entries.filter(([key]) => keys.includes(key))),
    Object.fromEntries(entries.filter(([key]) => !keys.includes(key))),
  ];
}

/** A service's name: any text, but not an empty one, and nothing that would tear a log line or a table. */
export function readName(value: unknown): string {
  if (typeof value === "string" && value !== "" && value.length <= 255 && !/[\x00-\x1f\x7f]/.test(value)) return value;
  throw new ProxyError("invalid-argument", "a service name has 1 to 255 characters and no control characters");
}

/** @throws Error unless it is a list of at least one non-empty text */
export function readTargets(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string" && item !== "")) {
    return value;
  }
  throw new ProxyError("invalid-target", "at least one target is needed", {
    hint: "Say where the service runs: --target host[:port]",
  });
}

/** As `readTargets`, for the targets that a service can do without. */
export function readFurtherTargets(value: unknown): readonly string[] {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
    ? []
    : readTargets(value);
}

/** Null for everybody to the active slot. */
export function readRollout(value: unknown): RolloutOptions | null {
  return value === undefined || value === null ? null : readRolloutOptions(value);
}
