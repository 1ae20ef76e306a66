/** The targets of one slot: writers, perhaps readers beside them, and who of them takes a request. */
import type { Exchange } from "../request/exchange.ts";
import type { Target } from "../target/target.ts";
import { Rotation } from "./rotation.ts";
import { isPinnedToWriter } from "./writer-affinity.ts";

/** A target and what the routing table says of it. */
export type Member = { readonly target: Target; readonly role: "writer" | "reader"; readonly inRotation: boolean };

export type ReadPolicy = {
  /** How long reads follow a client's writes; 0 for not at all. */
  readonly writerAffinityTimeoutMs: number;
  readonly readTargetsAcceptWebsockets: boolean;
};

export class TargetGroup {
  /** No member at all, healthy or not. */
  empty = true;
  /** Readers are deployed, whether or not one of them is healthy at the moment. */
  hasReaders = false;
  readonly #writers = new Rotation();
  readonly #readers = new Rotation();
  #policy: ReadPolicy = { writerAffinityTimeoutMs: 0, readTargetsAcceptWebsockets: false };

  update(members: readonly Member[], policy: ReadPolicy): void {
    this.empty = members.length === 0;
    this.hasReaders = members.some(({ role }) => role === "reader");
    this.#policy = policy;
    this.#writers.update(healthy(members, "writer"));
    this.#readers.update(healthy(members, "reader"));
  }

  /**
   * Who takes the exchange; undefined when nobody can. Reads go to readers, or to writers when no reader is left;
   * everything else goes to writers only.
   * @param except has just failed
   */
  next(exchange: Exchange, except?: Target): Target | undefined {
    if (!this.hasReaders || !this.#wantsReader(exchange)) return this.#writers.next(except);
    return this.#readers.next(except) ?? this.#writers.next(except);
  }

  /** True for what changes nothing. A WebSocket may write, unless readers have been declared fit for it. */
  isRead(exchange: Exchange): boolean {
    if (exchange.method !== "GET" && exchange.method !== "HEAD") return false;
    return exchange.upgrade === "" || this.#policy.readTargetsAcceptWebsockets;
  }

  #wantsReader(exchange: Exchange): boolean {
    const { writerAffinityTimeoutMs } = this.#policy;
    if (!this.isRead(exchange)) return false;
    return writerAffinityTimeoutMs === 0 || !isPinnedToWriter(exchange, writerAffinityTimeoutMs);
  }
}

function healthy(members: readonly Member[], role: Member["role"]): readonly Target[] {
  return members.filter((member) => member.role === role && member.inRotation).map(({ target }) => target);
}
