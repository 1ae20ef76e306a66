/** The port on this machine, for builds and hooks: a command line in, run by `sh` in its own process group. */

import { randomBytes } from "node:crypto";
import { chmod, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { BackForward, BackPorts, Host, RunOptions, RunResult, UploadedFile, UploadOptions } from "./host.ts";
import { cancelled, forwardRefused, HostError } from "./host-error.ts";
import { runInTerminal, type SpawnOptions, startProgram } from "./spawned-command.ts";
import { inputBytes, supervise } from "./supervised-command.ts";

export class LocalHost implements Host {
  readonly name: string;
  readonly #options: SpawnOptions;

  /** Commands run, and relative paths count, from `cwd`, by default that of this process; `env` replaces the environment. */
  constructor(options: SpawnOptions = {}, name = "localhost") {
    this.name = name;
    this.#options = options;
  }

  run(command: string, options: RunOptions = {}): Promise<RunResult> {
    return supervise(this.name, command, options, (how) =>
      startProgram("/bin/sh", ["-c", command], how, this.#options),
    );
  }

  async upload(file: UploadedFile, options: UploadOptions = {}): Promise<void> {
    const path = resolve(this.#options.cwd ?? ".", file.path);
    const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
    if (options.signal?.aborted) throw cancelled(this.name, `upload of ${file.path}`);
    try {
      // Nobody else's from its first moment; the wanted mode comes when the content is there.
      const handle = await open(temporary, "wx", 0o600);
      try {
        await handle.writeFile(inputBytes(file.content) ?? "");
      } finally {
        await handle.close();
      }
      await chmod(temporary, file.mode);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      const why = error instanceof Error ? error.message : String(error);
      throw new HostError(this.name, "upload-failed", "upload", `Could not write ${file.path}: ${why}`, {
        cause: error,
      });
    }
  }

  interactive(command: string): Promise<number> {
    return runInTerminal("/bin/sh", ["-c", command], this.#options);
  }

  /** A port of this machine leads to itself; to another one it does not. */
  async forwardBack({ remotePort, localPort }: BackPorts): Promise<BackForward> {
    if (remotePort !== localPort) throw forwardRefused(this.name, remotePort);
    return { close: async () => {} };
  }
}
