/** One user of the bed at a time, on the whole machine: a file with the process that has it. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BED_FOLDER } from "./layout.ts";

const LOCK = `${BED_FOLDER}.lock`;
const POLL_MS = 250;

/** Waits for whoever has it, unless that is this process. @returns what gives it back */
export async function takeBed(waitMs = 600_000): Promise<() => void> {
  mkdirSync(dirname(LOCK), { recursive: true });
  const deadline = Date.now() + waitMs;
  for (;;) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: "wx" });
      return () => rmSync(LOCK, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = lockOwner();
    if (owner === process.pid) return () => {};
    if (owner !== undefined && !isAlive(owner)) rmSync(LOCK, { force: true });
    else if (Date.now() > deadline) throw new Error(`the bed is in use by process ${owner}, see ${LOCK}`);
    else await sleep(POLL_MS);
  }
}

function lockOwner(): number | undefined {
  try {
    // Empty for the moment between its creation and its first byte.
    return Number(readFileSync(LOCK, "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
