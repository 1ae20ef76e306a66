/** A folder for the time of this process that nobody else can look into: key files, a combined configuration, sockets. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expandHome } from "./openssh-config.ts";
import type { SshOptions } from "./ssh-settings.ts";

export type SshFiles = {
  readonly folder: string;
  /** One for each secret of `key_data`. */
  readonly keyFiles: readonly string[];
  /** For `-F`; undefined when the standard files count. */
  readonly configFile: string | undefined;
};

export class PrivateFolder {
  readonly #options: SshOptions;
  #files: Promise<SshFiles> | undefined;

  constructor(options: SshOptions) {
    this.#options = options;
  }

  files(): Promise<SshFiles> {
    this.#files ??= this.#make();
    return this.#files;
  }

  async remove(): Promise<void> {
    const made = await this.#files?.catch(() => undefined);
    if (made !== undefined) await rm(made.folder, { recursive: true, force: true });
  }

  async #make(): Promise<SshFiles> {
    const folder = await mkdtemp(join(tmpdir(), "kdeploy-"));
    await chmod(folder, 0o700);
    const keyFiles = (this.#options.keyData ?? []).map((_, at) => join(folder, `key-${at + 1}`));
    for (const [at, key] of (this.#options.keyData ?? []).entries()) {
      await writeFile(keyFiles[at] as string, `${key.reveal().trimEnd()}\n`, { mode: 0o600 });
    }
    const { config } = this.#options;
    const listed = typeof config === "boolean" ? [] : config.map(expandHome);
    if (listed.length < 2) return { folder, keyFiles, configFile: listed[0] };
    const configFile = join(folder, "config");
    await writeFile(configFile, listed.map((file) => `Include "${resolve(file)}"\n`).join(""), { mode: 0o600 });
    return { folder, keyFiles, configFile };
  }
}
