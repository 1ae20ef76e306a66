/** The env file of a role on a host: written for a new container, put back when the old one stays after all. */
import type { Role } from "../config/config.ts";
import { roleEnvFile } from "../config/names.ts";
import { type EnvFile, keep, putBack } from "../remote/env-file.ts";
import { attempt } from "./attempt.ts";
import { say } from "./in-step.ts";
import { runCommand, uploadFile } from "./run-command.ts";
import type { Work } from "./work.ts";

export class RoleEnvFile {
  readonly #work: Work;
  readonly #host: string;
  readonly #path: string;
  #isKept = false;

  constructor(work: Work, host: string, role: Role) {
    this.#work = work;
    this.#host = host;
    this.#path = roleEnvFile(work.config, role);
  }

  /** The one that was there is kept beside it. */
  async write({ content }: EnvFile): Promise<void> {
    await runCommand(this.#work, this.#host, keep(this.#path));
    this.#isKept = true;
    await uploadFile(this.#work, this.#host, { path: this.#path, mode: 0o600, content });
  }

  /** Nothing to put back: it was not written. */
  get isUntouched(): boolean {
    return !this.#isKept;
  }

  /** What is executed in containers of the role gets what the one that runs has. Never throws. */
  async restore(): Promise<void> {
    if (!this.#isKept || (await attempt(this.#work, this.#host, putBack(this.#path)))) return;
    const text = `${this.#path} could not be put back; the next deploy writes it anew.`;
    say(this.#work, "warning", text, this.#host);
  }
}
