/**
 * Whose questions are passed on to peers: each client's network has a budget of its own, so that a stranger who invents
 * tokens cannot use up what an authority's validators need.
 */
import { isIPv6 } from "node:net";
import type { CHALLENGE_LIMITS } from "../limits.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What one customer of a provider has, more or less: a /24 of IPv4, a /64 of IPv6. */
const IPV4_PARTS = 3;
const IPV6_PARTS = 4;

export class AskingNetworks {
  readonly #limits: typeof CHALLENGE_LIMITS;
  /** The one that asked last is last. */
  readonly #budgets = new Map<string, TokenBucket>();

  constructor(limits: typeof CHALLENGE_LIMITS) {
    this.#limits = limits;
  }

  /** @param address plain, of the client */
  mayAsk(address: string): boolean {
    const network = networkOf(address);
    const budget = this.#budgets.get(network) ?? new TokenBucket(this.#limits.peerQuestionsPerNetworkAndSecond, 1_000);
    this.#budgets.delete(network);
    this.#budgets.set(network, budget);
    const oldest = this.#budgets.keys().next();
    if (this.#budgets.size > this.#limits.maxAskingNetworks && !oldest.done) this.#budgets.delete(oldest.value);
    return budget.take();
  }
}

function networkOf(address: string): string {
  if (!isIPv6(address)) return address.split(".").slice(0, IPV4_PARTS).join(".");
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  // What `::` stands for are zeros; only those among the first four groups matter.
  if (tail !== undefined) while (groups.length < IPV6_PARTS) groups.push("0");
  return groups.slice(0, IPV6_PARTS).join(":");
}
