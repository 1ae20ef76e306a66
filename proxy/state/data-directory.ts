/** The data directory: made private when it is new, and owned by one proxy at a time. */
import { lstat, mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { ProxyError } from "../errors.ts";
import type { EventLog } from "../observe/event-log.ts";
import { type Claim, claimSocketPath } from "./exclusive-socket.ts";

const LOCK_NAME = "kdeploy-proxy.lock";

/**
 * Creates `directory` (mode 0700, parents too) and claims it until `release` or the end of the process.
 * @throws ProxyError `data-directory-in-use` when another proxy has it; `state-unreadable` when it cannot be made or written
 */
export async function claimDataDirectory(directory: string, log: EventLog): Promise<Claim> {
  // Whoever connects only wants to know whether somebody is there.
  const server = createServer((socket) => socket.on("error", () => socket.destroy()).destroy());
  server.unref();
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const { mode } = await lstat(directory);
    if ((mode & 0o002) !== 0) log.warn("Data directory is writable by everybody", { path: directory });
    return await claimSocketPath(server, join(directory, LOCK_NAME));
  } catch (error) {
    if (!(error instanceof ProxyError) || error.code !== "address-in-use") throw unusable(directory, error);
    throw new ProxyError("data-directory-in-use", `data directory ${directory} is in use by another proxy`, {
      hint: error.hint ?? "Every proxy needs a data directory of its own.",
      cause: error,
    });
  }
}

function unusable(directory: string, error: unknown): ProxyError {
  return new ProxyError("state-unreadable", `data directory ${directory} cannot be used: ${(error as Error).message}`, {
    hint: "It is $HOME/.config/kamal-proxy; the user that the proxy runs as has to be able to create and write it.",
    cause: error,
  });
}
