/** One role's new container on one host, from its start beside the old one until one of the two is gone. */
import { randomBytes } from "node:crypto";
import type { Role } from "../config/config.ts";
import { containerHostname, containerName, containerPrefix, replacedContainerName } from "../config/names.ts";
import { containerIdOfVersion, currentVersion, rename, run, stopContainer } from "../remote/app.ts";
import { clean as cleanAssets, hasAssets } from "../remote/app-assets.ts";
import { removeContainer, runningId } from "../remote/app-lookup.ts";
import type { ContainerState } from "../remote/container-state.ts";
import type { EnvFile } from "../remote/env-file.ts";
import { deployFlags } from "../remote/proxy-flags.ts";
import { allEnded } from "./all-ended.ts";
import { attempt } from "./attempt.ts";
import { audit } from "./audit-line.ts";
import { explainBootFailure } from "./explain-boot-failure.ts";
import { say } from "./in-step.ts";
import type { RoleOnHost } from "./place.ts";
import { ProxySwitch } from "./proxy-switch.ts";
import { stillReady, unlessItEnds, type Verdict, waitUntilReady } from "./readiness.ts";
import { RoleEnvFile } from "./role-env-file.ts";
import { runCommand } from "./run-command.ts";
import type { Work } from "./work.ts";
import { CommandError, isCancelled, isUncertain } from "./work-error.ts";

const REPLACED = /_replaced_[0-9a-f]+$/;
/** Docker's short form, by which the proxy finds the container in the network. */
const SHORT_ID = /^([0-9a-f]{12})[0-9a-f]*$/;

export type NewContainerOptions = {
  readonly version: string;
  readonly env: EnvFile;
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
  readonly #envFile: RoleEnvFile;
  #proxy: ProxySwitch | undefined;
  /** The id of a container of the same version that is there already. */
  #found = "";
  #replacedName: string | undefined;
  #replacedRuns = true;
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
    this.#envFile = new RoleEnvFile(work, place.host, place.role);
  }

  /** Undefined when nothing ran. */
  get oldVersion(): string | undefined {
    return this.#oldSuffix?.replace(REPLACED, "");
  }

  /** Whether requests go to it only after `switchOver`, in the phase that this tells. */
  get switching(): "two-phase" | "one-phase" | "none" {
    return this.#proxy === undefined ? "none" : this.#proxy.twoPhase ? "two-phase" : "one-phase";
  }

  /** What does not have to wait until it is its turn to start: looks at what is there, and writes its env file. */
  async makeReady(): Promise<void> {
    const { config } = this.#work;
    const [found, current] = await allEnded([
      this.#read(containerIdOfVersion(config, this.role, this.#options.version)),
      this.#read(currentVersion(config, this.role)),
      this.#envFile.write(this.#options.env),
    ]);
    this.#found = found;
    this.#oldSuffix = current === "" ? undefined : current;
  }

  /**
   * After `makeReady`. Ends when it is ready to serve; nothing goes to it yet. `twoPhase` is what the host's proxy knows.
   * @throws WorkError `boot-failed`
   */
  async boot(twoPhase: boolean): Promise<void> {
    const proxy = this.#makeSwitch(twoPhase);
    this.#proxy = proxy;
    await this.#makeRoom();
    const started = this.#explained(async () => {
      const id = await this.#start();
      if (this.#work.dryRun && proxy === undefined) return undefined;
      if (proxy === undefined) return this.#accept(await waitUntilReady(this.#work, this.host, this.#name));
      return this.#prepare(proxy, id);
    });
    const { version } = this.#options;
    await allEnded([started, audit(this.#work, this.host, `Booted app version ${version}`, this.role.name)]);
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
    const begun = this.#mayExist || this.#replacedName !== undefined || !this.#envFile.isUntouched;
    if (this.outcome === "untouched" && !begun) return;
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
    await this.#envFile.restore();
    const old = this.oldVersion;
    if (hasAssets(this.role) && old !== undefined && old !== this.#options.version) {
      await this.#attempt(cleanAssets(config, this.role, old));
    }
  }

  /** What ran before ends, now that nothing goes to it any more. Never throws: what keeps running is stopped by the next deploy. */
  async retire(): Promise<void> {
    this.outcome = "switched";
    const old = this.#oldContainer();
    // After a run that was killed, what was renamed may be another one than what counted as current.
    const replaced = this.#replacedRuns ? this.#replacedName : undefined;
    for (const name of new Set([old, replaced].filter((one) => one !== undefined))) {
      if (await this.#attempt(stopContainer(this.role, name), false)) continue;
      const text = `${name} could not be stopped, and may still run; the next deploy stops it.`;
      say(this.#work, "warning", text, this.host);
    }
    if ((old !== undefined || this.#replacedName !== undefined) && hasAssets(this.role)) {
      await this.#attempt(cleanAssets(this.#work.config, this.role, this.#options.version));
    }
  }

  /** A container of the same version keeps running under another name. */
  async #makeRoom(): Promise<void> {
    const { config } = this.#work;
    const { version } = this.#options;
    const serves = this.#oldSuffix === version;
    if (this.#found === "" && !serves) return;
    const replaced = replacedContainerName(config, this.role, version, randomBytes(8).toString("hex"));
    const options = { reads: true, tolerate: true, level: "debug" } as const;
    const [running] = await allEnded([
      runCommand(this.#work, this.host, runningId(this.#name), options),
      audit(this.#work, this.host, `Renaming container ${this.#name} to ${replaced}`, this.role.name),
    ]);
    // One that was stopped before is none to stop.
    this.#replacedRuns = running.exitCode !== 0 || running.stdout.trim() !== "";
    this.#replacedName = replaced;
    await runCommand(this.#work, this.host, rename(this.#name, replaced));
    if (serves) this.#oldSuffix = replaced.slice(`${containerPrefix(config, this.role)}-`.length);
  }

  /** @returns its short id */
  async #start(): Promise<string> {
    const { config } = this.#work;
    const { env, version } = this.#options;
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
    const end = await unlessItEnds(this.#work, this.host, this.#name, (signal) => proxy.prepare(id, signal));
    return end === undefined ? undefined : { ready: false, ...end };
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

  #attempt(line: string, tolerate = true): Promise<boolean> {
    return attempt(this.#work, this.host, line, { tolerate, moreMs: (this.role.stopTimeoutSeconds ?? 0) * 1000 });
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
