/** Deploys in two steps: prepared here, then committed, aborted, or after a commit put back; each by its service and id. */
import { ProxyError } from "../errors.ts";
import { parseTargetAddress } from "../target/target-address.ts";
import type { DeployParts } from "./cut-over.ts";
import { type DeployRequest, type DeployResult, deploy } from "./deploy.ts";
import type { DeployRun } from "./deploy-ledger.ts";
import { drainReplaced } from "./drain-replaced.ts";
import type { GateChanges } from "./gate-changes.ts";
import { Hold } from "./hold.ts";
import { LiveTarget } from "./live-target.ts";
import type { Report } from "./progress.ts";
import { removeService } from "./remove.ts";
import { allTargetsOf, type ServiceRecord } from "./service-record.ts";

export type PrepareResult = { readonly id: string; readonly targets: readonly string[] };

type Prepared = {
  readonly id: string;
  readonly hold: Hold;
  /** Settles when the deploy is over, however it ended. */
  readonly result: Promise<DeployResult>;
};

type Committed = {
  readonly id: string;
  readonly before: ServiceRecord | undefined;
  /** What the commit put in place: if it is something else by now, there is nothing to put back. */
  readonly now: ServiceRecord | undefined;
  readonly drainTimeoutMs: number;
};

export class PreparedDeploys {
  readonly #parts: DeployParts;
  readonly #gates: GateChanges;
  readonly #prepared = new Map<string, Prepared>();
  /** Deploys whose targets are not healthy yet. */
  readonly #preparing = new Map<string, DeployRun>();
  /** The last commit of each service; as many as there are services. */
  readonly #committed = new Map<string, Committed>();

  constructor(parts: DeployParts, gates: GateChanges) {
    this.#parts = parts;
    this.#gates = gates;
  }

  /**
   * Resolves when the targets are healthy; nothing has been switched then.
   * @param ttlMs for the commit to come
   * @throws ProxyError as `deploy`
   */
  async prepare(request: DeployRequest, ttlMs: number, report: Report): Promise<PrepareResult> {
    await this.supersede(request.name);
    const hold = new Hold(ttlMs, report);
    let run: DeployRun | undefined;
    const onBegin = (begun: DeployRun): void => {
      run = begun;
      this.#preparing.set(request.name, begun);
    };
    const result = deploy(this.#parts, request, hold.report, { hold, onBegin });
    try {
      await Promise.race([hold.reached.promise, result]);
    } finally {
      if (this.#preparing.get(request.name) === run) this.#preparing.delete(request.name);
    }
    const { id, targets } = run as unknown as DeployRun;
    this.#prepared.set(request.name, { id, hold, result });
    const forget = (): void => {
      if (this.#prepared.get(request.name)?.id === id) this.#prepared.delete(request.name);
    };
    result.then(({ id }) => this.#remember(request, id, hold)).then(forget, forget);
    return { id, targets };
  }

  /**
   * Switches, and resolves when the old targets have drained.
   * @throws ProxyError `not-prepared`, and as `deploy`
   */
  async commit(name: string, id: string, report: Report): Promise<DeployResult> {
    const { hold, result } = this.#find(name, id);
    hold.commit(report);
    return result;
  }

  /**
   * Takes the prepared targets away again.
   * @param id empty for whatever is prepared, or being prepared, for the service
   * @throws ProxyError `not-prepared`
   */
  async abort(name: string, id: string): Promise<void> {
    const preparing = this.#preparing.get(name);
    if (id === "" && preparing !== undefined) {
      preparing.cancel("it was aborted");
      await preparing.ended.promise;
      return;
    }
    const { hold, result } = this.#find(name, id === "" ? this.#prepared.get(name)?.id : id);
    hold.abort("it was aborted");
    await result.catch(() => undefined);
  }

  /**
   * Puts back what was there before a commit, at once, and resolves when the targets of that commit have drained.
   * @throws ProxyError `nothing-to-revert` when that commit is not the last that happened to the service
   */
  async revert(name: string, id: string, report: Report): Promise<void> {
    const { services, ledger, closing } = this.#parts;
    const committed = this.#committed.get(name);
    const current = services.records.get(name);
    if (committed?.id !== id || current === undefined || current.targets !== committed.now?.targets) {
      throw new ProxyError("nothing-to-revert", `${name} has no commit ${id} to put back`, {
        hint: "It was put back already, or the service was deployed or removed since. See list.",
      });
    }
    this.#committed.delete(name);
    const { before } = committed;
    if (before === undefined) {
      await removeService(name, services, ledger, this.#gates);
      return;
    }
    const targets = before.targets.map(({ role, address }) => {
      const target = { role, address: parseTargetAddress(address) };
      return new LiveTarget(target, before.target, "healthy", services.log);
    });
    for (const target of targets) target.startChecks(() => services.healthChanged());
    const replaced = await services.change(
      (draft) => {
        const now = draft.records.get(name) ?? current;
        const { rolloutTargets, rollout, gate } = now;
        draft.records.set(name, { ...before, targets, rolloutTargets, rollout, gate });
        return now.targets;
      },
      (gone) => {
        for (const target of gone) target.stopChecks();
      },
    );
    services.log.info("Reverted", { service: name, targets: targets.map(({ address }) => address) });
    report({ event: "switched", targets: targets.map(({ address }) => address) });
    const record = services.records.get(name);
    const serving = record === undefined ? targets : allTargetsOf(record);
    await drainReplaced(services, {
      service: name,
      replaced,
      kept: new Set(serving.map(({ address }) => address)),
      timeoutMs: committed.drainTimeoutMs,
      signal: closing,
      report,
    });
  }

  /** A new deploy of `name` comes: what is prepared for it is given up. */
  async supersede(name: string): Promise<void> {
    const prepared = this.#prepared.get(name);
    if (prepared === undefined) return;
    prepared.hold.abort("another deploy of the service has come");
    await prepared.result.catch(() => undefined);
  }

  #find(name: string, id: string | undefined): Prepared {
    const prepared = this.#prepared.get(name);
    if (prepared !== undefined && prepared.id === id) return prepared;
    throw new ProxyError("not-prepared", `${name} has no prepared deploy${id === undefined ? "" : ` ${id}`}`, {
      hint: "Its time is over (--prepare-ttl), another deploy has come, or the proxy was restarted. Prepare it again.",
    });
  }

  #remember({ name, deployment }: DeployRequest, id: string, { before }: Hold): void {
    const now = this.#parts.services.records.get(name);
    for (const known of this.#committed.keys())
      if (!this.#parts.services.records.has(known)) this.#committed.delete(known);
    this.#committed.set(name, { id, before, now, drainTimeoutMs: deployment.drainTimeoutMs });
  }
}
