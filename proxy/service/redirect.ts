/** Where a request has to go instead: to HTTPS, to the canonical host, or both in one hop. Source: proxy-behaviour §7.5. */
import { isIPv6 } from "node:net";
import { hostOfAuthority } from "../http1/authority.ts";
import type { ServiceRoute } from "../route/routing-table.ts";

/** What a redirect has to know of a request. */
export type Redirectable = {
  /** Host as sent, with its port; and folded. */
  readonly authority: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly hasQuery: boolean;
};

/** Nobody can be sent to a host that was never named. */
export const NOWHERE = "";

export class Redirect {
  readonly #toHttps: boolean;
  /** Folded; empty for none. */
  readonly #canonicalHost: string;
  readonly #hosts: ReadonlySet<string>;
  /** The first host that is no pattern. */
  readonly #namedHost: string;

  private constructor(route: ServiceRoute) {
    this.#toHttps = route.tls.enabled && route.tls.redirect;
    this.#canonicalHost = folded(route.canonicalHost);
    this.#hosts = new Set(route.hosts.filter((host) => host !== ""));
    this.#namedHost = route.hosts.find((host) => host !== "" && !host.includes("*")) ?? "";
  }

  /** Null when the service never redirects. */
  static of(route: ServiceRoute): Redirect | null {
    const wanted = (route.tls.enabled && route.tls.redirect) || route.canonicalHost !== "";
    return wanted ? new Redirect(route) : null;
  }

  /**
   * The absolute URL to send the client to, null when it is where it should be, `NOWHERE` when there is no such URL.
   * @param clientScheme of the client's connection, to us or to a trusted proxy
   */
  locationFor(request: Redirectable, clientScheme: string): string | null {
    const scheme = this.#toHttps ? "https" : clientScheme;
    const elsewhere = this.#canonicalHost !== "" && this.#canonicalHost !== request.host;
    if (scheme === clientScheme && !elsewhere) return null;
    const host = this.#canonicalHost || this.#ownHost(request.host);
    if (host === "") return NOWHERE;
    // The port belongs to the scheme: to another scheme nobody knows it.
    const port = scheme === clientScheme ? portOf(request.authority, scheme) : "";
    const query = request.hasQuery ? `?${request.query}` : "";
    return `${scheme}://${isIPv6(host) ? `[${host}]` : host}${port}${request.path}${query}`;
  }

  /**
   * The request's host if it is one of the service's; else a host of the service. Only a service that names none at all
   * takes the client's word, which has been checked to be a host name and nothing more.
   */
  #ownHost(host: string): string {
    if (this.#hosts.has(host)) return host;
    const dot = host.indexOf(".");
    if (dot > 0 && this.#hosts.has(`*${host.slice(dot)}`)) return host;
    return this.#namedHost || (this.#hosts.size === 0 ? host : "");
  }
}

/** 301 where clients expect it; elsewhere one that keeps method and body (RFC 9110 §15.4.9). */
export function redirectStatus(method: string): number {
  return method === "GET" || method === "HEAD" ? 301 : 308;
}

function folded(host: string): string {
  return hostOfAuthority(isIPv6(host) ? `[${host}]` : host) ?? "";
}

/** `:port` unless it is the scheme's own. */
function portOf(authority: string, scheme: string): string {
  const port = /:(\d+)$/.exec(authority)?.[1];
  if (port === undefined) return "";
  const number = Number(port);
  return number === (scheme === "https" ? 443 : 80) ? "" : `:${number}`;
}
