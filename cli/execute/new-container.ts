/** One role's new container on one host, from its start beside the old one until one of the two is gone. */
import { randomBytes } from "node:crypto";
import type { Role } from "../config/config.ts";
import {
  containerHostname,
  containerName,
  containerPrefix,
  replacedContainerName,
  roleEnvFile,
} from "../config/names.ts";
import { containerIdOfVersion, currentVersion, makeEnvDirectory, rename, run, stopContainer } from "../remote/app.ts";
import { clean as cleanAssets, hasAssets } from "../remote/app-assets.ts";
import { removeContainer } from "../remote/app-lookup.ts";
import type { ContainerState } from "../remote/container-state.ts";
import type { EnvFile } from "../remote/env-file.ts";
import { deployFlags } from "../remote/proxy-flags.ts";
import { audit } from "./audit-line.ts";
import { explainBootFailure } from "./explain-boot-failure.ts";
import { say } from "./in-step.ts";
import type { RoleOnHost } from "./place.ts";
import { ProxySwitch } from "./proxy-switch.ts";
import { stillReady, type Verdict, waitUntilReady, watchForEnd } from "./readiness.ts";
import { runCommand, uploadFile } from "./run-command.ts";
import type { Work } from "./work.ts";
import { CommandError, isCancelled, isUncertain } from "./work-error.ts";

const REPLACED = /_replaced_[0-9a-f]+$/;
/** Docker's short form, by which the proxy finds the container in the network. */
const SHORT_ID = /^([0-9a-f]{12})[0-9a-f]*$/;

export type NewContainerOptions = {
  readonly version: string;
  readonly env: EnvFile;
  /** Of the host's proxy. */
  readonly twoPhase: boolean;
};

export class NewContainer {
  readonly host: string;
  readonly role: Role;
  /** What can be said of it at the end of a run that failed. */
  outcome: "untouched" | "restored" | "left-over" | "unknown" | "switched" = "untouched";
  readonly #work: Work;
  readonly #place: RoleOnHost;
  readonly #options: NewContainerOptions;
  readonly #name: string;
  readonly #proxy: ProxySwitch | undefined;
  #replacedName: string | undefined;
  /** Of the container that ran before, as its name says it. */
  #oldSuffix: string | undefined;
  #mayExist = false;
  #accepted: ContainerState | undefined;

  constructor(work: Work, place: RoleOnHost, options: NewContainerOptions) {
    this.host = place.host;
    this.role = place.role;
    this.#work = work;
    this.#place = place;
    this.#options = options;
    this.#name = containerName(work.config, place.role, options.version);
    this.#proxy = this.#makeSwitch(options.twoPhase);
  }

  /** Undefined when nothing ran. */
  get oldVersion(): string | undefined {
    return this.#oldSuffix?.replace(REPLACED, "");
  }

  /** Whether requests go to it only after `switchOver`, in the phase that this tells. */
  get switching(): "two-phase" | "one-phase" | "none" {
    return this.#proxy === undefined ? "none" : this.#proxy.twoPhase ? "two-phase" : "one-phase";
  }

  /** Ends when it is ready to serve; nothing goes to it yet. @throws WorkError `boot-failed` */
  async boot(): Promise<void> {
    await this.#explained(async () => {
      await this.#makeRoom();
      const id = await this.#start();
      if (this.#work.dryRun && this.#proxy === undefined) return undefined;
      if (this.#proxy === undefined) return this.#accept(await waitUntilReady(this.#work, this.host, this.#name));
      return this.#prepare(this.#proxy, id);
    });
  }

  /** Right before the switch: a container that crashed meanwhile is none to switch to. @throws WorkError `boot-failed` */
  async recheck(): Promise<void> {
    const then = this.#accepted;
    if (then === undefined) return;
    await this.#explained(async () => this.#accept(await stillReady(this.#work, this.host, this.#name, then)));
  }

  /** @throws WorkError `boot-failed` where the proxy checks health only now; CommandError */
  async switchOver(): Promise<void> {
    const proxy = this.#proxy;
    if (proxy === undefined) return;
    await this.#explained(async () => {
      await proxy.commit();
      this.outcome = "switched";
      return undefined;
    });
  }

  /** Everything as it was before: first the requests, then the containers. Never throws. */
  async goBack(): Promise<void> {
    if (this.outcome === "untouched" && !this.#mayExist && this.#replacedName === undefined) return;
    const safe = this.#proxy === undefined || (await this.#proxy.goBack(this.#oldContainer()));
    // Requests may be going to it: then it stays.
    this.outcome = safe ? "restored" : "unknown";
  }

  /** After `goBack`. Never throws. */
  async discard(): Promise<void> {
    if (this.outcome !== "restored") return;
    const { config } = this.#work;
    if (this.#mayExist) {
      await this.#attempt(stopContainer(this.role, this.#name));
      const gone = await this.#attempt(removeContainer(this.#name));
      if (!gone) this.outcome = "left-over";
    }
    if (this.#replacedName !== undefined) await this.#attempt(rename(this.#replacedName, this.#name));
    const old = this.oldVersion;
    if (hasAssets(this.role) && old !== undefined && old !== this.#options.version) {
      await this.#attempt(cleanAssets(config, this.role, old));
    }
  }

  /** What ran before ends, now that nothing goes to it any more. Never throws: what keeps running is stopped by the next deploy. */
  async retire(): Promise<void> {
    this.outcome = "switched";
    // After a run that was killed, what was renamed may be another one than what counted as current.
    const old = new Set([this.#oldContainer(), this.#replacedName].filter((name) => name !== undefined));
    for (const name of old) {
      if (await this.#attempt(stopContainer(this.role, name), false)) continue;
      say(
        this.#work,
        "warning",
        `${name} could not be stopped, and may still run; the next deploy stops it.`,
        this.host,
      );
    }
    if (old.size > 0 && hasAssets(this.role)) {
      await this.#attempt(cleanAssets(this.#work.config, this.role, this.#options.version));
    }
  }

  /** A container of the same version keeps running under another name. */
  async #makeRoom(): Promise<void> {
    const { config } = this.#work;
    const { version } = this.#options;
    const found = await this.#read(containerIdOfVersion(config, this.role, version));
    if (found !== "") {
      const replaced = replacedContainerName(config, this.role, version, randomBytes(8).toString("hex"));
      await audit(this.#work, this.host, `Renaming container ${this.#name} to ${replaced}`, this.role.name);
      this.#replacedName = replaced;
      await runCommand(this.#work, this.host, rename(this.#name, replaced));
    }
    const current = await this.#read(currentVersion(config, this.role));
    this.#oldSuffix = current === "" ? undefined : current;
  }

  /** @returns its short id */
  async #start(): Promise<string> {
    const { config } = this.#work;
    const { env, version } = this.#options;
    await audit(this.#work, this.host, `Booted app version ${version}`, this.role.name);
    await runCommand(this.#work, this.host, makeEnvDirectory(config));
    await uploadFile(this.#work, this.host, {
      path: roleEnvFile(config, this.role),
      mode: 0o600,
      content: env.content,
    });
    const hostname = containerHostname(this.host, randomBytes(6).toString("hex"));
    const line = run(config, this.role, { version, host: this.#place.roleHost, hostname, exported: env.exported });
    this.#mayExist = true;
    const { stdout } = await runCommand(this.#work, this.host, line, { placeholder: "CONTAINER_ID" });
    if (this.#work.dryRun) return "CONTAINER_ID";
    const printed = SHORT_ID.exec(stdout.trim().split("\n").at(-1) ?? "")?.[1];
    return printed ?? (await this.#read(containerIdOfVersion(config, this.role, version)));
  }

  /** The proxy asks until `deploy_timeout`; a container that has ended is known earlier. */
  async #prepare(proxy: ProxySwitch, id: string): Promise<Verdict | undefined> {
    const stop = new AbortController();
    const ended = new AbortController();
    if (this.#work.dryRun) stop.abort();
    const watching = watchForEnd(
      this.#work,
      this.host,
      this.#name,
      AbortSignal.any([this.#work.signal, stop.signal]),
    ).then((end) => {
      if (end !== undefined) ended.abort();
      return end;
    });
    try {
      await proxy.prepare(id, AbortSignal.any([this.#work.signal, ended.signal]));
      return undefined;
    } catch (error) {
      if (!ended.signal.aborted) throw error;
      const end = await watching;
      return end === undefined ? undefined : { ready: false, ...end };
    } finally {
      stop.abort();
      await watching;
    }
  }

  #accept(verdict: Verdict): Verdict {
    if (verdict.ready) this.#accepted = verdict.state;
    return verdict;
  }

  /** What goes wrong with a container is looked into as long as it is there to be asked. */
  async #explained(attempt: () => Promise<Verdict | undefined>): Promise<void> {
    const failure = { host: this.host, role: this.role, name: this.#name };
    let verdict: Verdict | undefined;
    try {
      verdict = await attempt();
    } catch (error) {
      if (isCancelled(error) || isUncertain(error) || !(error instanceof CommandError) || !this.#mayExist) throw error;
      throw await explainBootFailure(this.#work, { ...failure, failing: undefined, error });
    }
    if (verdict === undefined || verdict.ready) return;
    throw await explainBootFailure(this.#work, { ...failure, failing: verdict.failing, error: undefined });
  }

  #oldContainer(): string | undefined {
    const suffix = this.#oldSuffix;
    return suffix === undefined ? undefined : `${containerPrefix(this.#work.config, this.role)}-${suffix}`;
  }

  async #read(line: string): Promise<string> {
    return (await runCommand(this.#work, this.host, line, { reads: true, level: "debug" })).stdout.trim();
  }

  /** @returns whether it was run, and, unless tolerated, went well */
  async #attempt(line: string, tolerate = true): Promise<boolean> {
    const timeoutMs = this.#work.state.limits.cleanupTimeoutMs + (this.role.stopTimeoutSeconds ?? 0) * 1000;
    for (let again = false; ; again = true) {
      try {
        await runCommand(this.#work, this.host, line, { tolerate, signal: null, timeoutMs });
        return true;
      } catch (error) {
        // A lost connection is made anew, and all that is done here may be done twice.
        if (again || !isUncertain(error)) return false;
      }
    }
  }

  #makeSwitch(twoPhase: boolean): ProxySwitch | undefined {
    const { role } = this;
    const { proxy } = role;
    const { config } = this.#work;
    if (proxy === undefined) return undefined;
    const peers = role.hosts.map(({ name }) => name).filter((name) => name !== this.host);
    const { version } = this.#options;
    return new ProxySwitch(this.#work, this.host, {
      service: containerPrefix(config, role),
      twoPhase,
      flags: (containerId) => deployFlags(config, proxy, { containerId, owner: { role: role.name }, version, peers }),
    });
  }
}
