/** A deploy from request to result: warm up, switch, drain. Until the switch a failure changes nothing. */
import type { EventLog } from "../observe/event-log.ts";
import type { DeploymentOptions } from "../options/deployment-options.ts";
import type { ServiceOptions } from "../options/service-options.ts";
import type { TargetOptions } from "../options/target-options.ts";
import { RUNNING } from "../state/saved-gate.ts";
import { NOTHING_CARRIED } from "../state/snapshot-format.ts";
import { formatTargetAddress, type TargetAddress } from "../target/target-address.ts";
import type { DeployLedger, DeployRun } from "./deploy-ledger.ts";
import { type Drained, drainReplaced } from "./drain-replaced.ts";
import { conflictError, findConflict } from "./host-conflict.ts";
import { LiveTarget } from "./live-target.ts";
import type { Report } from "./progress.ts";
import type { ServiceRecord } from "./service-record.ts";
import type { Draft, Services } from "./services.ts";
import { refuseLost, waitUntilHealthy } from "./wait-until-healthy.ts";
import { watchForLoss } from "./watch-for-loss.ts";

export type DeployRequest = {
  readonly name: string;
  readonly targets: readonly TargetAddress[];
  readonly service: ServiceOptions;
  readonly target: TargetOptions;
  readonly deployment: DeploymentOptions;
};

export type DeployResult = {
  readonly id: string;
  readonly targets: readonly string[];
  /** Sentences for the person who deployed; empty when all is well. */
  readonly warnings: readonly string[];
  readonly drained: Drained;
};

export type DeployParts = {
  readonly services: Services;
  readonly ledger: DeployLedger;
  /** Aborts when the proxy shuts down. */
  readonly closing: AbortSignal;
};

/**
 * Resolves when the old targets have drained. Goes on, and stays whole, whether or not anybody waits for it.
 * @throws ProxyError `deploy-in-progress`, `host-conflict`, `target-unhealthy`, `target-lost`, `deploy-cancelled`,
 *   `shutting-down`, `state-not-saved`; the old targets serve on in every case
 */
export async function deploy(parts: DeployParts, request: DeployRequest, report: Report): Promise<DeployResult> {
  const { services, ledger } = parts;
  const addresses = request.targets.map(formatTargetAddress);
  const run = ledger.begin(request.name, addresses);
  const facts = factsOf(request, addresses);
  services.log.info("Deploying", facts);
  try {
    refuseConflict(services.log, request, services.records.values());
    const targets = request.targets.map(
      (address) => new LiveTarget(address, request.target.healthCheck, "adding", services.log),
    );
    const replaced = await switchTo(targets, request, run, parts, report);
    const result = await finish(targets, replaced, request, parts, report);
    services.log.info("Deployed", facts);
    ledger.end(run);
    return { id: run.id, targets: addresses, ...result };
  } catch (error) {
    services.log.error("Deploy failed", { service: request.name, targets: addresses, error });
    ledger.end(run, error as Error);
    throw error;
  }
}

/** Everything up to the moment when traffic goes to the new targets; returns the ones that had it before. */
async function switchTo(
  targets: readonly LiveTarget[],
  request: DeployRequest,
  run: DeployRun,
  { services, closing }: DeployParts,
  report: Report,
): Promise<readonly LiveTarget[]> {
  const signal = AbortSignal.any([run.signal, closing]);
  // Health may change at any moment from the one on when a table with these targets is built.
  let installing = false;
  for (const target of targets) {
    target.startChecks(() => {
      if (installing) services.healthChanged();
    });
  }
  try {
    if (!request.deployment.force) {
      await waitUntilHealthy(targets, { timeoutMs: request.deployment.deployTimeoutMs, signal, report });
      services.checkpoint("healthy");
      await refuseLost(targets);
      services.checkpoint("probed-again");
    }
    installing = true;
    return await services.change(
      (draft) => {
        signal.throwIfAborted();
        refuseConflict(services.log, request, draft.records.values());
        return install(draft, targets, request);
      },
      (replaced) => {
        run.switched = true;
        for (const target of replaced) target.stopChecks();
      },
    );
  } catch (error) {
    for (const target of targets) target.stopChecks();
    throw error;
  }
}

/** Puts the new targets and options in place of the old; whether the service is paused or stopped stays as it was. */
function install(draft: Draft, targets: readonly LiveTarget[], request: DeployRequest): readonly LiveTarget[] {
  const before: ServiceRecord | undefined = draft.records.get(request.name);
  const { name, service, target } = request;
  for (const target of targets) target.startServing();
  draft.records.set(name, {
    name,
    service,
    target,
    targets,
    gate: before?.gate ?? RUNNING,
    // What belongs to the service outlives a deploy (a rollout); options are those of this deploy and no others.
    carried: { ...NOTHING_CARRIED, entry: before?.carried.entry ?? {} },
  });
  draft.quarantined = draft.quarantined.filter((entry) => entry.name !== name);
  return before?.targets ?? [];
}

/** What is left to do once traffic has moved: let the old targets finish, and keep an eye on the new ones meanwhile. */
async function finish(
  targets: readonly LiveTarget[],
  replaced: readonly LiveTarget[],
  request: DeployRequest,
  { services, closing }: DeployParts,
  report: Report,
): Promise<{ warnings: readonly string[]; drained: Drained }> {
  report({ event: "switched", targets: targets.map((target) => target.address) });
  const watch = watchForLoss(targets, request.deployment.force);
  services.checkpoint("draining");
  const drained = await drainReplaced(services, {
    service: request.name,
    replaced,
    kept: new Set(targets.map((target) => target.address)),
    timeoutMs: request.deployment.drainTimeoutMs,
    signal: closing,
    report,
  });
  services.checkpoint("drained");
  const warnings = closing.aborted ? ["the proxy is shutting down; the old targets were not drained"] : [];
  for (const warning of await watch.end(closing)) {
    warnings.push(warning);
    services.log.warn("Target failed right after the switch", { service: request.name, error: warning });
  }
  return { warnings, drained };
}

function refuseConflict(log: EventLog, request: DeployRequest, records: Iterable<ServiceRecord>): void {
  const conflict = findConflict(request.name, request.service, records);
  if (conflict === undefined) return;
  log.error("Host settings conflict with another service", { service: conflict.owner });
  throw conflictError(conflict);
}

function factsOf(request: DeployRequest, targets: readonly string[]) {
  const { hosts, pathPrefixes } = request.service;
  return { service: request.name, targets, hosts, paths: pathPrefixes, tls: false };
}
