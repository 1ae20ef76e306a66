/** Who is in the rollout group: the value of the `kamal-rollout` cookie, which the application sets, decides. */
import { cookieValue } from "../request/cookie.ts";
import type { Exchange } from "../request/exchange.ts";
import type { RolloutSplit } from "../route/routing-table.ts";

const COOKIE = "kamal-rollout";

const OFFSET_BASIS = 2_166_136_261;
const PRIME = 16_777_619;
const MAX_HASH = 0xff_ff_ff_ff;

export class RolloutGroup {
  readonly #allowlist: ReadonlySet<string>;
  readonly #splitPoint: number;

  constructor(split: RolloutSplit) {
    this.#allowlist = new Set(split.allowlist);
    this.#splitPoint = (MAX_HASH * split.percentage) / 100;
  }

  admits(exchange: Exchange): boolean {
    const field = exchange.requestField("cookie");
    if (field === undefined) return false;
    const value = cookieValue(field, COOKIE);
    return value !== undefined && this.admitsValue(value);
  }

  /** The allow list first, then the share. Nobody without a value: it could not be the same group every time. */
  admitsValue(value: string): boolean {
    return value !== "" && (this.#allowlist.has(value) || fnv1a(value) <= this.#splitPoint);
  }
}

/** FNV-1a, 32 bit, of the value's bytes. The same as kamal-proxy's, so that a change of proxy moves nobody. */
export function fnv1a(text: string): number {
  let hash = OFFSET_BASIS;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), PRIME) >>> 0;
  return hash;
}
