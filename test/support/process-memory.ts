/** What a process holds, as the kernel sees it: for programs that are judged from outside. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const SAMPLE_MS = 100;

export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

/** Watches the resident size; `peak()` ends the watch and returns the largest that was seen. */
export function watchResidentBytes(pid: number): { peak(): number } {
  let largest = residentBytes(pid);
  const timer = setInterval(() => {
    largest = Math.max(largest, residentBytes(pid));
  }, SAMPLE_MS);
  return {
    peak() {
      clearInterval(timer);
      return Math.max(largest, residentBytes(pid));
    },
  };
}

/** Paths of the regular files that the process has open, deleted ones included. */
export function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      return path.startsWith("/") ? [path] : [];
    } catch {
      // Closed since the directory was read.
      return [];
    }
  });
}
