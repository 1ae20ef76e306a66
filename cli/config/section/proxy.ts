/** `proxy`: how requests reach a role or an accessory. Config-schema §6; keys of ours are marked in their descriptions. */
import * as z from "zod";
import { argument, host, line, secretName, word } from "../value-syntax.ts";
import { proxyRun } from "./proxy-run.ts";
import { boolean, choice, integer, isHash, key, list, port, seconds, section, text } from "./types.ts";

/** A name to serve; `*.` stands for one label. */
const servedName = (name: string) =>
  /^[^\s\p{Cc}/"'`$;&|<>()\\{}=]+$/u.test(name) && !name.startsWith("-")
    ? undefined
    : `is not a host name: ${JSON.stringify(name)}`;
/** One name, or several between commas. */
const servedNames = (names: string) =>
  namesIn(names)
    .map(servedName)
    .find((wrong) => wrong !== undefined);

const fieldName = (name: string) =>
  /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) ? undefined : `is not the name of a header: ${JSON.stringify(name)}`;

const certificate = section({
  certificate_pem: key(text(secretName), "Name of the secret with the certificate, PEM.", "CERTIFICATE_PEM"),
  private_key_pem: key(text(secretName), "Name of the secret with its private key, PEM.", "PRIVATE_KEY_PEM"),
}).superRefine((value, context) => {
  const missing =
    value.certificate_pem === undefined
      ? "certificate_pem"
      : value.private_key_pem === undefined
        ? "private_key_pem"
        : undefined;
  if (missing === undefined || Object.keys(value).length === 0) return;
  context.addIssue({
    code: "custom",
    message: "certificate_pem and private_key_pem each require the other",
    path: [missing],
    input: value,
  });
});

const ssl = choice([boolean(), certificate], "should be a boolean or a hash", (input) =>
  typeof input === "boolean" ? 0 : isHash(input) ? 1 : undefined,
);

const healthcheck = section({
  interval: key(seconds(), "Seconds between two checks.", 1),
  timeout: key(seconds(), "Seconds that one check may take.", 5),
  path: key(text(line), "Path that answers 2xx when the app is ready.", "/up"),
  port: key(port(), "Port to check, if not the app's. (kdeploy only)", 9090),
  host: key(text(host), "Host header of the check. (kdeploy only)", "shop.example.com"),
});

const buffering = section({
  requests: key(boolean(), "Take a request in whole before it is passed to the app.", true),
  responses: key(boolean(), "Take a response in whole before it is passed to the client.", true),
  max_request_body: key(integer({ min: 0 }), "Largest request in bytes, 0 for any size.", 40_000_000),
  max_response_body: key(integer({ min: 0 }), "Largest response in bytes, 0 for any size.", 0),
  memory: key(integer({ min: 0 }), "Bytes of each body kept in memory; the rest goes to a file.", 2_000_000),
});

const logging = section({
  request_headers: key(list(text(fieldName)), "Request headers to log.", ["Cache-Control", "X-Request-ID"]),
  response_headers: key(list(text(fieldName)), "Response headers to log.", ["X-Cache"]),
});

/** `host:port`, as the proxy takes its targets. */
const target = (text: string) => {
  const [name = "", number = "", ...rest] = text.startsWith("[") ? bracketed(text) : text.split(":");
  const inRange = /^[0-9]{1,5}$/.test(number) && Number(number) >= 1 && Number(number) <= 65_535;
  const wrong = host(name);
  return rest.length === 0 && inRange && wrong === undefined && !name.includes("@")
    ? undefined
    : `should be HOST:PORT: ${JSON.stringify(text)}`;
};

/** `[::1]:80` → address and port. */
function bracketed(text: string): string[] {
  const [, address = "", number = ""] = /^\[([0-9a-fA-F:.]+)\]:([0-9]+)$/.exec(text) ?? [];
  return [address, number];
}

const acme = section({
  directory: key(
    text(word),
    "Directory URL of the certificate authority; Let's Encrypt unless given.",
    "https://acme.example.com/directory",
  ),
  staging: key(
    boolean(),
    "Let's Encrypt's staging directory, for trying it out: browsers do not trust its certificates.",
    false,
  ),
  cache_path: key(
    text(argument),
    "Directory of the certificates on the proxy's side; in its data volume unless given.",
    "/home/kamal-proxy/.config/kamal-proxy/certs",
  ),
  email: key(text(word), "Address that the authority may write to.", "ops@example.com"),
  eab_key_id: key(text(word), "Key id of an external account.", "kid-1"),
  eab_key_path: key(
    text(argument),
    "File with the key of the external account, on the proxy's side.",
    "/home/kamal-proxy/.apps-config/eab.key",
  ),
  dns_hook: key(
    text(argument),
    "Program that sets and removes the DNS records of a DNS-01 challenge, on the proxy's side.",
    "/home/kamal-proxy/.apps-config/dns-hook",
  ),
  peers: key(
    list(text(host)),
    "Proxies that are asked for a challenge this one does not know; the role's other hosts unless given.",
    ["10.0.0.1", "10.0.0.2"],
  ),
}).superRefine((value, context) => {
  if (value.directory === undefined || value.staging !== true) return;
  const message = "staging is Let's Encrypt's: specify one of directory or staging, not both";
  context.addIssue({ code: "custom", message, path: ["staging"], input: value });
});

export const proxyKeys = {
  host: key(text(servedNames), "Name to serve, or several between commas; any name unless given.", "shop.example.com"),
  hosts: key(list(text(servedName)), "The same as a list; one of host or hosts.", [
    "shop.example.com",
    "www.shop.example.com",
  ]),
  app_port: key(port(), "Port that the app listens on in its container.", 3000),
  ssl: key(ssl, "Serve HTTPS: true for automatic certificates, or the names of secrets with one of your own.", true),
  ssl_redirect: key(boolean(), "Redirect HTTP to HTTPS.", true),
  forward_headers: key(
    boolean(),
    "Believe X-Forwarded-* headers that clients send; true without ssl, false with it.",
    false,
  ),
  response_timeout: key(seconds(), "Seconds that a response may take to begin.", 30),
  path_prefix: key(text(line), "Path to serve, or several between commas.", "/shop"),
  path_prefixes: key(list(text(line)), "The same as a list; it counts more than path_prefix.", ["/shop", "/cart"]),
  strip_path_prefix: key(boolean(), "Take the prefix off before a request is passed on.", true),
  healthcheck: key(healthcheck, "How a new container is found ready."),
  buffering: key(buffering, "Bodies that are taken in whole."),
  logging: key(logging, "Headers in the access log."),
  run: key(proxyRun, "How the proxy itself is started; the same for all apps of a server."),
  canonical_host: key(
    text(servedName),
    "Name that requests for the other names are redirected to. (kdeploy only)",
    "shop.example.com",
  ),
  tls_on_demand_url: key(
    text(word),
    "Path or URL that is asked, with ?host=, whether a name may have a certificate. (kdeploy only)",
    "/tls-allowed",
  ),
  client_ip_header: key(
    text(fieldName),
    "Header that carries the client's address. (kdeploy only)",
    "CF-Connecting-IP",
  ),
  scope_cookie_paths: key(boolean(), "Put the stripped prefix before the path of cookies. (kdeploy only)", false),
  exclude_metrics_paths: key(list(text(line)), "Exact paths that metrics do not count. (kdeploy only)", ["/up"]),
  target_protocol: key(
    z.enum(["http1", "h2c"], { error: "should be http1 or h2c" }),
    "Protocol spoken with the app: http1, or h2c for HTTP/2 without TLS. (kdeploy only)",
    "http1",
  ),
  hsts: key(
    seconds(),
    "Seconds that browsers shall use HTTPS only, sent as Strict-Transport-Security. (kdeploy only)",
    31_536_000,
  ),
  read_targets: key(
    list(text(target)),
    "Further copies of the app, HOST:PORT, that take GET and HEAD only: readers beside a database replica, for instance. They are yours to deploy, and must be healthy before a switch. (kdeploy only)",
    ["10.0.0.7:3000", "10.0.0.8:3000"],
  ),
  writer_affinity_timeout: key(
    text((count) => (/^[0-9]{1,9}(?:\.[0-9]{1,9})?$/.test(count) ? undefined : "should be a number of seconds")),
    "Seconds that a client's reads stay off the read targets after it has written, fractions too; 0 for not at all. (kdeploy only)",
    1,
  ),
  read_target_websockets: key(boolean(), "Whether WebSockets may go to read targets. (kdeploy only)", false),
  acme: key(acme, "Where automatic certificates come from. (kdeploy only)"),
};

export const proxy = section(proxyKeys).superRefine((value, context) => {
  if (value.host === undefined || value.hosts === undefined) return;
  context.addIssue({
    code: "custom",
    message: "specify one of host or hosts, not both",
    path: ["hosts"],
    input: value,
  });
});

export type ProxyInput = z.output<typeof proxy>;

/** The values between commas, without blanks. */
export function namesIn(names: string): string[] {
  return names
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}
