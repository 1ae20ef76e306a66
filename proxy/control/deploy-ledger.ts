/** Which deploys are running and how the last ones ended: one at a time per service, findable after their client has gone. */
import { randomBytes } from "node:crypto";
import { ProxyError } from "../errors.ts";

export type DeployOutcome = {
  readonly id: string;
  readonly service: string;
  readonly targets: readonly string[];
  readonly state: "waiting" | "prepared" | "draining" | "deployed" | "failed";
  readonly startedAt: string;
  readonly endedAt: string | undefined;
  readonly error: string | undefined;
};

/** Ended deploys that are remembered, over all services. */
const MAX_REMEMBERED = 100;

export class DeployLedger {
  readonly #running = new Map<string, DeployRun>();
  readonly #ended = new Map<string, DeployOutcome>();

  /** @throws ProxyError `deploy-in-progress` naming the one that is running */
  begin(service: string, targets: readonly string[]): DeployRun {
    const other = this.#running.get(service);
    if (other !== undefined) {
      throw new ProxyError("deploy-in-progress", `deploy in progress (started ${other.startedAt.toISOString()})`, {
        hint: `${service} is being deployed to ${other.targets.join(", ")}. Wait until that has ended, or cancel it with remove.`,
      });
    }
    const run = new DeployRun(service, targets);
    this.#running.set(service, run);
    return run;
  }

  end(run: DeployRun, error?: Error): void {
    this.#running.delete(run.service);
    // Deleted first, so that the newest is last and the oldest is forgotten.
    this.#ended.delete(run.service);
    this.#ended.set(run.service, run.outcome(error === undefined ? "deployed" : "failed", error));
    const oldest = this.#ended.keys().next();
    if (this.#ended.size > MAX_REMEMBERED && !oldest.done) this.#ended.delete(oldest.value);
    run.ended.resolve();
  }

  /** Whether a deploy of `service` is running that has not switched yet. */
  isWaiting(service: string): boolean {
    return this.#running.get(service)?.switched === false;
  }

  /** Cancels the deploy of `service` unless it has switched already. */
  cancel(service: string): void {
    if (this.isWaiting(service)) this.#running.get(service)?.cancel(`${service} was removed meanwhile`);
  }

  /** The running deploy of a service, else the last one that ended. */
  outcomes(): DeployOutcome[] {
    const running = [...this.#running.values()].map((run) => run.outcome(stateOf(run)));
    return [...running, ...[...this.#ended.values()].filter((outcome) => !this.#running.has(outcome.service))];
  }

  async allEnded(): Promise<void> {
    await Promise.all([...this.#running.values()].map((run) => run.ended.promise));
  }
}

function stateOf({ switched, prepared }: DeployRun): DeployOutcome["state"] {
  if (switched) return "draining";
  return prepared ? "prepared" : "waiting";
}

export class DeployRun {
  readonly id = randomBytes(8).toString("hex");
  readonly service: string;
  readonly targets: readonly string[];
  readonly startedAt = new Date();
  readonly ended = Promise.withResolvers<void>();
  readonly #cancelled = new AbortController();
  /** Set at the switch; there is no way back from there. */
  switched = false;
  /** Its targets are healthy, and it waits for somebody's word. */
  prepared = false;

  constructor(service: string, targets: readonly string[]) {
    this.service = service;
    this.targets = targets;
  }

  /** Aborts with the error that the deploy fails with. */
  get signal(): AbortSignal {
    return this.#cancelled.signal;
  }

  cancel(why: string): void {
    this.#cancelled.abort(new ProxyError("deploy-cancelled", `deploy cancelled: ${why}`));
  }

  outcome(state: DeployOutcome["state"], error?: Error): DeployOutcome {
    return {
      id: this.id,
      service: this.service,
      targets: this.targets,
      state,
      startedAt: this.startedAt.toISOString(),
      endedAt: state === "deployed" || state === "failed" ? new Date().toISOString() : undefined,
      error: error?.message,
    };
  }
}
