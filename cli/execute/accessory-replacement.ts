/** An accessory's new container in place of its old one on one host: the old one is kept until it is known which of the two stays. */
import { randomBytes } from "node:crypto";
import type { Accessory } from "../config/config.ts";
import { start, stop } from "../remote/accessory.ts";
import {
  bringBackContainer,
  bringBackFiles,
  dropKeptContainer,
  dropKeptFiles,
  keepContainer,
  keepFiles,
  keptIn,
  listContainers,
  removeOwnContainer,
} from "../remote/accessory-replace.ts";
import { comeUp, layOut, standing, startNew } from "./accessory-container.ts";
import type { Prepared } from "./accessory-files.ts";
import { audit } from "./audit-line.ts";
import { say } from "./in-step.ts";
import { runCommand } from "./run-command.ts";
import type { Work } from "./work.ts";
import { isUncertain, wordsOf } from "./work-error.ts";

export class AccessoryReplacement {
  readonly host: string;
  readonly #work: Work;
  readonly #accessory: Accessory;
  readonly #hex = randomBytes(8).toString("hex");
  /** How far it has come: what is to be undone. */
  #reached: "nothing" | "files" | "stopped" | "kept" = "nothing";
  /** Nothing was there: then there is nothing to come back. */
  #hadOne = false;

  constructor(work: Work, host: string, accessory: Accessory) {
    this.host = host;
    this.#work = work;
    this.#accessory = accessory;
  }

  /** Ends when the new one is healthy; the old one waits. @throws WorkError `boot-failed` */
  async swap(files: readonly Prepared[]): Promise<void> {
    const accessory = this.#accessory;
    const work = this.#work;
    const { host } = this;
    const { stdout } = await runCommand(work, host, listContainers(accessory), { reads: true, level: "debug" });
    this.#hadOne = keptIn(accessory, stdout).own;
    this.#reached = "files";
    for (const line of keepFiles(accessory, this.#hex)) await runCommand(work, host, line, { tolerate: true });
    await layOut(work, host, accessory, files);
    if (this.#hadOne) {
      this.#reached = "stopped";
      await runCommand(work, host, stop(accessory), { tolerate: true });
      await runCommand(work, host, keepContainer(accessory, this.#hex));
    }
    this.#reached = "kept";
    await startNew(work, host, accessory);
    await comeUp(work, host, accessory);
  }

  /** The new one stays. Never throws: what is left over is removed by the next replacement. */
  async retireOld(): Promise<void> {
    if (this.#hadOne) await attempt(this.#work, this.host, dropKeptContainer(this.#accessory, this.#hex));
    if (this.#accessory.files.length > 0)
      await attempt(this.#work, this.host, dropKeptFiles(this.#accessory, this.#hex));
  }

  /** Everything as it was before. Never throws. @returns whether the old one is known to be back */
  async goBack(): Promise<boolean> {
    if (this.#reached === "nothing") return true;
    const accessory = this.#accessory;
    if (this.#reached === "kept") await attempt(this.#work, this.host, removeOwnContainer(accessory));
    for (const line of bringBackFiles(accessory, this.#hex)) await attempt(this.#work, this.host, line);
    if (accessory.files.length > 0) await attempt(this.#work, this.host, dropKeptFiles(accessory, this.#hex));
    if (!this.#hadOne || this.#reached === "files") return true;
    // After "stopped" the container may have been renamed, or not.
    await attempt(this.#work, this.host, bringBackContainer(accessory, this.#hex));
    return startAgain(this.#work, this.host, accessory);
  }
}

/**
 * A run that was killed in the middle of a replacement has left the old container under another name: a new one that is in order stays,
 * otherwise the old one comes back.
 */
export async function settleInterrupted(work: Work, host: string, accessory: Accessory): Promise<void> {
  const { stdout } = await runCommand(work, host, listContainers(accessory), { reads: true, level: "debug" });
  const { kept, own } = keptIn(accessory, stdout);
  const [latest] = kept;
  if (latest === undefined || work.dryRun) return;
  if (own && (await standing(work, host, accessory)).ready) {
    for (const hex of kept) await drop(work, host, accessory, hex);
    return;
  }
  say(
    work,
    "notice",
    `An upgrade of ${accessory.name} was interrupted; the container from before it comes back.`,
    host,
  );
  if (own) await runCommand(work, host, removeOwnContainer(accessory));
  for (const line of bringBackFiles(accessory, latest)) await runCommand(work, host, line);
  await runCommand(work, host, bringBackContainer(accessory, latest));
  for (const hex of kept) await drop(work, host, accessory, hex);
  await startAgain(work, host, accessory);
}

async function drop(work: Work, host: string, accessory: Accessory, hex: string): Promise<void> {
  await attempt(work, host, dropKeptContainer(accessory, hex));
  await attempt(work, host, dropKeptFiles(accessory, hex));
}

/** Never throws. @returns whether it runs */
async function startAgain(work: Work, host: string, accessory: Accessory): Promise<boolean> {
  const { name } = accessory;
  try {
    await runCommand(work, host, start(accessory), { signal: null });
    // The wait may be long; a person who wants it to end is not kept.
    if (work.signal.aborted) return true;
    await audit(work, host, `Started ${name} accessory again, as it was before`);
    await comeUp(work, host, accessory);
    return true;
  } catch (error) {
    say(work, "warning", `The container of ${name} from before could not be started: ${wordsOf(error)}`, host);
    return false;
  }
}

/** Never throws. */
async function attempt(work: Work, host: string, line: string): Promise<void> {
  const { cleanupTimeoutMs } = work.state.limits;
  for (let again = false; ; again = true) {
    try {
      await runCommand(work, host, line, { tolerate: true, signal: null, timeoutMs: cleanupTimeoutMs });
      return;
    } catch (error) {
      // A lost connection is made anew, and all that is done here may be done twice.
      if (again || !isUncertain(error)) return;
    }
  }
}
