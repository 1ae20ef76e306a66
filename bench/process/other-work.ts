/** Tells how much of the machine somebody else used while a round ran, so that a disturbed round can be set aside. */
import { cpuMicrosecondsWithEnded, machineBusyMicroseconds, processTree } from "./process-figures.ts";

/** Above this share of one core the round counts as disturbed. */
export const disturbedAbove = 0.1;

/** Starts watching; the returned function ends it and gives other programs' CPU use in cores (0.1 = a tenth of one). */
export function watchOtherWork(): () => number {
  const before = snapshot();
  return () => {
    const after = snapshot();
    const foreign = after.busy - before.busy - (after.own - before.own);
    return Math.max(0, foreign / (after.time - before.time));
  };
}

/** The load average would blame us for our own load, so the machine's busy time minus our whole family's is used. */
function snapshot(): { busy: number; own: number; time: number } {
  return {
    busy: machineBusyMicroseconds(),
    own: cpuMicrosecondsWithEnded(processTree(process.pid)),
    time: performance.now() * 1_000,
  };
}
