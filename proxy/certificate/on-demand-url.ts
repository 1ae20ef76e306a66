/** The on-demand check as configured (a path of the service, or a URL) and a host name → the request that asks. */
import type { GetRequest } from "../http1/get-once.ts";
import { parseTargetAddress } from "../target/target-address.ts";

export type CheckRequest = Pick<GetRequest, "host" | "port" | "tls" | "path" | "hostHeader" | "fields">;

const OWN_FIELDS = "User-Agent: kdeploy-proxy\r\nAccept: */*\r\n";

/**
 * Asks the application itself: it sees the name as its host, as it would with a request of that client, though over HTTP.
 * @param path `/…`, query allowed
 * @param targetAddress `host:port`
 * @throws ProxyError `invalid-target` for an address that is none
 */
export function checkOfPath(path: string, targetAddress: string, name: string): CheckRequest {
  const [route = "/", query = ""] = path.replace(/#.*$/s, "").split(/\?(.*)/s);
  return {
    ...parseTargetAddress(targetAddress),
    tls: false,
    path: `${asciiOnly(route)}?${withHost(new URLSearchParams(query), name)}`,
    hostHeader: name,
    fields: `X-Forwarded-Proto: http\r\n${OWN_FIELDS}`,
  };
}

/**
 * Asks somebody else, under his own name.
 * @param text absolute http(s) URL
 * @throws TypeError for text that is no URL
 */
export function checkOfUrl(text: string, name: string): CheckRequest {
  const url = new URL(text);
  const tls = url.protocol === "https:";
  const defaultPort = tls ? 443 : 80;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? defaultPort : Number(url.port),
    tls,
    path: `${url.pathname}?${withHost(url.searchParams, name)}`,
    hostHeader: url.host,
    fields: OWN_FIELDS + authorizationOf(url),
  };
}

/** `host` is set, whatever it was before; names are sorted, so that one check always looks the same. */
function withHost(parameters: URLSearchParams, name: string): string {
  parameters.set("host", name);
  parameters.sort();
  return parameters.toString();
}

/** A request line holds ASCII; other characters go as their UTF-8 bytes, escaped. */
function asciiOnly(path: string): string {
  return path.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}

/** A user and a password in the URL are for the endpoint, RFC 7617. */
function authorizationOf({ username, password }: URL): string {
  if (username === "" && password === "") return "";
  const credentials = Buffer.from(`${unescaped(username)}:${unescaped(password)}`).toString("base64");
  return `Authorization: Basic ${credentials}\r\n`;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
