/** What a host printed for `inventory` → what is so there. */
import { Secret } from "../secret/secret.ts";
import { type AppHost, parseHosts } from "./app-hosts.ts";
import { MARK } from "./doctor.ts";
import { type Lease, parseLease } from "./lease.ts";
import { parseRoutes, type Route } from "./routes.ts";

export type HostFacts = {
  /** Of the ssh user; relative paths begin there. */
  readonly home: string;
  /** Of a container that asks for none. */
  readonly logDriver: string;
  /** Docker's own name for itself; servers that were copied from one another have the same. */
  readonly engineId: string;
  /** The image tagged latest. */
  readonly latestImage: string | undefined;
  /** Of all apps and accessories, in any state, the newest first. */
  readonly containers: readonly ListedContainer[];
  /** By id: this app's that run, its accessories, the proxy. */
  readonly details: ReadonlyMap<string, ContainerFacts>;
  /** By id: of `details`. */
  readonly images: ReadonlyMap<string, ImageFacts>;
  /** Undefined where no proxy answers. */
  readonly routes: readonly Route[] | undefined;
  /** Options, image and command of a proxy without `proxy.run`. */
  readonly bootFiles: string;
  /** Below `.kamal`, of all apps. */
  readonly paths: readonly string[];
  /** By path, of files that were asked for: SHA-256 in hex, `missing`, `unreadable`. */
  readonly checksums: ReadonlyMap<string, string>;
  readonly lease: Lease | undefined;
  readonly hosts: readonly AppHost[];
};

export type ListedContainer = {
  readonly id: string;
  readonly state: string;
  readonly name: string;
  /** Labels, empty where there is none. */
  readonly service: string;
  readonly destination: string;
  readonly role: string;
};

export type ContainerFacts = {
  readonly id: string;
  readonly name: string;
  /** As it was asked for. */
  readonly image: string;
  readonly imageId: string;
  readonly status: string;
  readonly health: string | undefined;
  readonly env: ReadonlyMap<string, Secret>;
  readonly labels: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly config: Json;
  readonly host: Json;
};

export type ImageFacts = {
  readonly env: ReadonlyMap<string, Secret>;
  readonly labels: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly config: Json;
};

export type Json = Readonly<Record<string, unknown>>;

/** @returns undefined when the answers did not come to their end */
export function parseInventory(stdout: string): HostFacts | undefined {
  const answers = answersIn(stdout);
  const lines = (name: string): readonly string[] => answers.get(name) ?? [];
  if (!answers.has("end")) return undefined;
  const [latestImage] = lines("latest");
  const [logDriver = "", engineId = ""] = (lines("log-driver")[0] ?? "").split(" ");
  return {
    home: lines("home")[0] ?? "",
    logDriver,
    engineId,
    latestImage,
    containers: lines("containers").flatMap(listedIn),
    details: new Map(
      lines("details")
        .flatMap(containerIn)
        .map((one) => [one.id, one]),
    ),
    images: new Map(lines("images").flatMap(imageIn)),
    routes: parseRoutes(lines("routes").join("\n")),
    bootFiles: lines("boot-files").join(" "),
    paths: lines("paths"),
    checksums: new Map(lines("checksums").map((line) => [line.replace(/^\S+ /, ""), line.split(" ")[0] ?? ""])),
    lease: parseLease(lines("lock").join("\n")),
    hosts: parseHosts(lines("hosts").join("\n")),
  };
}

/** The container of exactly this name. */
export function detailsNamed({ details }: HostFacts, name: string): ContainerFacts | undefined {
  return [...details.values()].find((one) => one.name === name);
}

export function record(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** Of a text, a number or a yes or no; empty for anything else. */
export function plainText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function answersIn(stdout: string): ReadonlyMap<string, string[]> {
  const answers = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of stdout.split("\n")) {
    if (line.startsWith(MARK)) answers.set(line.slice(MARK.length).trim(), (current = []));
    else if (line.trim() !== "") current?.push(line.trimEnd());
  }
  return answers;
}

function listedIn(line: string): ListedContainer[] {
  const [id = "", state = "", name = "", service = "", destination = "", role = ""] = line.split("|");
  return name === "" ? [] : [{ id, state, name, service, destination, role }];
}

function containerIn(line: string): ContainerFacts[] {
  const found = parsed(line);
  const config = record(found["config"]);
  const state = record(found["state"]);
  const health = plainText(record(state["Health"])["Status"]);
  if (typeof found["id"] !== "string") return [];
  return [
    {
      id: found["id"],
      name: plainText(found["name"]).replace(/^\//, ""),
      image: plainText(config["Image"]),
      imageId: plainText(found["image"]),
      status: plainText(state["Status"]),
      // Docker says `none` for a check that is switched off.
      health: health === "" || health === "none" ? undefined : health,
      ...insideOf(config),
      config,
      host: record(found["host"]),
    },
  ];
}

function imageIn(line: string): [string, ImageFacts][] {
  const found = parsed(line);
  const config = record(found["config"]);
  return typeof found["id"] === "string" ? [[found["id"], { ...insideOf(config), config }]] : [];
}

function insideOf(config: Json): Pick<ImageFacts, "env" | "labels" | "command"> {
  const labels = Object.entries(record(config["Labels"])).map(([key, value]) => [key, plainText(value)]);
  return {
    env: new Map(texts(config["Env"]).map(variableIn)),
    labels: Object.fromEntries(labels) as Record<string, string>,
    command: texts(config["Cmd"]),
  };
}

function variableIn(text: string): [string, Secret] {
  const equals = text.indexOf("=");
  return equals === -1 ? [text, new Secret("")] : [text.slice(0, equals), new Secret(text.slice(equals + 1))];
}

function parsed(line: string): Json {
  try {
    return record(JSON.parse(line));
  } catch {
    return {};
  }
}
