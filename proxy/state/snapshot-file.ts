/**
 * The proxy's memory across restarts: one JSON file in a data directory that this process has to itself. Loads whatever
 * generation is whole, keeps aside what is not, and saves one whole generation after another.
 */
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { ProxyError } from "../errors.ts";
import type { EventLog } from "../observe/event-log.ts";
import { claimDataDirectory } from "./data-directory.ts";
import { previousOf, type WriteCheckpoint, writeDurably } from "./durable-write.ts";
import type { Claim } from "./exclusive-socket.ts";
import { parseKamalState } from "./kamal-state.ts";
import { formatSnapshot, NewerStateError, parseSnapshot, type Snapshot } from "./snapshot-format.ts";

export const STATE_FILE_NAME = "kdeploy-proxy.state.json";
export const KAMAL_STATE_FILE_NAME = "kamal-proxy.state";

export type LoadedSnapshot = Snapshot & {
  /** Which file it came from; undefined when there was none to restore. */
  readonly path: string | undefined;
  /** What a person has to know about that, if anything. */
  readonly notice?: string;
};

const PREVIOUS_RESTORED = "State file is missing or damaged; restored the generation before it";
const NONE_WHOLE = "No generation of the state file is whole; starting without services";
const NOTHING: LoadedSnapshot = { path: undefined, services: [], quarantined: [] };

export class SnapshotFile {
  readonly path: string;
  readonly #directory: string;
  readonly #claim: Claim;
  readonly #log: EventLog;
  readonly #checkpoint: WriteCheckpoint;
  /** The last save, done or failed; the next one waits for it. */
  #lastSave: Promise<void> = Promise.resolve();

  private constructor(directory: string, claim: Claim, log: EventLog, checkpoint: WriteCheckpoint) {
    this.path = join(directory, STATE_FILE_NAME);
    this.#directory = directory;
    this.#claim = claim;
    this.#log = log;
    this.#checkpoint = checkpoint;
  }

  /**
   * Creates the data directory if need be and claims it.
   * @param options.checkpoint called before every step of a save; for tests that die or fail there
   * @throws ProxyError `data-directory-in-use`
   */
  static async open(
    directory: string,
    log: EventLog,
    options: { checkpoint?: WriteCheckpoint } = {},
  ): Promise<SnapshotFile> {
    const claim = await claimDataDirectory(directory, log);
    return new SnapshotFile(directory, claim, log, options.checkpoint ?? (() => undefined));
  }

  /**
   * The newest whole generation: our file, else the one before it, else kamal-proxy's file.
   * @throws ProxyError `state-unreadable` when a later version wrote the file, or nothing can be read for want of permission
   */
  async load(): Promise<LoadedSnapshot> {
    const current = await this.#read(this.path);
    if (current.kind === "whole") return { ...current.snapshot, path: this.path };
    const previousPath = previousOf(this.path);
    const previous = await this.#read(previousPath);
    if (previous.kind === "whole") {
      this.#log.error(PREVIOUS_RESTORED, { path: previousPath });
      return { ...previous.snapshot, path: previousPath, notice: PREVIOUS_RESTORED };
    }
    const locked = [current, previous].find((file) => file.kind === "locked");
    if (locked?.kind === "locked") throw unreadable(this.path, locked.error);
    // With no generation before it, what came before is what kamal-proxy left.
    const inherited = previous.kind === "absent" ? await this.#loadKamalState() : NOTHING;
    if (inherited.path === undefined && (current.kind === "damaged" || previous.kind === "damaged")) {
      this.#log.error(NONE_WHOLE, { path: this.path });
      return { ...inherited, notice: NONE_WHOLE };
    }
    return inherited;
  }

  /**
   * Durable when it resolves. Saves are made in the order of the calls.
   * @throws ProxyError `state-not-saved`, with the generation before still in place
   */
  save(snapshot: Snapshot): Promise<void> {
    const text = formatSnapshot(snapshot);
    const write = this.#lastSave.then(() => this.#write(text));
    this.#lastSave = write.catch(() => undefined);
    return write;
  }

  /** Waits for saves under way and gives the data directory free. */
  async close(): Promise<void> {
    await this.#lastSave;
    await this.#claim.release();
  }

  async #write(text: string): Promise<void> {
    try {
      await writeDurably(this.path, text, this.#checkpoint);
      this.#log.debug("Saved state", { path: this.path });
    } catch (error) {
      this.#log.error("Unable to save state", { error, path: this.path });
      throw new ProxyError("state-not-saved", `unable to save state: ${(error as Error).message}`, {
        hint: "Nothing was changed. Free space on the proxy's data volume, or see why it cannot be written, and try again.",
        cause: error,
      });
    }
  }

  async #read(path: string): Promise<FileContent> {
    try {
      return { kind: "whole", snapshot: parseSnapshot(await readText(path)) };
    } catch (error) {
      if (error instanceof NewerStateError) throw tooNew(path, error);
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "ENOENT") return { kind: "absent" };
      if (code === "EACCES" || code === "EPERM") return this.#locked(path, error);
      // Too few descriptors or too little memory say nothing about the file.
      if (code === "EMFILE" || code === "ENFILE" || code === "ENOMEM") throw error;
      return this.#keepAside(path, error);
    }
  }

  #locked(path: string, error: unknown): FileContent {
    this.#log.error("Failed to restore saved state", { path, error });
    return { kind: "locked", error };
  }

  async #keepAside(path: string, error: unknown): Promise<FileContent> {
    const aside = `${path}.corrupt-${Date.now()}`;
    this.#log.error("Failed to decode saved state", { path, error, kept: aside });
    await rename(path, aside);
    return { kind: "damaged" };
  }

  async #loadKamalState(): Promise<LoadedSnapshot> {
    const path = join(this.#directory, KAMAL_STATE_FILE_NAME);
    try {
      return { ...parseKamalState(await readText(path)), path };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        this.#log.error("Failed to restore saved state", { path, error });
      }
      return NOTHING;
    }
  }
}

type FileContent =
  | { readonly kind: "whole"; readonly snapshot: Snapshot }
  | { readonly kind: "absent" | "damaged" }
  | { readonly kind: "locked"; readonly error: unknown };

/** Bytes that are no UTF-8 make a damaged file, not one with odd characters in it. */
async function readText(path: string): Promise<string> {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readFile(path));
}

function tooNew(path: string, error: NewerStateError): ProxyError {
  return new ProxyError("state-unreadable", `${path} was written by a newer kdeploy-proxy (${error.message})`, {
    hint: "Run that version again, or move the file away to start without services. It has not been touched.",
    cause: error,
  });
}

function unreadable(path: string, error: unknown): ProxyError {
  return new ProxyError("state-unreadable", `cannot read ${path}: ${(error as Error).message}`, {
    hint: "Give the proxy's user permission to read it; starting without it would forget every service.",
    cause: error,
  });
}
