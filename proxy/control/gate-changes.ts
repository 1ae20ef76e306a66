/** Pausing, stopping and resuming a service: the gate closes or opens at once, and what is running may finish. */

import { ProxyError } from "../errors.ts";
import type { PauseOptions, StopOptions } from "../options/gate-options.ts";
import { RUNNING, type SavedGate } from "../state/saved-gate.ts";
import type { Report } from "./progress.ts";
import { allTargetsOf, type ServiceRecord } from "./service-record.ts";
import type { Draft, Services } from "./services.ts";

export class GateChanges {
  readonly #services: Services;
  readonly #closing: AbortSignal;
  /** Drains of pauses and stops, by service; a resume ends them. */
  readonly #drains = new Map<string, Set<AbortController>>();

  constructor(services: Services, closing: AbortSignal) {
    this.#services = services;
    this.#closing = closing;
  }

  /** Saved and in force before the drain begins. @throws ProxyError `service-not-found`, `state-not-saved` */
  pause(name: string, options: PauseOptions, report: Report): Promise<void> {
    const gate: SavedGate = { state: "paused", maxPauseMs: options.maxPauseMs };
    return this.#close(name, gate, "Service paused", options.drainTimeoutMs, report);
  }

  stop(name: string, options: StopOptions, report: Report): Promise<void> {
    const gate: SavedGate = { state: "stopped", message: options.message };
    return this.#close(name, gate, "Service stopped", options.drainTimeoutMs, report);
  }

  /** Lets requests through again, also while a pause is still draining. */
  async resume(name: string): Promise<void> {
    await this.#services.change(
      (draft) => setGate(draft, name, RUNNING),
      () => this.abandonDrains(name),
    );
    this.#services.log.info("Service resumed", { service: name });
  }

  /** What is running on `name` may go on. */
  abandonDrains(name: string): void {
    for (const drain of this.#drains.get(name) ?? []) drain.abort();
  }

  async #close(name: string, gate: SavedGate, msg: string, timeoutMs: number, report: Report): Promise<void> {
    const abandoned = new AbortController();
    const record = await this.#services.change(
      (draft) => setGate(draft, name, gate),
      // Known to a resume from the very next change on.
      () => this.#remember(name, abandoned),
    );
    this.#services.log.info(msg, { service: name });
    try {
      await this.#services.dataPlane.drain(
        allTargetsOf(record).map((target) => target.id),
        {
          timeoutMs,
          cut: true,
          upgraded: true,
          signal: AbortSignal.any([abandoned.signal, this.#closing]),
          onProgress: (inFlight) => report({ event: "draining", inFlight }),
        },
      );
    } finally {
      this.#forget(name, abandoned);
    }
    if (!abandoned.signal.aborted) this.#services.log.info("Service drained", { service: name });
  }

  #remember(name: string, drain: AbortController): void {
    const drains = this.#drains.get(name) ?? new Set();
    this.#drains.set(name, drains.add(drain));
  }

  #forget(name: string, drain: AbortController): void {
    const drains = this.#drains.get(name);
    drains?.delete(drain);
    if (drains?.size === 0) this.#drains.delete(name);
  }
}

function setGate(draft: Draft, name: string, gate: SavedGate): ServiceRecord {
  const before = draft.records.get(name);
  if (before === undefined) throw new ProxyError("service-not-found", "service not found");
  const record = { ...before, gate };
  draft.records.set(name, record);
  return record;
}
