/** Address ranges of the proxies in front of this one → whether a peer is one of them, and who stands behind it. */
import { BlockList, isIP } from "node:net";
import { ProxyError } from "../errors.ts";
import { addressOfHop, canonicalAddress } from "./client-address.ts";

const MAPPED_BITS = 96;

export class TrustedProxies {
  // Apart: a list with both would find every IPv4 address in `::/0`.
  readonly #v4 = new BlockList();
  readonly #v6 = new BlockList();
  readonly #maxHops: number;

  /**
   * @param ranges `address/bits` or `address`, IPv4 and IPv6
   * @param maxHops elements of X-Forwarded-For that are looked at, from the right
   * @throws ProxyError `invalid-argument`
   */
  constructor(ranges: readonly string[], maxHops: number) {
    this.#maxHops = maxHops;
    for (const range of ranges) this.#add(range);
  }

  /** @param address as `plainAddress` gives it */
  includes(address: string): boolean {
    return address.includes(":") ? this.#v6.check(address, "ipv6") : this.#v4.check(address, "ipv4");
  }

  /**
   * The client behind `peer`, which is trusted: the right-most hop that is no trusted proxy, for everything left of it
   * is hearsay. What is no address ends the search at the last one that is.
   * @param forwardedFor X-Forwarded-For, its lines joined with commas
   */
  clientBehind(peer: string, forwardedFor: string): string {
    let client = peer;
    let end = forwardedFor.length;
    for (let hops = 0; hops < this.#maxHops && end >= 0; hops++) {
      const comma = end === 0 ? -1 : forwardedFor.lastIndexOf(",", end - 1);
      const hop = addressOfHop(forwardedFor.slice(comma + 1, end));
      if (hop === null) break;
      client = hop;
      if (!this.includes(hop)) break;
      end = comma;
    }
    return client;
  }

  #add(range: string): void {
    const [, address = "", bits] = /^([^/%]*)(?:\/(\d{1,3}))?$/.exec(range) ?? [];
    const family = isIP(address);
    const widest = family === 6 ? 128 : 32;
    const length = Number(bits ?? widest);
    if (family === 0 || length > widest) {
      throw new ProxyError("invalid-argument", `trusted proxy ${JSON.stringify(range)} is not an address range`, {
        hint: "Ranges look like 10.0.0.0/8 or fd00::/8.",
      });
    }
    const plain = canonicalAddress(address) ?? address;
    if (family === 4) this.#v4.addSubnet(plain, length, "ipv4");
    else if (isIP(plain) === 6) this.#v6.addSubnet(plain, length, "ipv6");
    else if (length >= MAPPED_BITS) this.#v4.addSubnet(plain, length - MAPPED_BITS, "ipv4");
    else this.#v6.addSubnet(address, length, "ipv6");
  }
}
