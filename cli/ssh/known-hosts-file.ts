/** known_hosts files on disk: paths in, entries out; and one line more in a file that other programs write to at the same time. */
import { appendFile, mkdir, open, readFile, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type KnownHostEntry, parseKnownHosts } from "./known-hosts.ts";
import { LOCK_STALE_MS, MAX_KNOWN_HOSTS_BYTES } from "./limits.ts";

/** What the files hold; one that is missing or cannot be read holds nothing. */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHostEntry[]> {
  return (await Promise.all(files.map(entriesOf))).flat();
}

async function entriesOf(file: string): Promise<KnownHostEntry[]> {
  try {
    const { size } = await stat(file);
    return size > MAX_KNOWN_HOSTS_BYTES ? [] : parseKnownHosts(await readFile(file, "utf8"), file);
  } catch {
    return [];
  }
}

/**
 * Adds `line`, unless `stillWanted` says no to what the file holds by then. One process at a time, held off by a file
 * beside it; the line is written with one call, so that OpenSSH, which knows no such file, never sees half of it.
 */
export async function appendKnownHost(
  file: string,
  line: string,
  stillWanted: (entries: readonly KnownHostEntry[]) => boolean,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const lock = `${file}.kdeploy-lock`;
  await takeLock(lock);
  try {
    const text = await readFile(file, "utf8").catch(() => "");
    if (!stillWanted(parseKnownHosts(text, file))) return;
    await appendFile(file, text === "" || text.endsWith("\n") ? line : `\n${line}`, { mode: 0o600 });
  } finally {
    await rm(lock, { force: true });
  }
}

async function takeLock(lock: string): Promise<void> {
  // Bounded: a lock is held for milliseconds, and one that is left behind is removed when it is stale.
  for (let attempt = 0; attempt < 2 * (LOCK_STALE_MS / 20); attempt++) {
    try {
      await (await open(lock, "wx", 0o600)).close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const age = await stat(lock).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > LOCK_STALE_MS) await rm(lock, { force: true });
    else await pause(20);
  }
  throw new Error(`${lock} is held by another process`);
}
