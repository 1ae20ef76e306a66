/** Reads what processes cost from /proc: CPU time and resident memory of a program and everything it started. */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const microsecondsPerTick = 1_000_000 / Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** The process and all its descendants, itself first. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const fields = Number.isInteger(pid) ? statFields(pid) : undefined;
    if (!fields) continue;
    const parent = Number(fields[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** User and system time of these processes so far, all threads, in microseconds. */
export function cpuMicroseconds(pids: number[]): number {
  return sum(pids, (fields) => Number(fields[11]) + Number(fields[12]));
}

/** The same, plus what their ended and awaited children used: a total that never loses a process that exits. */
export function cpuMicrosecondsWithEnded(pids: number[]): number {
  return sum(pids, (fields) => [11, 12, 13, 14].reduce((total, index) => total + Number(fields[index]), 0));
}

/** VmRSS of these processes together, in bytes. Pages that a master and its worker share are counted twice. */
export function residentBytes(pids: number[]): number {
  let total = 0;
  for (const pid of pids) total += residentOf(pid);
  return total;
}

/** Busy time of all cores since boot in microseconds, stolen time of a virtual machine included. */
export function machineBusyMicroseconds(): number {
  const [total = ""] = readFileSync("/proc/stat", "utf8").split("\n", 1);
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = total.split(/\s+/).map(Number);
  return (user + nice + system + irq + softirq + steal) * microsecondsPerTick;
}

function sum(pids: number[], ticks: (fields: string[]) => number): number {
  let total = 0;
  for (const pid of pids) {
    const fields = statFields(pid);
    if (fields) total += ticks(fields);
  }
  return total * microsecondsPerTick;
}

/** The fields after the command name, which may itself hold spaces and brackets: state, ppid, … */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function residentOf(pid: number): number {
  try {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    return line ? Number(line[1]) * 1024 : 0;
  } catch {
    return 0;
  }
}
