/** A route as the proxy has it, and the flags that it would be told now → in what they differ, in words. */
import { domainToASCII } from "node:url";
import { plainText, record, texts } from "../../remote/inventory-facts.ts";
import { wordsOf } from "../../remote/read-line.ts";
import type { Route } from "../../remote/routes.ts";

type Setting = {
  /** Of the proxy's list; what is not in it is not compared. */
  readonly now: (options: NonNullable<Route["options"]>) => unknown;
  /** What the proxy takes when it is not told. */
  readonly fallback: string;
  readonly plain?: (value: string) => string;
};

/** By flag. Peers are left out: they change with every host, and only matter while a certificate is fetched. */
const SETTINGS: Readonly<Record<string, Setting>> = {
  host: { now: ({ service }) => texts(service["hosts"]).filter((host) => host !== ""), fallback: "", plain: hostName },
  "path-prefix": { now: ({ service }) => service["pathPrefixes"], fallback: "/", plain: pathPrefix },
  "strip-path-prefix": { now: ({ service }) => service["stripPathPrefix"], fallback: "true" },
  tls: { now: tls("enabled"), fallback: "false" },
  "tls-redirect": { now: tls("redirect"), fallback: "true" },
  "tls-certificate-path": { now: tls("certificatePath"), fallback: "" },
  "tls-private-key-path": { now: tls("privateKeyPath"), fallback: "" },
  "tls-on-demand-url": { now: tls("onDemandUrl"), fallback: "" },
  "tls-email": { now: tls("email"), fallback: "" },
  "tls-dns-hook": { now: tls("dnsHook"), fallback: "" },
  "tls-hsts": { now: tls("hstsSeconds"), fallback: "0" },
  "canonical-host": { now: ({ service }) => service["canonicalHost"], fallback: "", plain: hostName },
  "error-pages": { now: ({ service }) => service["errorPagesPath"], fallback: "" },
  "exclude-metrics-path": { now: ({ service }) => service["excludeMetricsPaths"], fallback: "", plain: fromRoot },
  "client-ip-header": { now: ({ service }) => service["clientIpHeader"], fallback: "" },
  "health-check-path": { now: health("path"), fallback: "/up", plain: fromRoot },
  "health-check-port": { now: health("port"), fallback: "0" },
  "health-check-host": { now: health("host"), fallback: "" },
  "health-check-interval": { now: health("intervalMs"), fallback: "1s", plain: milliseconds },
  "health-check-timeout": { now: health("timeoutMs"), fallback: "5s", plain: milliseconds },
  "target-timeout": { now: ({ target }) => target["targetTimeoutMs"], fallback: "30s", plain: milliseconds },
  "target-protocol": { now: ({ target }) => target["protocol"], fallback: "http1" },
  "forward-headers": { now: ({ target }) => target["forwardHeaders"] ?? "", fallback: "" },
  "scope-cookie-paths": { now: ({ target }) => target["scopeCookiePaths"], fallback: "false" },
  "log-request-header": { now: ({ target }) => target["logRequestHeaders"], fallback: "" },
  "log-response-header": { now: ({ target }) => target["logResponseHeaders"], fallback: "" },
  "buffer-requests": { now: buffering("requests"), fallback: "false" },
  "buffer-responses": { now: buffering("responses"), fallback: "false" },
  "buffer-memory": { now: buffering("memoryBytes"), fallback: String(1024 * 1024) },
  "max-request-body": { now: buffering("maxRequestBytes"), fallback: "0" },
  "max-response-body": { now: buffering("maxResponseBytes"), fallback: "0" },
};

/** @param flags of `kamal-proxy deploy`, as they stand on a command line */
export function routeDrift(route: Route, flags: readonly string[]): string[] {
  const told = flagsIn(flags);
  return [...targetDrift(route, told), ...(route.options === undefined ? tableDrift(route, told) : drift(route, told))];
}

function drift({ options }: Route, told: ReadonlyMap<string, readonly string[]>): string[] {
  return Object.entries(SETTINGS).flatMap(([flag, { fallback, now, plain = same }]) => {
    const value = options === undefined ? undefined : now(options);
    if (value === undefined) return [];
    const present = inWords(Array.isArray(value) ? texts(value) : [plainText(value)]);
    const given = told.get(flag) ?? (fallback === "" ? [] : [fallback]);
    const wanted = inWords(given.map(plain));
    return present === wanted ? [] : [differing(flag, present, wanted)];
  });
}

/** The original's table says less. */
function tableDrift(route: Route, told: ReadonlyMap<string, readonly string[]>): string[] {
  const rows: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["host", route.hosts, (told.get("host") ?? []).map(hostName)],
    ["path-prefix", route.paths, (told.get("path-prefix") ?? ["/"]).map(pathPrefix)],
    ["tls", [String(route.tls)], told.get("tls") ?? ["false"]],
  ];
  return rows.flatMap(([flag, present, wanted]) =>
    inWords(present) === inWords(wanted) ? [] : [differing(flag, inWords(present), inWords(wanted))],
  );
}

function targetDrift(route: Route, told: ReadonlyMap<string, readonly string[]>): string[] {
  const port = (address: string | undefined): string => address?.split(":").at(-1) ?? "";
  const wanted = port(told.get("target")?.[0]);
  const present = [...new Set(route.targets.map(port))].join(", ");
  return present === wanted ? [] : [differing("app_port", present, wanted)];
}

function flagsIn(flags: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { text } of wordsOf(flags.join(" "))) {
    const [, flag = "", value = "true"] = /^--([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
    found.set(flag, [...(found.get(flag) ?? []), value]);
  }
  return found;
}

function differing(what: string, present: string, wanted: string): string {
  return `${what} ${present || "none"} in place of ${wanted || "none"}`;
}

function inWords(values: readonly string[]): string {
  return [...new Set(values)].filter((one) => one !== "").join(", ");
}

function tls(key: string): Setting["now"] {
  return ({ service }) => record(service["tls"])[key];
}

function health(key: string): Setting["now"] {
  return ({ target }) => record(target["healthCheck"])[key];
}

function buffering(key: string): Setting["now"] {
  return ({ target }) => record(target["buffering"])[key];
}

function same(value: string): string {
  return value;
}

/** As the proxy writes it. */
function hostName(name: string): string {
  const ascii = /^[\x00-\x7f]*$/.test(name) ? name.toLowerCase() : domainToASCII(name);
  return ascii.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
}

function pathPrefix(path: string): string {
  return `/${path.replace(/^\/+|\/+$/g, "")}`;
}

function fromRoot(path: string): string {
  return path.startsWith("/") ? path : `/${path}`;
}

/** `30s`, as the deploy tool writes times. */
function milliseconds(text: string): string {
  return String(Number(text.replace(/s$/, "")) * 1000);
}
