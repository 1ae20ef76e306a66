/** What a host printed for `survey` → what is so there. An answer that is missing, or reads like none, is undefined or empty. */
import { MARK } from "./doctor.ts";
import { type Lease, parseLease } from "./lease.ts";

/** Ports of one published range that are looked at. */
const MAX_RANGE = 100;

export type Survey = {
  /** Seconds since 1970. */
  readonly clockSeconds: number | undefined;
  readonly user: { readonly name: string; readonly root: boolean; readonly groups: readonly string[] };
  /** Docker's words, or the kernel's: `x86_64`, `aarch64`. */
  readonly machine: string;
  /** As the host knows them itself; behind a gateway others lead to it. */
  readonly addresses: readonly string[];
  /** As `docker -v` says: `28.2.2`. Undefined where there is no Docker. */
  readonly clientVersion: string | undefined;
  readonly docker: { readonly version: string; readonly root: string } | { readonly error: string };
  readonly disks: readonly Disk[];
  readonly listening: readonly Listening[];
  readonly published: readonly Published[];
  readonly proxy: { readonly status: string; readonly restarts: number; readonly image: string } | undefined;
  readonly proxyVersion: string | undefined;
  /** What `proxy boot_config` of the original left there; undefined without it. */
  readonly bootOptions: string | undefined;
  readonly lock: Lease | undefined;
};

export type Disk = { readonly path: string; readonly freeBytes: number; readonly freePercent: number };
/** `program` where the host says it: to root, for the most part. */
export type Listening = { readonly port: number; readonly program: string | undefined };
/** `address` is `0.0.0.0` or `::` for all of them. */
export type Published = { readonly container: string; readonly address: string; readonly port: number };

/** @returns undefined when the answers did not come to their end */
export function parseSurvey(stdout: string): Survey | undefined {
  const answers = answersIn(stdout);
  const lines = (name: string): readonly string[] => answers.get(name) ?? [];
  if (!answers.has("end")) return undefined;
  const [name = "", id = "", groups = ""] = lines("user");
  const [version = "", dockerMachine = "", root = ""] = (lines("docker")[0] ?? "").split("|");
  const runs = /^\d+\./.test(version);
  const [status = "", restarts = "", image = ""] = (lines("proxy")[0] ?? "").split("|");
  const clock = Number(lines("clock")[0] ?? Number.NaN);
  return {
    clockSeconds: Number.isSafeInteger(clock) ? clock : undefined,
    user: { name, root: id === "0", groups: groups.split(" ").filter((group) => group !== "") },
    machine: (runs && dockerMachine) || (lines("machine")[0] ?? ""),
    addresses: addressesIn(lines("addresses")),
    clientVersion: /version (\d[\w.+~-]*)/.exec(lines("client")[0] ?? "")?.[1],
    docker: runs ? { version, root } : { error: lines("docker").join(" ").trim() },
    disks: lines("disk").flatMap(diskIn),
    listening: listeningIn(lines("sockets"), lines("programs")),
    published: lines("containers").flatMap(publishedIn),
    proxy: image === "" ? undefined : { status, restarts: Number(restarts) || 0, image },
    proxyVersion: /\bv?(\d+\.\d+[\w.+-]*)/.exec(lines("proxy-version").join(" "))?.[1],
    bootOptions: lines("boot-options").length === 0 ? undefined : lines("boot-options").join(" "),
    lock: parseLease(lines("lock").join("\n")),
  };
}

function answersIn(stdout: string): ReadonlyMap<string, string[]> {
  const answers = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of stdout.split("\n")) {
    if (line.startsWith(MARK)) answers.set(line.slice(MARK.length).trim(), (current = []));
    else if (line.trim() !== "") current?.push(line.trim());
  }
  return answers;
}

/** Of `ip -o addr`, or blanks between addresses. */
function addressesIn(lines: readonly string[]): string[] {
  // Docker's own networks are on every host alike.
  const outside = lines.filter((line) => !/^\d+: (?:docker\d|br-|veth)/.test(line));
  const found = outside.flatMap((line) => {
    const inet = /\binet6? (\S+?)\//.exec(line)?.[1];
    return inet === undefined ? line.split(/\s+/).filter((part) => /^[0-9a-f:.]*[:.][0-9a-f:.]*$/i.test(part)) : [inet];
  });
  return [...new Set(found)].filter((address) => !/^127\.|^::1$|^fe80:/i.test(address));
}

function diskIn(line: string): Disk[] {
  const row = /\s\d+\s+(\d+)\s+(-?\d+)\s+\S+\s+(\/.*)$/.exec(line);
  const [used, free, path] = [Number(row?.[1]), Number(row?.[2]), row?.[3] ?? ""];
  // What is kept for root counts as neither.
  if (row === null || used + free <= 0) return [];
  return [{ path, freeBytes: Math.max(0, free) * 1024, freePercent: Math.max(0, (free / (used + free)) * 100) }];
}

/** `sl local_address rem_address st …`, ports in hex. Source: proc_net_tcp.txt of the kernel. */
function listeningIn(sockets: readonly string[], programs: readonly string[]): Listening[] {
  const names = new Map<number, string>();
  for (const line of programs) {
    const port = /^\S+\s+\d+\s+\d+\s+\S*:(\d+)\s/.exec(line)?.[1];
    const name = /users:\(\("([^"]+)"/.exec(line)?.[1] ?? /\s\d+\/([^\s:]+)/.exec(line)?.[1];
    if (port !== undefined && name !== undefined) names.set(Number(port), name);
  }
  const hex = sockets.map((line) => /^\d+: [0-9A-F]+:([0-9A-F]{4}) /i.exec(line)?.[1]);
  const ports = new Set(hex.filter((port) => port !== undefined).map((port) => Number.parseInt(port, 16)));
  return [...ports].map((port) => ({ port, program: names.get(port) }));
}

/** `db|0.0.0.0:5432->5432/tcp, [::]:8000-8001->8000-8001/tcp, 9000/tcp`; older ones write `:::5432`. */
function publishedIn(line: string): Published[] {
  const [container = "", ports = ""] = line.split("|");
  return ports.split(", ").flatMap((one) => {
    const [, address = "", from = "", to = from] = /^(.*):(\d+)(?:-(\d+))?->/.exec(one) ?? [];
    if (from === "") return [];
    const plain = address.replace(/^\[(.*)\]$/, "$1");
    const count = Math.min(Number(to) - Number(from), MAX_RANGE) + 1;
    return Array.from({ length: count }, (_, at) => ({ container, address: plain || "::", port: Number(from) + at }));
  });
}
