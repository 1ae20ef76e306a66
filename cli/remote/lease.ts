/**
 * The deploy lock as a lease: Kamal's directory with Kamal's details, and beside them a file that its holder touches as long as it
 * lives. A lock without that file is a Kamal CLI's, and is nobody else's to take.
 *
 * The file is called after its holder's token, so to rename it is to take the lock over: of several who try, one finds it. All ages
 * are the host's own clock's.
 */
import type { Config } from "../config/config.ts";
import { lockDirectory } from "../config/names.ts";
import { word } from "./conventions.ts";

const LINE_LENGTH = 60;

/** Exit codes of the lines below that mean something: somebody has the lock; it is not this holder's any more. */
export const LEASE_HELD = 75;
export const LEASE_LOST = 76;

export type LeaseDetails = {
  readonly by: string;
  /** UTC, ISO 8601, for people. */
  readonly at: string;
  readonly version: string;
  readonly message: string;
  /** `user@machine`, and its process. */
  readonly host: string;
  readonly pid: number;
  /** The CI run's address or name. */
  readonly run: string | undefined;
  readonly ttlSeconds: number;
  readonly beatSeconds: number;
};

/** The first three lines are Kamal's. */
export function leaseText(details: LeaseDetails): string {
  const line = (name: string, value: string) => `${name}: ${value.replace(/[\p{Cc}\u2028\u2029]+/gu, " ")}`;
  return [
    line("Locked by", `${details.by} at ${details.at}`),
    line("Version", details.version),
    line("Message", details.message),
    line("Host", details.host),
    line("Pid", String(details.pid)),
    ...(details.run === undefined ? [] : [line("Run", details.run)]),
    `Beat: every ${details.beatSeconds} s, stale after ${details.ttlSeconds} s`,
  ].join("\n");
}

/** Exits `LEASE_HELD` when somebody has it. `token` is of letters and digits. */
export function acquireLease(config: Config, token: string, text: string): string {
  const directory = lockPath(config);
  const write = `: > ${directory}/beat-${token} && echo "${encoded(text)}" > ${directory}/details`;
  // Half a lock, on a full disk, would be nobody's and stay for ever.
  const whole = `{ ${write}; } || { rm -rf ${directory}; exit 1; }`;
  const held = `test -d ${directory} && exit ${LEASE_HELD}`;
  // It may have been released since the first attempt, and taken since the second; one that is made is never left empty.
  const made = `mkdir ${directory} 2> /dev/null || { ${held}; mkdir ${directory}; } || { ${held}; exit 1; }`;
  return `mkdir -p .kamal && { ${made}; } && { ${whole}; }`;
}

/** Prints `beat TOKEN AGE` for a lease, AGE in seconds, and the details; nothing when there is no lock. For `parseLease`. */
export function inspectLease(config: Config): string {
  const directory = lockPath(config);
  // Its holder may release it in between, and what is missing then is no error.
  const beat = `at=$(stat -c %Y "$f" 2> /dev/null) && echo "beat \${f##*/beat-} $(( $(date +%s) - at ))"`;
  return `if test -d ${directory}; then for f in ${directory}/beat-*; do ${beat}; done; echo details; base64 -d < ${directory}/details 2> /dev/null || true; fi`;
}

/** A sign of life. Exits `LEASE_LOST` when the lock is not this holder's any more. */
export function beatLease(config: Config, token: string): string {
  const beat = `${lockPath(config)}/beat-${token}`;
  return `touch -c ${beat} && { test -f ${beat} || exit ${LEASE_LOST}; }`;
}

/** Only one's own. Exits `LEASE_LOST` when it is not. */
export function releaseLease(config: Config, token: string): string {
  const directory = lockPath(config);
  // First without the file, so that nobody takes over what is about to vanish.
  const released = `mv ${directory}/beat-${token} ${directory}/released-${token} 2> /dev/null`;
  return `${released} && rm -f ${directory}/details && rm -r ${directory} || { test ! -e ${directory} || exit ${LEASE_LOST}; }`;
}

/** Exits `LEASE_HELD` when somebody else was faster, or the holder is alive after all. */
export function takeOverLease(config: Config, stale: string, token: string, ttlSeconds: number, text: string): string {
  const directory = lockPath(config);
  const [old, own] = [`${directory}/beat-${stale}`, `${directory}/beat-${token}`];
  const aged = `age=$(( $(date +%s) - $(stat -c %Y ${old} 2> /dev/null || date +%s) )) && test $age -gt ${ttlSeconds}`;
  const write = `echo "${encoded(text)}" > ${directory}/details.${token} && mv ${directory}/details.${token} ${directory}/details`;
  return `${aged} && mv ${old} ${own} 2> /dev/null && touch -c ${own} && ${write} && test -f ${own} || exit ${LEASE_HELD}`;
}

export type Lease = {
  /** Undefined for a lock without signs of life, such as a Kamal CLI's. */
  readonly beat: { readonly token: string; readonly ageSeconds: number } | undefined;
  /** As in `leaseText`; empty while its holder is writing it. */
  readonly details: string;
};

/** @returns undefined when there is no lock */
export function parseLease(stdout: string): Lease | undefined {
  const lines = stdout.split("\n");
  const at = lines.indexOf("details");
  if (at === -1) return undefined;
  const beat = /^beat ([A-Za-z0-9]+) (-?\d+)$/m.exec(lines.slice(0, at).join("\n"));
  return {
    beat: beat === null ? undefined : { token: beat[1] ?? "", ageSeconds: Number(beat[2]) },
    details: lines
      .slice(at + 1)
      .join("\n")
      .trim(),
  };
}

function lockPath(config: Config): string {
  return word(lockDirectory(config));
}

function encoded(text: string): string {
  const base64 = Buffer.from(text).toString("base64");
  return (base64.match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? []).join("\n");
}
