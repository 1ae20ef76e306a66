/** The parts that Docker's commands have in common: labels, variables, options and names in, flags out. Source: cli-docker-commands §1–2. */
import type { Config, Logging, Options, OptionValue, Role } from "../config/config.ts";
import { joined, liveWord } from "./conventions.ts";
import { quote, quoteLive } from "./shell.ts";

/** By these containers are found again, so nothing else may set them. */
const RESERVED_LABELS: ReadonlySet<string> = new Set(["service", "role", "destination"]);

type Labelled = Pick<Config, "service" | "destination">;

/** `FLAG key="value"`; an empty value leaves the key alone. */
export function keyValueFlags(flag: string, values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([key, value]) => `${flag} ${key}${value === "" ? "" : `=${quoteLive(value)}`}`);
}

/** An empty variable is empty: without its `=`, Docker would take over the one of the ssh session. */
export function envFlags(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([name, value]) => `--env ${name}=${value === "" ? "" : quoteLive(value)}`);
}

/** `--key "value"`; true is a bare flag, a list repeats it. */
export function optionFlags(options: Options): string[] {
  return Object.entries(options).flatMap(([key, value]) => listed(value).map((one) => optionFlag(key, one)));
}

/** `--key="value"`, as the proxy takes its flags; undefined leaves the flag out. */
export function proxyFlag(key: string, value: string | number | boolean | undefined | readonly string[]): string[] {
  if (value === undefined) return [];
  if (value === true) return [`--${key}`];
  const values = Array.isArray(value) ? (value as readonly string[]) : [String(value)];
  return values.map((one) => `--${key}=${quoteLive(one)}`);
}

export function secondsFlag(key: string, seconds: number | undefined): string[] {
  return proxyFlag(key, seconds === undefined ? undefined : `${seconds}s`);
}

export function logFlags(logging: Logging): string[] {
  const driver = logging.driver === undefined ? [] : [`--log-driver ${quoteLive(logging.driver)}`];
  return [...driver, ...keyValueFlags("--log-opt", logging.options)];
}

export function volumeFlags(volumes: readonly string[]): string[] {
  return volumes.map((volume) => `--volume ${liveWord(volume)}`);
}

/** Of an app container: by the first three it is found again. */
export function appLabels(config: Labelled, role: Role): string[] {
  const own = Object.entries(role.labels).filter(([key]) => !RESERVED_LABELS.has(key));
  return keyValueFlags("--label", {
    service: config.service,
    role: role.name,
    destination: config.destination ?? "",
    ...Object.fromEntries(own),
  });
}

/** Containers of the app; of one role when it is given. */
export function appFilters(config: Labelled, role?: Pick<Role, "name">): string {
  return joined(
    `--filter label=service=${config.service}`,
    `--filter label=destination=${config.destination ?? ""}`,
    role === undefined ? undefined : `--filter label=role=${role.name}`,
  );
}

/** The container of exactly this name: Docker takes the filter for a regular expression. */
export function nameFilter(name: string): string {
  return `--filter ${quote(`name=^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`)}`;
}

/** The id of the container of exactly this name, in any state; nothing when there is none. */
export function containerId(name: string): string {
  return `docker container ls --all ${nameFilter(name)} --quiet`;
}

/** A command line of a container is the server's shell's to read: it may hold variables and quotes. */
export function containerCommand(cmd: string | undefined): string | undefined {
  return cmd?.trim();
}

function listed(value: OptionValue | readonly OptionValue[]): readonly OptionValue[] {
  return Array.isArray(value) ? (value as readonly OptionValue[]) : [value as OptionValue];
}

/** `--init false` would make Docker take `false` for the image: a switch has its value after `=`. */
function optionFlag(key: string, value: OptionValue): string {
  if (value === true || value === null) return `--${key}`;
  return value === false ? `--${key}=false` : `--${key} ${quoteLive(String(value))}`;
}
