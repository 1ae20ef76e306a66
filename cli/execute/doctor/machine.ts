/** A host itself: who logs in there, room on its disks, its clock. */
import type { Disk, Survey } from "../../remote/survey.ts";
import { type Finding, ok, problem, warning } from "./finding.ts";
import { DOCTOR_LIMITS } from "./limits.ts";

export function checkLogin({ user }: Survey): Finding {
  const rights = user.root && user.name !== "root" ? ", who is root" : "";
  return ok("login", `Logged in as ${user.name}${rights}.`);
}

/** The disk of `/` and that of Docker, which are often one. */
export function checkDisks({ disks }: Survey): Finding[] {
  return disks.filter((disk, at) => disks.findIndex((other) => isSame(disk, other)) === at).map(checkDisk);
}

/** @param asked when the question was sent and answered, by this machine's clock */
export function checkClock({ clockSeconds }: Survey, asked: { fromMs: number; toMs: number }): Finding[] {
  if (clockSeconds === undefined) return [];
  // It has whole seconds, and may have been read at any moment in between.
  const behind = Math.max(0, asked.fromMs / 1000 - (clockSeconds + 1));
  const ahead = Math.max(0, clockSeconds - asked.toMs / 1000);
  const seconds = Math.round(Math.max(behind, ahead));
  const text =
    seconds === 0 ? "The clock agrees with this machine's." : `The clock is ${seconds} s ${direction(ahead)}.`;
  if (seconds <= DOCTOR_LIMITS.clockWarningSeconds) return [ok("clock", text)];
  return [
    warning("clock", text, "one of the two needs a time service, such as chrony: certificates and logins depend on it"),
  ];
}

function direction(ahead: number): string {
  return ahead > 0 ? "ahead of this machine's" : "behind this machine's";
}

function isSame(one: Disk, other: Disk): boolean {
  return one.path === other.path || (one.freeBytes === other.freeBytes && one.freePercent === other.freePercent);
}

function checkDisk({ freeBytes, freePercent, path }: Disk): Finding {
  const percent = freePercent < 10 ? freePercent.toFixed(1) : String(Math.round(freePercent));
  const text = `${size(freeBytes)} (${percent} %) are free on ${path}.`;
  const hint = "kdeploy prune all removes what old versions have left; docker system df shows what the rest is";
  if (freePercent < DOCTOR_LIMITS.diskProblemPercent) return problem("disk", text, hint);
  return freePercent < DOCTOR_LIMITS.diskWarningPercent ? warning("disk", text, hint) : ok("disk", text);
}

function size(bytes: number): string {
  const gigabytes = bytes / 1e9;
  return gigabytes >= 1 ? `${gigabytes.toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}
