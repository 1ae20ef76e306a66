/** One service of one host's proxy, on its way from an old container to a new one: in two phases, or in one where the proxy knows no other way. */
import { runningId } from "../remote/app-lookup.ts";
import { deploy, remove } from "../remote/proxy.ts";
import { abort, commit, parsePrepared, prepare, progressIn, revert } from "../remote/two-phase.ts";
import { type CommandOptions, runCommand } from "./run-command.ts";
import type { Work } from "./work.ts";
import { isUncertain, WorkError } from "./work-error.ts";

/** What a proxy may need beyond the times that it is told, until it has answered. */
const GRACE_MS = 60_000;
/** A host that is ready first waits for the slowest one. */
const PREPARE_TTL_FACTOR = 10;
const MIN_PREPARE_TTL_SECONDS = 900;

export type SwitchWays = {
  readonly service: string;
  readonly twoPhase: boolean;
  /** Of the proxy's deploy, for a container. */
  readonly flags: (containerId: string) => readonly string[];
};

export class ProxySwitch {
  readonly #work: Work;
  readonly #host: string;
  readonly #ways: SwitchWays;
  /** `switching`: it was told to, and nobody knows whether it did. */
  #phase: "untouched" | "preparing" | "prepared" | "switching" | "switched" = "untouched";
  #target = "";
  #id: string | undefined;

  constructor(work: Work, host: string, ways: SwitchWays) {
    this.#work = work;
    this.#host = host;
    this.#ways = ways;
  }

  get switched(): boolean {
    return this.#phase === "switched";
  }

  get twoPhase(): boolean {
    return this.#ways.twoPhase;
  }

  /** Ends when the proxy finds the container healthy; in one phase that is left to `commit`. @throws CommandError with what it saw */
  async prepare(containerId: string, signal: AbortSignal): Promise<void> {
    this.#target = containerId;
    if (!this.#ways.twoPhase) return;
    this.#phase = "preparing";
    const { deployTimeoutSeconds } = this.#work.config;
    const ttlSeconds = Math.max(deployTimeoutSeconds * PREPARE_TTL_FACTOR, MIN_PREPARE_TTL_SECONDS);
    const line = prepare(this.#ways.service, this.#ways.flags(containerId), ttlSeconds);
    try {
      const { stdout } = await runCommand(this.#work, this.#host, line, {
        signal,
        placeholder: "Prepared PREPARED_ID",
        progress: progressIn,
      });
      this.#id = parsePrepared(stdout);
    } catch (error) {
      // Its own no leaves nothing behind.
      if (!isUncertain(error) && !signal.aborted) this.#phase = "untouched";
      throw error;
    }
    if (this.#id === undefined) {
      throw new WorkError("command-failed", `${this.#host}: the proxy did not say what it prepared.`, {
        host: this.#host,
      });
    }
    this.#phase = "prepared";
  }

  /** From here on the new container serves. A cancellation waits until it is known. */
  async commit(): Promise<void> {
    const { service, flags, twoPhase } = this.#ways;
    const { deployTimeoutSeconds, drainTimeoutSeconds } = this.#work.config;
    const before = this.#phase;
    this.#phase = "switching";
    const line = twoPhase ? commit(service, this.#id ?? "") : deploy(service, flags(this.#target));
    const timeoutMs = (deployTimeoutSeconds + drainTimeoutSeconds) * 1000 + GRACE_MS;
    try {
      await runCommand(this.#work, this.#host, line, { signal: null, timeoutMs, progress: progressIn });
      this.#phase = "switched";
    } catch (error) {
      if (!isUncertain(error)) this.#phase = before;
      throw error;
    }
  }

  /**
   * The old container, by its name, serves again, or nothing does where nothing did. Never throws.
   * @returns whether that is so; false when nobody knows
   */
  async goBack(oldContainer: string | undefined): Promise<boolean> {
    const phase = this.#phase;
    if (phase === "untouched") return true;
    if (!this.#ways.twoPhase) return this.#deployAgain(oldContainer);
    if (phase === "preparing" || phase === "prepared") {
      await this.#succeeds(abort(this.#ways.service, this.#id));
      return true;
    }
    const id = this.#id ?? "";
    if (await this.#succeeds(revert(this.#ways.service, id))) return true;
    // Still there to be forgotten: so it was never switched to.
    return phase === "switching" && this.#succeeds(abort(this.#ways.service, id));
  }

  async #deployAgain(oldContainer: string | undefined): Promise<boolean> {
    const { service, flags } = this.#ways;
    if (oldContainer === undefined) return this.#succeeds(remove(service));
    const options = { ...this.#cleanup(), reads: true, tolerate: true } as const;
    const id = await runCommand(this.#work, this.#host, runningId(oldContainer), options).then(
      ({ stdout }) => stdout.trim(),
      () => "",
    );
    return id !== "" && this.#succeeds(deploy(service, flags(id)));
  }

  async #succeeds(line: string): Promise<boolean> {
    try {
      await runCommand(this.#work, this.#host, line, this.#cleanup());
      return true;
    } catch {
      return false;
    }
  }

  #cleanup(): CommandOptions {
    const { deployTimeoutSeconds, drainTimeoutSeconds } = this.#work.config;
    return { signal: null, timeoutMs: (deployTimeoutSeconds + drainTimeoutSeconds) * 1000 + GRACE_MS };
  }
}
