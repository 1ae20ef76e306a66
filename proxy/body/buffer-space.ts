/** What all buffered bodies of one thread share: the memory that they may use together, and a parser for held heads. */
import { ResponseHead } from "../http1/response-head.ts";
import type { Limits } from "../limits.ts";

export class BufferSpace {
  /** For response heads that were held; the one of the target connections may be in use. */
  readonly head: ResponseHead;
  readonly #maxBytes: number;
  #used = 0;

  constructor(limits: Limits) {
    this.head = new ResponseHead(limits);
    this.#maxBytes = limits.maxBufferedMemoryBytes;
  }

  /** Bytes of memory that buffered bodies hold now. */
  get used(): number {
    return this.#used;
  }

  /** False when the thread's share is used up: the body goes on in a file, however little of it is in memory. */
  reserve(bytes: number): boolean {
    if (this.#used + bytes > this.#maxBytes) return false;
    this.#used += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#used -= bytes;
  }
}
