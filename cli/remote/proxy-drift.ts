/** The proxy's container as Docker shows it, and what `proxy.run` wants in → how the two differ, in words out. */
import type { Options, OptionValue, ProxyRun } from "../config/config.ts";
import { PROXY_CONTAINER } from "../config/names.ts";
import { isTooOld, proxyImage } from "./proxy-image.ts";
import { APPS_CONFIG, PROXY_APPS_CONFIG, publishedPorts, runFlags } from "./proxy-run.ts";

export type ProxyContainer = {
  readonly image: string;
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Docker's `HostConfig`. Source: Docker Engine API, `ContainerInspect`. */
  readonly host: Readonly<Record<string, unknown>> | undefined;
};

/** Fails when there is no proxy. For `parseProxyContainer`. */
export function inspectProxy(): string {
  const fields = [
    '"image": {{json .Config.Image}}',
    '"command": {{json .Config.Cmd}}',
    '"env": {{json .Config.Env}}',
    '"labels": {{json .Config.Labels}}',
    '"host": {{json .HostConfig}}',
  ];
  return `docker inspect ${PROXY_CONTAINER} --format '{${fields.join(", ")}}'`;
}

/** Undefined for anything else than what `inspectProxy` prints. */
export function parseProxyContainer(stdout: string): ProxyContainer | undefined {
  let found: Partial<Record<keyof ProxyContainer, unknown>> | null;
  try {
    found = JSON.parse(stdout) as typeof found;
  } catch {
    return undefined;
  }
  if (typeof found?.image !== "string") return undefined;
  return {
    image: found.image,
    command: (found.command ?? []) as string[],
    env: (found.env ?? []) as string[],
    labels: (found.labels ?? {}) as Record<string, string>,
    host: (found.host ?? undefined) as Record<string, unknown> | undefined,
  };
}

export function isOutdated(container: ProxyContainer): boolean {
  return isTooOld(container.image);
}

/** Empty where nothing differs that can be seen. Without `run` a proxy may be as it likes. */
export function differences(run: ProxyRun | undefined, container: ProxyContainer): string[] {
  if (run === undefined) return [];
  const wanted = proxyImage(run);
  return [
    ...(wanted === container.image ? [] : [`image ${wanted} instead of ${container.image}`]),
    ...(container.host === undefined ? [] : seenInHostConfig(run, container)),
  ];
}

function seenInHostConfig(run: ProxyRun, container: ProxyContainer): string[] {
  return [
    ...portsThatDiffer(run, container),
    ...logSizeThatDiffers(run, container),
    ...compared("flag", runFlags(run).map(flagText), flagsIn(container.command)),
    ...Object.entries(VISIBLE).flatMap(([name, option]) => {
      const words = valuesOf(run.options, name).map((value) => (option.spelled ?? String)(value));
      const there = option.there(container);
      const beside = option.more === true ? there.filter((one) => words.some((word) => matches(word, one))) : there;
      return compared(`option ${name}`, words, beside);
    }),
  ];
}

/** Further ports may be published by `options`. */
function portsThatDiffer(run: ProxyRun, { host }: ProxyContainer): string[] {
  const bindings = (host?.["PortBindings"] ?? {}) as Record<string, readonly { HostIp?: string; HostPort?: string }[]>;
  const there = ["80", "443"].flatMap((inside) =>
    (bindings[`${inside}/tcp`] ?? []).map(({ HostIp = "", HostPort = "" }) =>
      portText(HostIp === "0.0.0.0" ? "" : HostIp, HostPort, inside),
    ),
  );
  const wanted = publishedPorts(run).map(({ address, port, inside }) => portText(address, String(port), inside));
  if (valuesOf(run.options, "publish").length > 0 || sameSet(wanted, there)) return [];
  return [`ports ${listed(wanted)} instead of ${listed(there)}`];
}

function portText(address: string, port: string, inside: string): string {
  return `${address === "" ? "" : `${address.includes(":") ? `[${address}]` : address}:`}${port}→${inside}`;
}

function logSizeThatDiffers(run: ProxyRun, { host }: ProxyContainer): string[] {
  if (valuesOf(run.options, "log-opt").length > 0 || valuesOf(run.options, "log-driver").length > 0) return [];
  // What Docker's own settings say is in the container's, too: nothing tells whose it is.
  if (run.logMaxSize === "") return [];
  const { Config } = (host?.["LogConfig"] ?? {}) as { Config?: Record<string, string> | null };
  const there = Config?.["max-size"] ?? "";
  if (there === run.logMaxSize) return [];
  return [`log size ${run.logMaxSize} instead of ${there || "Docker's own"}`];
}

function flagText([flag, value]: ReturnType<typeof runFlags>[number]): string {
  return value === undefined ? flag : `${flag}=${value}`;
}

/** `--name value` and `--name=value` are the same. */
function flagsIn(words: readonly string[]): string[] {
  return words.flatMap((word, at) => {
    const next = words[at + 1];
    if (!word.startsWith("--")) return [];
    return [word.includes("=") || next === undefined || next.startsWith("--") ? word : `${word}=${next}`];
  });
}

function compared(what: string, wanted: readonly string[], there: readonly string[]): string[] {
  const missing = wanted.filter((one) => !there.some((other) => matches(one, other)));
  const extra = there.filter((one) => !wanted.some((other) => matches(other, one)));
  return [...missing.map((one) => `${what} ${one}`), ...extra.map((one) => `no ${what} ${one}`)];
}

/** Variables of the server stand for anything. */
function matches(wanted: string, there: string): boolean {
  if (!wanted.includes("${")) return wanted === there;
  const pattern = wanted
    .split(/\$\{\w+\}/)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
  return new RegExp(`^${pattern}$`).test(there);
}

type Visible = {
  readonly there: (container: ProxyContainer) => readonly string[];
  /** How Docker says it; as it is written unless given. */
  readonly spelled?: (value: OptionValue) => string;
  /** Image and Docker add to it: what is there beyond what is wanted says nothing. */
  readonly more?: true;
};

/** Flags of `docker run` that can be read off a container; of all others nothing is said. */
const VISIBLE: Readonly<Record<string, Visible>> = {
  memory: { there: sizeAt("Memory"), spelled: bytesOf },
  cpus: { there: sizeAt("NanoCpus"), spelled: (value) => String(Math.round(Number(value) * 1e9)) },
  volume: { there: ({ host }) => textsAt("Binds", host).filter((bind) => !isOwnVolume(bind)) },
  env: { there: ({ env }) => env, more: true },
  label: { there: ({ labels }) => Object.entries(labels).map(([key, value]) => `${key}=${value}`), more: true },
  "add-host": { there: ({ host }) => textsAt("ExtraHosts", host), spelled: (value) => addedHost(String(value)) },
  dns: { there: ({ host }) => textsAt("Dns", host) },
  "security-opt": { there: ({ host }) => textsAt("SecurityOpt", host), more: true },
  sysctl: {
    there: ({ host }) =>
      Object.entries((host?.["Sysctls"] ?? {}) as Record<string, string>).map(([key, value]) => `${key}=${value}`),
    more: true,
  },
};

/** `name=[::1]` → `name:::1`, as Docker's client hands it on. */
export function addedHost(text: string): string {
  return text.replace(/^([^:=]+)[:=]\[?(.*?)\]?$/, "$1:$2");
}

function isOwnVolume(bind: string): boolean {
  return bind.startsWith("kamal-proxy-config:") || bind.endsWith(`/${APPS_CONFIG}:${PROXY_APPS_CONFIG}`);
}

function textsAt(key: string, host: ProxyContainer["host"]): string[] {
  return (host?.[key] ?? []) as string[];
}

function sizeAt(key: string): Visible["there"] {
  return ({ host }) => (typeof host?.[key] === "number" && host[key] > 0 ? [String(host[key])] : []);
}

/** `512m` → bytes, as Docker counts. */
function bytesOf(value: OptionValue): string {
  const [, number = "", unit = ""] = /^([0-9.]+)([bkmg])?b?$/i.exec(String(value)) ?? [];
  const factor = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[unit.toLowerCase()] ?? 1;
  return number === "" ? String(value) : String(Math.floor(Number(number) * factor));
}

function valuesOf(options: Options, name: string): readonly OptionValue[] {
  const value = options[name];
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly OptionValue[]) : [value as OptionValue];
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text) => other.includes(text));
}

function listed(texts: readonly string[]): string {
  return texts.length === 0 ? "none" : texts.join(", ");
}
