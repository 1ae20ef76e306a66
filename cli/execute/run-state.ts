/** What one run of the tool has come to: numbers of steps, the lock it holds, what needs to be done only once. */
import { EXECUTE_LIMITS, type ExecuteLimits } from "./limits.ts";

export class RunState {
  readonly limits: ExecuteLimits;
  readonly startedAtMs = performance.now();
  /** Hosts that are logged in, by registry: `localhost`, and those of the configuration. */
  readonly loggedIn = new Set<string>();
  /** Set while the deploy lock is held by this run; `verify` rejects when somebody else has it now. */
  lock: { readonly verify: () => Promise<void> } | undefined;
  /** Whether a version is taking over: `before` nothing serves anything new, `after` everything does. */
  takeover: "before" | "during" | "after" = "before";
  /** Times in a row that a host could not be reached. */
  readonly #unreachable = new Map<string, number>();
  #steps = 0;
  readonly #once = new Map<string, Promise<void>>();

  constructor(limits: ExecuteLimits = EXECUTE_LIMITS) {
    this.limits = limits;
  }

  nextStepId(): number {
    this.#steps += 1;
    return this.#steps;
  }

  /** Every attempt to reach a host takes half a minute, and an undo has many: after a second one in vain there is no third. */
  isGone(host: string): boolean {
    return (this.#unreachable.get(host) ?? 0) >= this.limits.attemptsToReach;
  }

  reached(host: string, was: boolean): void {
    if (was) this.#unreachable.delete(host);
    else this.#unreachable.set(host, (this.#unreachable.get(host) ?? 0) + 1);
  }

  /** Whoever comes later waits for the first one. */
  once(what: string, work: () => Promise<void>): Promise<void> {
    const running = this.#once.get(what) ?? work();
    this.#once.set(what, running);
    return running;
  }
}
