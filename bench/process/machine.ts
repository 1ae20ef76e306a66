/** Says on what machine the figures were taken, and which core the proxy gets and which the load. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";

export interface Cores {
  /** Undefined when there is only one: then nothing is pinned. */
  proxy: number | undefined;
  load: number | undefined;
}

export interface Machine {
  cores: number;
  model: string;
  kernel: string;
  node: string;
  date: string;
  loadAverage: number[];
  pinned: Cores;
}

export function describeMachine(): Machine {
  const allowed = allowedCores();
  return {
    cores: allowed.length,
    model: cpus()[0]?.model ?? "unknown",
    kernel: release(),
    node: process.version,
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
    loadAverage: loadavg(),
    pinned: allowed.length > 1 ? { proxy: allowed[0], load: allowed[1] } : { proxy: undefined, load: undefined },
  };
}

export function machineLine(machine: Machine): string {
  const load = machine.loadAverage.map((value) => value.toFixed(2)).join(" ");
  const { proxy, load: other } = machine.pinned;
  const pinning =
    proxy === undefined ? "one core, not pinned" : `proxy on core ${proxy}, load and upstream on ${other}`;
  return (
    `${machine.cores} cores, ${machine.model}, Linux ${machine.kernel}, Node ${machine.node}, ${machine.date}, ` +
    `load average ${load}; ${pinning}`
  );
}

/** The version number a program tells of itself, or undefined when it is not installed. */
export function versionOf(command: string, flag: string): string | undefined {
  try {
    const output = execFileSync("sh", ["-c", '"$0" "$1" 2>&1', command, flag], { encoding: "utf8" });
    return /\d+\.\d+(\.\d+)?/.exec(output)?.[0] ?? "unknown version";
  } catch {
    return undefined;
  }
}

/** A container may own cores 4 and 5 only, so the kernel is asked instead of counting from 0. */
function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "0";
  return list.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
