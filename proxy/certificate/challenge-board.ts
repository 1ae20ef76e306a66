/** Challenges as they come and go, and the peers → the table of both that the data plane answers by. */
import type { Challenge } from "../challenge/challenge-table.ts";
import type { DataPlane } from "../data-plane/data-plane.ts";

export class ChallengeBoard {
  readonly #dataPlane: DataPlane;
  readonly #challenges = new Set<Challenge>();
  #peers: readonly string[] = [];

  constructor(dataPlane: DataPlane) {
    this.#dataPlane = dataPlane;
  }

  get hasPeers(): boolean {
    return this.#peers.length > 0;
  }

  /** Resolves once whoever comes to see it is answered; call what it resolves with to take it away. */
  async put(challenge: Challenge): Promise<() => void> {
    this.#challenges.add(challenge);
    try {
      await this.#publish();
    } catch (error) {
      // It would hinder those that come after it.
      this.#challenges.delete(challenge);
      throw error;
    }
    return () => {
      if (this.#challenges.delete(challenge)) this.#publish().catch(() => undefined);
    };
  }

  async usePeers(peers: readonly string[]): Promise<void> {
    if (peers.length === this.#peers.length && peers.every((peer) => this.#peers.includes(peer))) return;
    this.#peers = peers;
    await this.#publish();
  }

  #publish(): Promise<void> {
    return this.#dataPlane.useChallenges({ challenges: [...this.#challenges], peers: this.#peers });
  }
}
