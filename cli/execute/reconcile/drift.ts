/** A container and the line that would run it now → in what they differ, in words: names of variables, never their values. */
import type { ContainerFacts, HostFacts, ImageFacts } from "../../remote/inventory-facts.ts";
import { plainText, record, texts } from "../../remote/inventory-facts.ts";
import type { Word } from "../../remote/read-line.ts";
import { pairsOf, type RunLine } from "../../remote/read-run.ts";
import type { Secret } from "../../secret/secret.ts";
import { optionDrift } from "./option-drift.ts";

/** What Docker's client or the engine adds on its own account. */
const ADDED_VARIABLES = /^(?:PATH|(?:HTTP|HTTPS|FTP|NO|ALL)_PROXY|(?:http|https|ftp|no|all)_proxy)$/;

export type Wanted = {
  readonly run: RunLine;
  /** Variables of the env file that would be written now. */
  readonly secrets: ReadonlyMap<string, Secret>;
};

/** Empty when a new container would be the same. What cannot be told from here is taken for the same. */
export function driftOf(wanted: Wanted, container: ContainerFacts, facts: HostFacts): string[] {
  const { run } = wanted;
  const image = facts.images.get(container.imageId);
  return [
    ...(container.image === run.image ? [] : [`image ${container.image} in place of ${run.image}`]),
    ...envDrift(wanted, container, image),
    ...labelDrift(run, container, image),
    ...volumeDrift(run, container),
    ...commandDrift(run, container, image),
    ...logDrift(run, container, facts),
    ...networkDrift(run, container),
    ...restartDrift(run, container),
    ...optionDrift(run, container, image),
  ];
}

function envDrift({ run, secrets }: Wanted, container: ContainerFacts, image: ImageFacts | undefined): string[] {
  const clear = pairsOf(run, "env");
  const words: string[] = [];
  for (const [name, { text, live }] of clear) {
    const now = container.env.get(name)?.reveal();
    if (now === undefined) words.push(`env ${name} is new`);
    else if (!live && now !== text) words.push(`env ${name} changed`);
  }
  for (const [name, secret] of secrets) {
    if (clear.has(name)) continue;
    const now = container.env.get(name)?.reveal();
    if (now === undefined) words.push(`secret ${name} is new`);
    else if (now !== secret.reveal()) words.push(`secret ${name} changed`);
  }
  // An env file of the person's own has names that only the server knows.
  if (image === undefined || (run.flags.get("env-file")?.length ?? 0) > 1) return words;
  for (const [name, value] of container.env) {
    if (clear.has(name) || secrets.has(name) || ADDED_VARIABLES.test(name)) continue;
    if (image.env.get(name)?.reveal() !== value.reveal()) words.push(`env ${name} left the configuration`);
  }
  return words;
}

function labelDrift(run: RunLine, container: ContainerFacts, image: ImageFacts | undefined): string[] {
  const wanted = pairsOf(run, "label");
  const words = [...wanted].flatMap(([name, { text, live }]) => {
    const now = container.labels[name];
    return live || now === text ? [] : [now === undefined ? `label ${name} is new` : `label ${name} changed`];
  });
  if (image === undefined || run.flags.has("label-file")) return words;
  const left = Object.entries(container.labels).filter(
    ([name, value]) => !wanted.has(name) && image.labels[name] !== value,
  );
  return [...words, ...left.map(([name]) => `label ${name} left the configuration`)];
}

/**
 * Whether a new container would not find what this one has written: it is in a volume that only this container has, or would be looked for
 * elsewhere. `uploaded` are paths inside of files that every new container gets.
 */
export function leavesData(run: RunLine, container: ContainerFacts, uploaded: readonly string[]): boolean {
  const wanted = mountsOf(run.flags.get("volume") ?? []);
  const binds = mountsOf(texts(container.host["Binds"]).map((text) => ({ text, live: false })));
  const source = (word: Word | undefined): string | undefined => word?.text.split(":")[0];
  const moves = [...binds].some(([path, now]) => {
    const next = wanted.get(path);
    return !uploaded.includes(path) && next?.live !== true && source(next) !== source(now);
  });
  const mounts = (container.host["Mounts"] as readonly unknown[] | null | undefined) ?? [];
  const kept = new Set([
    ...binds.keys(),
    ...mounts.map((one) => plainText(record(one)["Target"])),
    ...Object.keys(record(container.host["Tmpfs"])),
  ]);
  return moves || Object.keys(record(container.config["Volumes"])).some((path) => !kept.has(path));
}

/** By the path inside. */
function volumeDrift(run: RunLine, container: ContainerFacts): string[] {
  const wanted = mountsOf(run.flags.get("volume") ?? []);
  const present = mountsOf(texts(container.host["Binds"]).map((text) => ({ text, live: false })));
  const words = [...wanted].flatMap(([path, { live, text }]) => {
    const now = present.get(path);
    return live || now?.text === text ? [] : [now === undefined ? `volume ${path} is new` : `volume ${path} changed`];
  });
  const left = [...present.keys()].filter((path) => !wanted.has(path));
  // A variable may be in the path, too.
  if ([...wanted.keys()].some((path) => path.includes("$"))) return words;
  return [...words, ...left.map((path) => `volume ${path} left the configuration`)];
}

/** `/data:/var/lib/db:ro`. An anonymous volume has no source, and is not among those of the container. */
function mountsOf(volumes: readonly Word[]): ReadonlyMap<string, Word> {
  const mounts = new Map<string, Word>();
  for (const { text, live } of volumes) {
    const [source = "", path, options] = text.split(":");
    if (path === undefined) continue;
    const plain = (one: string): string => one.replace(/(?<=.)\/+$/, "");
    const sorted = options === undefined ? "" : `:${options.split(",").toSorted().join(",")}`;
    // A relative source is made absolute by the client, in a directory that is not known here.
    mounts.set(plain(path), { text: `${plain(source)}${sorted}`, live: live || source.startsWith(".") });
  }
  return mounts;
}

/** Without words of its own a container has those of its image. */
function commandDrift(run: RunLine, container: ContainerFacts, image: ImageFacts | undefined): string[] {
  if (run.command.some(({ live }) => live)) return [];
  const own = run.command.map(({ text }) => text);
  if (own.length === 0 && (image === undefined || run.flags.has("entrypoint"))) return [];
  return sameList(own.length === 0 ? (image?.command ?? []) : own, container.command) ? [] : ["cmd changed"];
}

/** Options that the engine adds for all containers are not the configuration's. */
function logDrift(run: RunLine, container: ContainerFacts, { logDriver }: HostFacts): string[] {
  const log = record(container.host["LogConfig"]);
  const now = record(log["Config"]);
  const driver = run.flags.get("log-driver")?.at(-1);
  const wanted = driver?.text ?? logDriver;
  const words = driver?.live === true || wanted === "" || wanted === log["Type"] ? [] : ["logging driver changed"];
  for (const [name, { text, live }] of pairsOf(run, "log-opt")) {
    if (!live && now[name] !== text) words.push(`logging option ${name} changed`);
  }
  return words;
}

function networkDrift(run: RunLine, container: ContainerFacts): string[] {
  const [network, ...more] = run.flags.get("network") ?? [];
  const now = container.host["NetworkMode"];
  if (network === undefined || more.length > 0 || network.live || now === network.text) return [];
  return [`network ${plainText(now)} in place of ${network.text}`];
}

function restartDrift(run: RunLine, container: ContainerFacts): string[] {
  const policy = record(container.host["RestartPolicy"]);
  const count = Number(policy["MaximumRetryCount"] ?? 0);
  const now = `${plainText(policy["Name"]) || "no"}${count > 0 ? `:${count}` : ""}`;
  const wanted = (run.flags.get("restart")?.at(-1)?.text ?? "no").replace(/:0$/, "");
  return now === wanted ? [] : [`restart ${now} in place of ${wanted}`];
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, at) => text === other[at]);
}
