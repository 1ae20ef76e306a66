/** How a container fares: the line that asks Docker, and its answer as facts. One question instead of one for each fact. */
import { word } from "./conventions.ts";
import { quote } from "./shell.ts";

const FORMAT =
  '{"name":{{json .Name}},"image":{{json .Config.Image}},"restarts":{{json .RestartCount}},"state":{{json .State}}}';
/** Docker keeps five outputs of 4 KiB. */
const MAX_HEALTH_OUTPUTS = 5;

export type ContainerStatus = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

export type ContainerState = {
  readonly name: string;
  readonly image: string;
  readonly status: ContainerStatus;
  /** Undefined for an image without a HEALTHCHECK. */
  readonly health: "starting" | "healthy" | "unhealthy" | undefined;
  /** Outputs of the last health checks, the newest last. */
  readonly healthOutputs: readonly string[];
  /** Of the last end; 0 while it runs for the first time. */
  readonly exitCode: number;
  /** The kernel ended it for want of memory. */
  readonly outOfMemory: boolean;
  /** How often Docker has started it anew. */
  readonly restarts: number;
  /** RFC 3339, the host's clock; another one after a restart. */
  readonly startedAt: string;
  /** Why it could not be started, in Docker's words; mostly empty. */
  readonly error: string;
};

/** Fails when there is no such container. For `parseContainerState`. */
export function inspect(idOrName: string): string {
  return `docker inspect --type container --format ${quote(FORMAT)} ${word(idOrName)}`;
}

/** @returns undefined for anything but the answer to `inspect` */
export function parseContainerState(stdout: string): ContainerState | undefined {
  const container = record(parsed(stdout));
  const state = record(container?.["state"]);
  const status = state?.["Status"];
  if (container === undefined || state === undefined || !isStatus(status)) return undefined;
  const health = record(state["Health"]);
  return {
    name: text(container["name"]).replace(/^\//, ""),
    image: text(container["image"]),
    status,
    health: healthOf(health?.["Status"]),
    healthOutputs: outputsOf(health?.["Log"]),
    exitCode: number(state["ExitCode"]),
    outOfMemory: state["OOMKilled"] === true,
    restarts: number(container["restarts"]),
    startedAt: text(state["StartedAt"]),
    error: text(state["Error"]),
  };
}

/**
 * What a look at a container without a proxy says: `ready` counts for a health check, `running` only says that it runs now, and is to be
 * asked again after the readiness delay; `ended` will not become ready by waiting, unless Docker starts it anew.
 */
export function readinessOf(state: ContainerState): "ready" | "running" | "waiting" | "ended" {
  if (state.status === "exited" || state.status === "dead" || state.status === "removing") return "ended";
  if (state.status !== "running") return "waiting";
  if (state.health === undefined) return "running";
  return state.health === "healthy" ? "ready" : "waiting";
}

/** It ended in between and was started anew: running both times proves nothing of a container that crashes again and again. */
export function hasRestarted(before: ContainerState, after: ContainerState): boolean {
  return after.restarts !== before.restarts || after.startedAt !== before.startedAt;
}

function parsed(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}

function isStatus(value: unknown): value is ContainerStatus {
  return (
    typeof value === "string" &&
    ["created", "running", "paused", "restarting", "removing", "exited", "dead"].includes(value)
  );
}

/** Docker says `none` for a check that is switched off. */
function healthOf(value: unknown): ContainerState["health"] {
  return value === "starting" || value === "healthy" || value === "unhealthy" ? value : undefined;
}

function outputsOf(log: unknown): string[] {
  if (!Array.isArray(log)) return [];
  return log.slice(-MAX_HEALTH_OUTPUTS).map((entry) => text(record(entry)?.["Output"]));
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
