/** Options of a container: what the line says of them and what Docker says, in the same words. Those that Docker says in words of its own are left out. */
import { posix } from "node:path";
import { type ContainerFacts, type ImageFacts, plainText, record, texts } from "../../remote/inventory-facts.ts";
import { addedHost } from "../../remote/proxy-drift.ts";
import type { Word } from "../../remote/read-line.ts";
import type { RunLine } from "../../remote/read-run.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

type Option = {
  readonly now: (container: ContainerFacts) => string;
  /** Of the values on the line, none when it is not there; undefined when only Docker could say. */
  readonly wanted: (values: readonly string[], image: ImageFacts | undefined) => string | undefined;
};

const OPTIONS: Readonly<Record<string, Option>> = {
  memory: number("Memory", bytesOf),
  "memory-reservation": number("MemoryReservation", bytesOf),
  cpus: number("NanoCpus", (text) => Math.round(Number(text) * 1e9)),
  "cpu-shares": number("CpuShares", Number),
  "cpuset-cpus": text("CpusetCpus"),
  "oom-score-adj": number("OomScoreAdj", Number),
  init: bool("Init"),
  privileged: bool("Privileged"),
  "read-only": bool("ReadonlyRootfs"),
  "cap-add": list("CapAdd", capability),
  "cap-drop": list("CapDrop", capability),
  "add-host": list("ExtraHosts", addedHost),
  user: ofImage("User"),
  workdir: ofImage("WorkingDir", (path) => posix.normalize(path).replace(/(?<=.)\/$/, "")),
  publish: {
    now: ({ host }) => [...portsIn(record(host["PortBindings"]))].toSorted().join(" "),
    wanted: (values) => (values.every(isPlainPort) ? values.map(portOf).toSorted().join(" ") : undefined),
  },
  "shm-size": {
    now: ({ host }) => plainText(host["ShmSize"]),
    // Without one the engine's own setting counts.
    wanted: ([size]) => (size === undefined ? undefined : String(bytesOf(size))),
  },
};

export function optionDrift(run: RunLine, container: ContainerFacts, image: ImageFacts | undefined): string[] {
  return Object.entries(OPTIONS).flatMap(([name, { now, wanted }]) => {
    const words: readonly Word[] = run.flags.get(name) ?? [];
    if (words.some(({ live }) => live)) return [];
    const values = words.map((word) => word.text);
    const should = wanted(values, image);
    return should === undefined || should === now(container) ? [] : [`option ${name} changed`];
  });
}

/** `512m`, `1.5g`. */
function bytesOf(size: string): number {
  const [, amount = "0", unit = ""] = /^(\d+(?:\.\d+)?) ?([bkmgt]?)(?:i?b)?$/i.exec(size) ?? [];
  return Math.trunc(Number(amount) * (UNITS[unit.toLowerCase()] ?? 1));
}

function number(key: string, read: (text: string) => number): Option {
  return {
    now: ({ host }) => plainText(host[key]) || "0",
    wanted: (values) => String(values.length === 0 ? 0 : read(values.at(-1) ?? "")),
  };
}

function text(key: string): Option {
  return { now: ({ host }) => plainText(host[key]), wanted: (values) => values.at(-1) ?? "" };
}

function bool(key: string): Option {
  return { now: ({ host }) => String(host[key] === true), wanted: (values) => values.at(-1) ?? "false" };
}

function list(key: string, plain: (one: string) => string): Option {
  const inOrder = (all: readonly string[]): string => all.map(plain).toSorted().join(" ");
  return { now: ({ host }) => inOrder(texts(host[key])), wanted: inOrder };
}

/** Without one it is the image's. */
function ofImage(key: string, plain: (one: string) => string = (one) => one): Option {
  return {
    now: ({ config }) => plainText(config[key]),
    wanted: (values, image) =>
      values.length > 0 ? plain(values.at(-1) ?? "") : image === undefined ? undefined : plainText(image.config[key]),
  };
}

function capability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, "");
}

/** Neither a range nor one whose outside Docker chooses. */
function isPlainPort(publish: string): boolean {
  return /^(?:.*:)?\d+:\d+(?:\/\w+)?$/.test(publish);
}

/** `127.0.0.1:80:3000/tcp`. */
function portOf(publish: string): string {
  const [, address = "", outside, inside, protocol = "tcp"] = /^(?:(.*):)?(\d+):(\d+)(?:\/(\w+))?$/.exec(publish) ?? [];
  return `${plainAddress(address)}:${outside}:${inside}/${protocol}`;
}

function portsIn(bindings: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(bindings).flatMap(([inside, all]) =>
    (Array.isArray(all) ? all : []).map((one) => {
      const { HostIp, HostPort } = record(one);
      return `${plainAddress(plainText(HostIp))}:${plainText(HostPort)}:${inside}`;
    }),
  );
}

/** All addresses have several names. */
function plainAddress(address: string): string {
  return address.replace(/^\[(.*)\]$/, "$1").replace(/^0\.0\.0\.0$/, "");
}
