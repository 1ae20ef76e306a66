/**
 * A unix socket as a claim on a path: whoever listens there owns it, and the kernel ends the claim with the process, a
 * SIGKILL included. Pid files cannot do that in containers, where every proxy is pid 1. A socket is bound under a name of
 * its own first and renamed to the path when nobody answers there; a guard makes looking and renaming one step.
 */
import { randomBytes } from "node:crypto";
import { chmod, lstat, mkdir, rename, rmdir, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ProxyError } from "../errors.ts";

export type Claim = {
  readonly path: string;
  /** Stops listening and removes the path, unless it is somebody else's by now. */
  release(): Promise<void>;
};

/** What connecting to a path says about it. */
type Occupant = "none" | "stale" | "alive" | "foreign";

const MAX_ATTEMPTS = 400;
const RETRY_MS = 25;
/** Taking a place needs a moment; whoever has been at it for longer is dead. */
const MAX_GUARD_MS = 5_000;
/** `sun_path` holds 108 bytes with its final zero; the temporary name must fit as well. */
const MAX_PATH_BYTES = 107;
const SUFFIX_BYTES = 6;

/**
 * Makes `server` listen on `path`, mode 0600, replacing a socket that nobody listens on any more.
 * @throws ProxyError `address-in-use` when a live process answers there or the path is no socket; `state-unreadable` when the
 *   system does not let it be made
 */
export async function claimSocketPath(server: Server, path: string): Promise<Claim> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES - SUFFIX_BYTES) throw refused(path, "invalid argument");
  const own = `${path}.${randomBytes(SUFFIX_BYTES)
    .toString("base64url")
    .slice(0, SUFFIX_BYTES - 1)}`;
  try {
    await listenPrivately(server, own);
    await takePlace(own, path);
  } catch (error) {
    await closeServer(server);
    await unlink(own).catch(ignoreMissing);
    throw error instanceof ProxyError ? error : refused(path, (error as Error).message);
  }
  const { ino, dev } = await lstat(path);
  return {
    path,
    async release() {
      const now = await lstat(path).catch(() => undefined);
      if (now?.ino === ino && now.dev === dev) await unlink(path).catch(ignoreMissing);
      await closeServer(server);
    },
  };
}

async function takePlace(own: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    await refuseOccupied(path);
    if (await replaceGuarded(own, path)) return;
    await sleep(RETRY_MS);
  }
  throw inUse(path, `${path}~ is in the way; remove it if no proxy is starting.`);
}

/**
 * Looking and renaming are two steps, so they are taken by one claimant at a time: otherwise the slower of two could
 * replace the live socket that the faster has just put there. The guard is a directory, because making one is atomic.
 * False when another one is at it.
 */
async function replaceGuarded(own: string, path: string): Promise<boolean> {
  const guard = `${path}~`;
  if (!(await enter(guard))) return false;
  try {
    await refuseOccupied(path);
    await rename(own, path);
  } finally {
    await rmdir(guard).catch(ignoreMissing);
  }
  return true;
}

async function refuseOccupied(path: string): Promise<void> {
  const occupant = await occupantOf(path);
  if (occupant === "alive") throw inUse(path, "Another proxy is running there.");
  if (occupant === "foreign") throw inUse(path, "There is a file at that path that is not a socket; it is left alone.");
}

async function enter(guard: string): Promise<boolean> {
  try {
    await mkdir(guard, { mode: 0o700 });
    return true;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
  const stats = await lstat(guard).catch(() => undefined);
  if (stats !== undefined && Date.now() - stats.mtimeMs > MAX_GUARD_MS) await rmdir(guard).catch(() => undefined);
  return false;
}

async function occupantOf(path: string): Promise<Occupant> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return "none";
  // Not followed if it is a symbolic link, and never removed if it is anything but a socket.
  if (!stats.isSocket()) return "foreign";
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve("alive");
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") resolve("stale");
      else resolve(error.code === "ENOENT" ? "none" : "alive");
    });
  });
}

/** Binding happens within `listen`, so the mask covers the socket's whole life: it is never open to others. */
function listenPrivately(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const mask = process.umask(0o177);
    try {
      server.once("error", reject);
      server.listen({ path, backlog: 1_024 }, () => {
        server.off("error", reject);
        chmod(path, 0o600).then(resolve, reject);
      });
    } finally {
      process.umask(mask);
    }
  });
}

function closeServer(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function inUse(path: string, hint: string): ProxyError {
  return new ProxyError("address-in-use", `listen unix ${path}: bind: address already in use`, { hint });
}

function refused(path: string, reason: string): ProxyError {
  return new ProxyError("listen-failed", `listen unix ${path}: bind: ${reason}`, {
    hint: `Its directory has to exist and be writable, and its path can have ${MAX_PATH_BYTES - SUFFIX_BYTES} bytes at most.`,
  });
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== "ENOENT") throw error;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
