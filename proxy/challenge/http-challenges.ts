/** HTTP-01: a request below /.well-known/acme-challenge/ → the key authorization, from memory or from a peer, or 404. */
import { CHALLENGE_LIMITS } from "../limits.ts";
import type { Exchange } from "../request/exchange.ts";
import { AskingNetworks } from "./asking-networks.ts";
import type { ChallengeTable } from "./challenge-table.ts";
import { CHALLENGE_PATH, ChallengePeers, HOP_FIELD } from "./peers.ts";

const UNKNOWN = { text: "unknown challenge\n" } as const;

export class HttpChallenges {
  /** Token → key authorization. */
  #known: ReadonlyMap<string, string> = new Map();
  readonly #peers: ChallengePeers;
  readonly #networks: AskingNetworks;

  constructor(limits: typeof CHALLENGE_LIMITS = CHALLENGE_LIMITS) {
    this.#networks = new AskingNetworks(limits);
    this.#peers = new ChallengePeers(limits);
  }

  /** Nothing is known, and there is nobody to ask. */
  get empty(): boolean {
    return this.#known.size === 0 && this.#peers.empty;
  }

  use({ challenges, peers }: ChallengeTable): void {
    const known = new Map<string, string>();
    for (const challenge of challenges) {
      if (challenge.type === "http-01") known.set(challenge.token, challenge.keyAuthorization);
    }
    this.#known = known;
    this.#peers.use(peers, known);
  }

  /** Whether `exchange`, whose path begins with `CHALLENGE_PATH`, asks for a challenge that is in the table. */
  knows(exchange: Exchange): boolean {
    return this.#known.has(tokenOf(exchange));
  }

  /** Answers now or as soon as the peers have, in any case within `peerTimeoutMs`. */
  answer(exchange: Exchange): void {
    const token = tokenOf(exchange);
    const known = this.#known.get(token);
    if (known !== undefined) return exchange.answer(200, { text: known });
    // One hop only: a question that came from a peer ends here, so questions cannot go in circles.
    if (this.#peers.empty || !this.#peers.isToken(token) || exchange.requestField(HOP_FIELD) !== undefined) {
      return exchange.answer(404, UNKNOWN);
    }
    if (!this.#networks.mayAsk(exchange.clientAddress)) return exchange.answer(404, UNKNOWN);
    void this.#peers.ask(token, exchange.authority).then((found) => {
      if (found === null || found === "") exchange.answer(404, UNKNOWN);
      else exchange.answer(200, { text: found });
    });
  }

  close(): void {
    this.#peers.close();
  }
}

function tokenOf(exchange: Exchange): string {
  return exchange.path.slice(CHALLENGE_PATH.length);
}
