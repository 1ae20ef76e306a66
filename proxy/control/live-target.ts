/** One deployed instance of an app: its identity, its health as its checks find it, and the words when that changes. */
import { randomBytes } from "node:crypto";
import { urlOf } from "../health/diagnosis.ts";
import { HealthCheck } from "../health/health-check.ts";
import type { ProbeRequest, ProbeResult } from "../health/probe.ts";
import { probeTarget } from "../health/probe-target.ts";
import { failureText, outcomeText } from "../health/probe-words.ts";
import type { EventLog } from "../observe/event-log.ts";
import type { TargetOptions } from "../options/target-options.ts";
import { formatTargetAddress, type TargetAddress } from "../target/target-address.ts";

/** `adding` lasts until the first success, or until a target that serves already fails its first check. */
export type TargetHealth = "adding" | "healthy" | "unhealthy";

/** Readers take GET and HEAD only. */
export type TargetRole = "writer" | "reader";

/** A target before anything is known about it. */
export type NewTarget = { readonly role: TargetRole; readonly address: TargetAddress };

/** How it is checked. */
export type CheckedAs = Pick<TargetOptions, "healthCheck" | "protocol">;

/** The same failure every second is one fact; it is logged when it changes, and again after this long. */
const REPEAT_LOG_MS = 30_000;

/** Writers first, then readers: the order in which a slot is kept. */
export function newTargets(writers: readonly TargetAddress[], readers: readonly TargetAddress[]): NewTarget[] {
  return [
    ...writers.map((address) => ({ role: "writer" as const, address })),
    ...readers.map((address) => ({ role: "reader" as const, address })),
  ];
}

export class LiveTarget {
  /** The same address deployed twice is two targets. */
  readonly id = randomBytes(8).toString("hex");
  readonly role: TargetRole;
  /** `host:port` */
  readonly address: string;
  readonly probeRequest: ProbeRequest;
  readonly #intervalMs: number;
  readonly #log: EventLog;
  #health: TargetHealth;
  #since = new Date();
  #lastFailure = "";
  #loggedFailure = "";
  #loggedFailureAt = Number.NEGATIVE_INFINITY;
  #serves: boolean;
  #check: HealthCheck | undefined;
  #observers = new Set<(result: ProbeResult) => void>();

  /** @param health `healthy` for restored targets, which are believed until a check says otherwise */
  constructor({ role, address }: NewTarget, options: CheckedAs, health: "adding" | "healthy", log: EventLog) {
    const { healthCheck: check, protocol } = options;
    this.role = role;
    this.address = formatTargetAddress(address);
    this.probeRequest = {
      host: address.host,
      port: check.port === 0 ? address.port : check.port,
      path: check.path,
      hostHeader: check.host === "" ? this.address : check.host,
      timeoutMs: check.timeoutMs,
      protocol,
    };
    this.#intervalMs = check.intervalMs;
    this.#log = log;
    this.#health = health;
    this.#serves = health === "healthy";
  }

  get health(): TargetHealth {
    return this.#health;
  }

  /** When the health became what it is. */
  get since(): Date {
    return this.#since;
  }

  /** What the last check complained about; empty when it succeeded. */
  get lastFailure(): string {
    return this.#lastFailure;
  }

  /** Checks from now on; `onChange` is called after each change of health. */
  startChecks(onChange: () => void): void {
    this.#check ??= new HealthCheck({ request: this.probeRequest, intervalMs: this.#intervalMs }, (result) => {
      const changed = this.#learn(result);
      for (const observer of this.#observers) observer(result);
      if (changed) onChange();
    });
  }

  /** Whatever a check under way finds no longer counts. */
  stopChecks(): void {
    this.#check?.stop();
    this.#observers.clear();
  }

  /** From now on a failure takes it out of rotation, even if no check has succeeded yet. */
  startServing(): void {
    this.#serves = true;
  }

  /** Hears of every result until the returned function is called. */
  observe(observer: (result: ProbeResult) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** One more probe, now, which the regular checks know nothing of. */
  probeNow(): Promise<ProbeResult> {
    return probeTarget(this.probeRequest);
  }

  /** True when this changed the health. */
  #learn(result: ProbeResult): boolean {
    const succeeded = result.kind === "healthy";
    this.#lastFailure = succeeded ? "" : outcomeText(result);
    if (!succeeded) this.#logFailure(failureText(result));
    const was = this.#health;
    const state = succeeded ? "healthy" : this.#serves || was === "healthy" ? "unhealthy" : was;
    if (state === was) return false;
    this.#health = state;
    this.#since = new Date();
    if (succeeded) this.#loggedFailureAt = Number.NEGATIVE_INFINITY;
    this.#log.info("Target health updated", { target: this.address, state, was });
    return true;
  }

  #logFailure(error: string): void {
    const now = performance.now();
    if (error === this.#loggedFailure && now - this.#loggedFailureAt < REPEAT_LOG_MS) return;
    this.#loggedFailure = error;
    this.#loggedFailureAt = now;
    this.#log.info("Healthcheck failed", { url: urlOf(this.probeRequest), error });
  }
}
