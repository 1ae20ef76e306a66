/**
 * Replaces a file so that at every instant, power cuts included, a whole generation is in place: written beside, synced,
 * the old one kept as `.previous`, renamed over, directory synced.
 */
import { copyFile, link, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";

/** The steps of a write in order, as told to a test's checkpoint before each is taken. */
export type WriteStep = "open" | "write" | "sync" | "keep-previous" | "rename" | "sync-directory" | "written";
export type WriteCheckpoint = (step: WriteStep) => void;

export function previousOf(path: string): string {
  return `${path}.previous`;
}

/**
 * Mode 0600. One writer at a time per path.
 * @throws the system's error, with the old generation in place and nothing left over
 */
export async function writeDurably(path: string, text: string, checkpoint: WriteCheckpoint): Promise<void> {
  const temporary = `${path}.new`;
  let undo: (() => Promise<void>) | undefined;
  try {
    await writeSynced(temporary, text, checkpoint);
    checkpoint("keep-previous");
    const hadPrevious = await keepPrevious(path);
    checkpoint("rename");
    await rename(temporary, path);
    undo = hadPrevious ? () => restorePrevious(path) : () => unlink(path);
    checkpoint("sync-directory");
    await syncDirectory(dirname(path));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    // The new generation is visible but not certain to last, and its author will be told that it was not saved.
    await undo?.().catch(() => undefined);
    throw error;
  }
  checkpoint("written");
}

/** The same without a generation before it: for what can be had again, and for keys, of which none may linger. */
export async function replaceDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await writeSynced(temporary, text, () => undefined);
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

async function writeSynced(temporary: string, text: string, checkpoint: WriteCheckpoint): Promise<void> {
  checkpoint("open");
  const file = await open(temporary, "w", 0o600);
  try {
    checkpoint("write");
    await file.writeFile(text);
    checkpoint("sync");
    await file.sync();
  } finally {
    await file.close();
  }
}

/** False when there is no generation to keep yet. A hard link costs nothing and is never half there. */
async function keepPrevious(path: string): Promise<boolean> {
  const temporary = `${previousOf(path)}.new`;
  await unlink(temporary).catch(() => undefined);
  try {
    await link(path, temporary).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") throw error;
      // Not every file system has hard links.
      await copyFile(path, temporary);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  await rename(temporary, previousOf(path));
  return true;
}

async function restorePrevious(path: string): Promise<void> {
  const temporary = `${path}.new`;
  await copyFile(previousOf(path), temporary);
  await rename(temporary, path);
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    // Some network file systems know no such thing, and need none.
    await handle.sync().catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EINVAL" && error.code !== "ENOTSUP") throw error;
    });
  } finally {
    await handle.close();
  }
}
