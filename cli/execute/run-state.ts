/** What one run of the tool has come to: numbers of steps, the lock it holds, what needs to be done only once. */
import type { Registry } from "../config/config.ts";
import { EXECUTE_LIMITS, type ExecuteLimits } from "./limits.ts";

export class RunState {
  readonly limits: ExecuteLimits;
  readonly startedAtMs = performance.now();
  /** With what hosts are logged in, by host and server of the registry: `localhost`, and those of the configuration. */
  readonly loggedIn = new Map<string, Registry>();
  /** Set while the deploy lock is held by this run; `verify` rejects when somebody else has it now. */
  lock: { readonly verify: () => Promise<void> } | undefined;
  /** The version of the plan that is walked, once there is one: a rollback finds out its own. */
  version: string | undefined;
  /** Whether a version is taking over: `before` nothing serves anything new, `after` everything does. */
  takeover: "before" | "during" | "after" = "before";
  /** Hosts that are not as they should be. */
  readonly #reach = new Map<string, "suspect" | "gone">();
  readonly #asking = new Map<string, Promise<void>>();
  #steps = 0;
  readonly #once = new Map<string, Promise<void>>();

  constructor(limits: ExecuteLimits = EXECUTE_LIMITS) {
    this.limits = limits;
  }

  nextStepId(): number {
    this.#steps += 1;
    return this.#steps;
  }

  /** It could not be reached, or its connection was lost, and nothing was heard of it since. */
  isSuspect(host: string): boolean {
    return this.#reach.get(host) === "suspect";
  }

  /** It was asked once more, in vain: every attempt can take half a minute, and an undo has many. */
  isGone(host: string): boolean {
    return this.#reach.get(host) === "gone";
  }

  /** Several commands may be lost at a time, with one connection. */
  notReached(host: string): void {
    if (!this.isGone(host)) this.#reach.set(host, "suspect");
  }

  reached(host: string): void {
    if (this.isSuspect(host)) this.#reach.delete(host);
  }

  gaveUp(host: string): void {
    this.#reach.set(host, "gone");
  }

  /** Whoever comes while it is being asked waits for the same answer. */
  whileAsked(host: string, ask: () => Promise<void>): Promise<void> {
    const asking = this.#asking.get(host) ?? ask().finally(() => this.#asking.delete(host));
    this.#asking.set(host, asking);
    return asking;
  }

  /** Whoever comes later waits for the first one. */
  once(what: string, work: () => Promise<void>): Promise<void> {
    const running = this.#once.get(what) ?? work();
    this.#once.set(what, running);
    return running;
  }
}
