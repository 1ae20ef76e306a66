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
import { attempt } from "./attempt.ts";
import { audit } from "./audit-line.ts";
import { say } from "./in-step.ts";
import { runCommand } from "./run-command.ts";
import { type Work, workWith } from "./work.ts";
import { WorkError, wordsOf } from "./work-error.ts";

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
    if (this.#hadOne) await this.#keep();
    await layOut(work, host, accessory, files);
    if (this.#hadOne) {
      this.#reached = "stopped";
      // One that cannot be stopped would write to the same data as the new one.
      await runCommand(work, host, stop(accessory));
      await runCommand(work, host, keepContainer(accessory, this.#hex));
    }
    this.#reached = "kept";
    await startNew(work, host, accessory);
    await comeUp(work, host, accessory);
  }

  /** The new one stays. Never throws: what is left over is removed by the next replacement. */
  async retireOld(): Promise<void> {
    if (this.#hadOne) await drop(this.#work, this.host, this.#accessory, this.#hex);
  }

  /** Everything as it was before. Never throws. @returns whether the old one is known to be back */
  async goBack(): Promise<boolean> {
    if (this.#reached === "nothing") return true;
    const accessory = this.#accessory;
    const work = this.#work;
    if (this.#reached === "kept") await attempt(work, this.host, removeOwnContainer(accessory), { tolerate: true });
    if (!this.#hadOne) return true;
    const filesAreBack = await bringBack(work, this.host, accessory, this.#hex);
    let runs = true;
    if (this.#reached !== "files") {
      // After "stopped" the container may have been renamed, or not.
      await attempt(work, this.host, bringBackContainer(accessory, this.#hex), { tolerate: true });
      runs = (await this.#isBack()) && (await startAgain(work, this.host, accessory));
    }
    // Last: where it is left over, the next one sees that this one was not finished.
    if (filesAreBack && runs) await attempt(work, this.host, dropKeptFiles(accessory, this.#hex));
    return runs;
  }

  /** The new one may be there still, under the name of both. Never throws. */
  async #isBack(): Promise<boolean> {
    const accessory = this.#accessory;
    const { cleanupTimeoutMs } = this.#work.state.limits;
    const options = { reads: true, level: "debug", signal: null, timeoutMs: cleanupTimeoutMs } as const;
    try {
      const { stdout } = await runCommand(this.#work, this.host, listContainers(accessory), options);
      if (!keptIn(accessory, stdout).kept.includes(this.#hex)) return true;
    } catch {
      // It could not be asked: what is wrong with the host is known.
    }
    const text = `The container of ${accessory.name} from before is not back; kdeploy accessory boot ${accessory.name} settles it.`;
    say(this.#work, "warning", text, this.host);
    return false;
  }

  /** What its owner lets nobody else read stays out, and is told. */
  async #keep(): Promise<void> {
    const [makeDirectory = "", ...copies] = keepFiles(this.#work.config, this.#accessory, this.#hex);
    await runCommand(this.#work, this.host, makeDirectory);
    for (const line of copies) {
      const { exitCode, stderr } = await runCommand(this.#work, this.host, line, { tolerate: true });
      if (exitCode === 0) continue;
      const why = stderr.trim().split("\n").at(-1) ?? "";
      const text = `A file of ${this.#accessory.name} cannot be kept, and would not come back after a failure: ${why}`;
      say(this.#work, "warning", text, this.host);
    }
  }
}

/**
 * A run that was killed in the middle of a replacement has left the old container stopped, or under another name, and files and variables
 * as they were before: a new container that is in order stays, otherwise all of it comes back.
 */
export async function settleInterrupted(work: Work, host: string, accessory: Accessory): Promise<void> {
  const { stdout } = await runCommand(work, host, listContainers(accessory), { reads: true, level: "debug" });
  const { files, kept, own } = keptIn(accessory, stdout);
  const all = new Set([...kept, ...files]);
  if (all.size === 0 || work.dryRun) return;
  const [latest] = kept;
  // Without a kept container, its own is the old one still.
  const isSettled = latest === undefined ? !own : own && (await isInOrder(work, host, accessory));
  if (!isSettled) {
    const text = `An upgrade of ${accessory.name} was interrupted; the container from before it comes back.`;
    say(work, "notice", text, host);
    if (latest !== undefined && own) await runCommand(work, host, removeOwnContainer(accessory));
    for (const hex of latest === undefined ? files : [latest])
      for (const line of bringBackFiles(work.config, accessory, hex)) await runCommand(work, host, line);
    if (latest !== undefined) await runCommand(work, host, bringBackContainer(accessory, latest));
    await startAgain(work, host, accessory);
  }
  for (const hex of all) await drop(work, host, accessory, hex);
}

/** It runs, and gets the requests where it is to get some: it may have been started just before the end. */
async function isInOrder(work: Work, host: string, accessory: Accessory): Promise<boolean> {
  if (!(await standing(work, host, accessory)).ready) return false;
  if (accessory.proxy === undefined) return true;
  try {
    await comeUp(work, host, accessory);
    return true;
  } catch (error) {
    if (error instanceof WorkError && error.code === "boot-failed") return false;
    throw error;
  }
}

/** Files first: as long as they are there, they are those of the accessory's own container, or of a kept one. Never throws. */
async function drop(work: Work, host: string, accessory: Accessory, hex: string): Promise<void> {
  if (await attempt(work, host, dropKeptFiles(accessory, hex)))
    await attempt(work, host, dropKeptContainer(accessory, hex), { tolerate: true });
}

/** Never throws. @returns whether all are known to be back */
async function bringBack(work: Work, host: string, accessory: Accessory, hex: string): Promise<boolean> {
  let all = true;
  for (const line of bringBackFiles(work.config, accessory, hex)) all = (await attempt(work, host, line)) && all;
  if (!all) say(work, "warning", `Not all files of ${accessory.name} could be put back; they are kept.`, host);
  return all;
}

/** Never throws. @returns whether it runs */
async function startAgain(work: Work, host: string, accessory: Accessory): Promise<boolean> {
  const { name, proxy } = accessory;
  const { cleanupTimeoutMs } = work.state.limits;
  try {
    await runCommand(work, host, start(accessory), { signal: null, timeoutMs: cleanupTimeoutMs });
    // The wait may be long; a person who wants it to end is not kept, unless requests would go to what is gone.
    if (work.signal.aborted && proxy === undefined) return true;
    const atMostMs = work.config.deployTimeoutSeconds * 1000 + cleanupTimeoutMs;
    const undoing = work.signal.aborted ? workWith(work, { signal: AbortSignal.timeout(atMostMs) }) : work;
    await audit(undoing, host, `Started ${name} accessory again, as it was before`);
    await comeUp(undoing, host, accessory);
    return true;
  } catch (error) {
    say(work, "warning", `The container of ${name} from before could not be started: ${wordsOf(error)}`, host);
    return false;
  }
}
