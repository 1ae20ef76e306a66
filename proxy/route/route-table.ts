/** Host and path → the service that answers. Built whole from a routing table, never changed afterwards. */
import { canonicalPrefix, matchPrefix } from "./path-prefix.ts";

export type RoutedService = {
  readonly hosts: readonly string[];
  readonly pathPrefixes: readonly string[];
};

export type Match<S> = {
  readonly service: S;
  /** Characters of the path that the prefix covers; 0 for `/`. */
  readonly prefixLength: number;
  /** That prefix as configured, canonical. */
  readonly prefix: string;
};

type Bucket<S> = {
  /** Longest prefix first. */
  readonly routes: { readonly prefix: string; readonly service: S }[];
  /** Some prefix is not `/`: where a path resolves to decides who answers. */
  guarded: boolean;
};

const ANY_HOST = "";

export class RouteTable<S extends RoutedService> {
  // Maps, not objects: `__proto__` and `constructor` are host names like any other.
  readonly #buckets = new Map<string, Bucket<S>>();

  constructor(services: Iterable<S>) {
    for (const service of services) {
      for (const host of service.hosts.length === 0 ? [ANY_HOST] : service.hosts) this.#add(host, service);
    }
    for (const bucket of this.#buckets.values()) bucket.routes.sort((a, b) => b.prefix.length - a.prefix.length);
  }

  /** The bucket of a folded host: its exact name, else its one-label wildcard, else any host. The first found decides. */
  bucket(host: string): Bucket<S> | undefined {
    const exact = this.#buckets.get(host);
    if (exact) return exact;
    const dot = host.indexOf(".");
    const wildcard = dot > 0 ? this.#buckets.get(`*${host.slice(dot)}`) : undefined;
    return wildcard ?? this.#buckets.get(ANY_HOST);
  }

  /** @param unusual the path has escapes, backslashes or dot segments */
  match(bucket: Bucket<S>, path: string, unusual: boolean): Match<S> | null {
    for (const { prefix, service } of bucket.routes) {
      const prefixLength = matchPrefix(prefix, path, unusual);
      if (prefixLength !== -1) return { service, prefixLength, prefix };
    }
    return null;
  }

  #add(host: string, service: S): void {
    let bucket = this.#buckets.get(host);
    if (!bucket) {
      bucket = { routes: [], guarded: false };
      this.#buckets.set(host, bucket);
    }
    for (const prefix of service.pathPrefixes.length === 0 ? ["/"] : service.pathPrefixes) {
      const canonical = canonicalPrefix(prefix);
      bucket.routes.push({ prefix: canonical, service });
      if (canonical !== "/") bucket.guarded = true;
    }
  }
}
