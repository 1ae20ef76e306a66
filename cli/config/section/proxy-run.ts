/** `proxy.run`: how the proxy's container is started on a server. Config-schema §6. */
import { argument, host, ipAddress, word } from "../value-syntax.ts";
import { options } from "./options.ts";
import { boolean, key, list, port, section, text } from "./types.ts";

const logSize = text((size) =>
  size === "" || /^[0-9]+[bkmg]?$/i.test(size) ? undefined : "should be a size such as 10m",
);

/** `private`, `cloudflare`, or addresses with an optional length: what the proxy's own flag takes. */
const trustedRange = text((range) => {
  if (range === "private" || range === "cloudflare") return undefined;
  const [address = "", length, ...rest] = range.split("/");
  const usable =
    rest.length === 0 && (length === undefined || /^[0-9]{1,3}$/.test(length)) && ipAddress(address) === undefined;
  return usable
    ? undefined
    : `should be private, cloudflare or a range such as 203.0.113.0/24: ${JSON.stringify(range)}`;
});

export const proxyRun = section({
  http_port: key(port(), "Port of the server for HTTP.", 80),
  https_port: key(port(), "Port of the server for HTTPS.", 443),
  publish: key(boolean(), "Whether these ports are published on the server at all.", true),
  bind_ips: key(list(text(ipAddress)), "Addresses of the server to publish on; all of them unless given.", [
    "203.0.113.7",
    "2001:db8::7",
  ]),
  metrics_port: key(port(), "Port of the metrics for Prometheus, inside Docker's network.", 9090),
  debug: key(boolean(), "Log more.", false),
  log_max_size: key(
    logSize,
    "Size of the proxy's log at which Docker begins a new one; \"\" for Docker's own default.",
    "10m",
  ),
  registry: key(text(word), "Registry of the proxy's image; Docker Hub unless given.", "registry.example.com:5000"),
  repository: key(text(argument), "Repository of the proxy's image.", "acme/kdeploy-proxy"),
  version: key(
    text((tag) => (/^[\w][\w.-]{0,127}$/.test(tag) ? undefined : `is not a tag: ${JSON.stringify(tag)}`)),
    "Tag of the proxy's image.",
    "v1.0.0",
  ),
  options: key(options(), "Further flags for docker run.", { memory: "512m" }),
  trusted_proxies: key(
    list(trustedRange),
    "Peers whose forwarded headers are believed: ranges, private or cloudflare. (kdeploy's proxy only)",
    ["private", "203.0.113.0/24"],
  ),
  proxy_protocol: key(
    boolean(),
    "Every connection begins with a PROXY header, as load balancers send it. (kdeploy's proxy only)",
    false,
  ),
  bind: key(text(ipAddress), "Address to listen on inside the container. (kdeploy's proxy only)", "0.0.0.0"),
  metrics_bind: key(
    text(ipAddress),
    "Address for metrics inside the container. Needs metrics_port. (kdeploy's proxy only)",
    "127.0.0.1",
  ),
  access_log: key(
    boolean(),
    "One line in the proxy's log for each request; events are logged in any case. (kdeploy's proxy only)",
    true,
  ),
  acme_peers: key(
    list(text(host)),
    "Proxies on other servers that are asked for challenges of all services, besides those of acme.peers. (kdeploy's proxy only)",
    ["10.0.0.1"],
  ),
}).superRefine((value, context) => {
  if (value.metrics_bind !== undefined && value.metrics_port === undefined) {
    context.addIssue({ code: "custom", message: "needs metrics_port", path: ["metrics_bind"], input: value });
  }
  if (value.publish !== false) return;
  for (const name of ["http_port", "https_port", "bind_ips"] as const) {
    if (value[name] === undefined) continue;
    context.addIssue({ code: "custom", message: "cannot be set when publish is false", path: [name], input: value });
  }
});
