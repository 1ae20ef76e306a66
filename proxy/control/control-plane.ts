/** Control as its callers see it: the operations on services, from restoring to closing. */
import type { Certificates } from "../certificate/certificates.ts";
import type { CertificateListing } from "../certificate/listing.ts";
import type { DataPlane } from "../data-plane/data-plane.ts";
import { ProxyError } from "../errors.ts";
import type { EventLog } from "../observe/event-log.ts";
import type { PauseOptions, StopOptions } from "../options/gate-options.ts";
import type { RolloutOptions } from "../options/rollout-options.ts";
import type { SnapshotFile } from "../state/snapshot-file.ts";
import type { DeployParts } from "./cut-over.ts";
import { type DeployRequest, type DeployResult, deploy } from "./deploy.ts";
import { DeployLedger } from "./deploy-ledger.ts";
import { GateChanges } from "./gate-changes.ts";
import { listServices, type ServiceListing } from "./list.ts";
import { PreparedDeploys, type PrepareResult } from "./prepared-deploys.ts";
import type { Report } from "./progress.ts";
import { removeService } from "./remove.ts";
import { restore } from "./restore.ts";
import { deployRollout, type RolloutDeployRequest, setRollout, stopRollout } from "./rollout.ts";
import { allTargetsOf } from "./service-record.ts";
import { type ControlStep, Services } from "./services.ts";

export type ControlPlaneOptions = {
  readonly dataPlane: DataPlane;
  readonly snapshotFile: SnapshotFile;
  readonly certificates: Certificates;
  readonly log: EventLog;
  /** Called at the steps of a change; for tests that die there. */
  readonly checkpoint?: (step: ControlStep) => void;
};

export class ControlPlane {
  readonly #services: Services;
  readonly #snapshotFile: SnapshotFile;
  readonly #ledger = new DeployLedger();
  readonly #closing = new AbortController();
  readonly #gates: GateChanges;
  readonly #prepared: PreparedDeploys;

  constructor({ checkpoint = () => undefined, ...parts }: ControlPlaneOptions) {
    this.#services = new Services({ ...parts, checkpoint });
    this.#snapshotFile = parts.snapshotFile;
    this.#gates = new GateChanges(this.#services, this.#closing.signal);
    this.#prepared = new PreparedDeploys(this.#parts, this.#gates);
  }

  /** Resolves when the data plane routes by the restored table. @throws ProxyError when the saved state must not be touched */
  restore(): Promise<void> {
    return restore(this.#services, this.#snapshotFile);
  }

  /** @throws ProxyError, see `deploy.ts` */
  async deploy(request: DeployRequest, report: Report): Promise<DeployResult> {
    this.#refuseWhenClosing();
    await this.#prepared.supersede(request.name);
    return deploy(this.#parts, request, report);
  }

  /** The first half of a deploy, see `prepared-deploys.ts`; so are the next three. */
  async prepare(request: DeployRequest, ttlMs: number, report: Report): Promise<PrepareResult> {
    this.#refuseWhenClosing();
    return this.#prepared.prepare(request, ttlMs, report);
  }

  async commit(name: string, id: string, report: Report): Promise<DeployResult> {
    this.#refuseWhenClosing();
    return this.#prepared.commit(name, id, report);
  }

  async abort(name: string, id: string): Promise<void> {
    this.#refuseWhenClosing();
    await this.#prepared.abort(name, id);
  }

  async revert(name: string, id: string, report: Report): Promise<void> {
    this.#refuseWhenClosing();
    await this.#prepared.revert(name, id, report);
  }

  /** @throws ProxyError, see `rollout.ts` */
  async deployRollout(request: RolloutDeployRequest, report: Report): Promise<DeployResult> {
    this.#refuseWhenClosing();
    return deployRollout(this.#parts, request, report);
  }

  async setRollout(name: string, options: RolloutOptions): Promise<void> {
    this.#refuseWhenClosing();
    await setRollout(this.#services, name, options);
  }

  async stopRollout(name: string): Promise<void> {
    this.#refuseWhenClosing();
    await stopRollout(this.#services, name);
  }

  /** Cancels a deploy that has not switched yet. Requests in flight finish undisturbed. */
  async remove(name: string): Promise<void> {
    this.#refuseWhenClosing();
    await removeService(name, this.#services, this.#ledger, this.#gates);
  }

  async pause(name: string, options: PauseOptions, report: Report): Promise<void> {
    this.#refuseWhenClosing();
    await this.#gates.pause(name, options, report);
  }

  async stop(name: string, options: StopOptions, report: Report): Promise<void> {
    this.#refuseWhenClosing();
    await this.#gates.stop(name, options, report);
  }

  async resume(name: string): Promise<void> {
    this.#refuseWhenClosing();
    await this.#gates.resume(name);
  }

  list(): Promise<ServiceListing> {
    return listServices(this.#services, this.#ledger);
  }

  certificates(): CertificateListing {
    return this.#services.certificates.list();
  }

  /**
   * Ends what is under way: deploys that wait for health fail, drains are left to the data plane, a change that is being
   * saved is completed. No health check runs afterwards. The routes stay as they are.
   */
  async close(): Promise<void> {
    this.#closing.abort(new ProxyError("shutting-down", "the proxy is shutting down"));
    await this.#ledger.allEnded();
    await this.#services.certificates.close();
    await this.#services.settled();
    for (const record of this.#services.records.values()) {
      for (const target of allTargetsOf(record)) target.stopChecks();
    }
  }

  get #parts(): DeployParts {
    return { services: this.#services, ledger: this.#ledger, closing: this.#closing.signal };
  }

  #refuseWhenClosing(): void {
    if (this.#closing.signal.aborted) throw this.#closing.signal.reason as ProxyError;
  }
}
