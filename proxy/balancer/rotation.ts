/** Round robin over the targets that are in rotation. */
import type { Target } from "../target/target.ts";

export class Rotation {
  targets: readonly Target[] = [];
  // Incremented before use, as in the reference: with two targets the first request goes to the second.
  #turn = 0;

  /** Takes over a new list; the turn goes on where it was. */
  update(targets: readonly Target[]): void {
    this.targets = targets;
  }

  /** The next target, not `except` (which has just failed); undefined when there is none. */
  next(except?: Target): Target | undefined {
    const { targets } = this;
    for (let step = 0; step < targets.length; step++) {
      this.#turn = (this.#turn + 1) % targets.length;
      const target = targets[this.#turn];
      if (target !== except) return target;
    }
    return undefined;
  }
}
