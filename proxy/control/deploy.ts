/** A deploy from request to result. Until the switch a failure changes nothing. */
import { NOTHING_EXPECTED } from "../certificate/expectation.ts";
import type { EventLog } from "../observe/event-log.ts";
import type { DeploymentOptions } from "../options/deployment-options.ts";
import type { ServiceOptions } from "../options/service-options.ts";
import type { TargetOptions } from "../options/target-options.ts";
import { RUNNING } from "../state/saved-gate.ts";
import { NOTHING_CARRIED } from "../state/snapshot-format.ts";
import type { TargetAddress } from "../target/target-address.ts";
import { type CutOverResult, cutOver, type DeployParts } from "./cut-over.ts";
import type { DeployRun } from "./deploy-ledger.ts";
import { type ErrorPages, loadErrorPages } from "./error-pages.ts";
import type { Hold } from "./hold.ts";
import { conflictError, findConflict } from "./host-conflict.ts";
import { LiveTarget, newTargets } from "./live-target.ts";
import type { Report } from "./progress.ts";
import type { ServiceRecord } from "./service-record.ts";
import type { Draft } from "./services.ts";

export type DeployRequest = {
  readonly name: string;
  readonly targets: readonly TargetAddress[];
  readonly readTargets: readonly TargetAddress[];
  readonly service: ServiceOptions;
  readonly target: TargetOptions;
  readonly deployment: DeploymentOptions;
};

export type DeployResult = CutOverResult & {
  readonly id: string;
  readonly targets: readonly string[];
};

/** For a deploy in two steps. */
export type Held = { readonly hold: Hold; readonly onBegin: (run: DeployRun) => void };

/**
 * Resolves when the old targets have drained. Goes on, and stays whole, whether or not anybody waits for it. Rollout
 * targets and their split stay as they are.
 * @throws ProxyError `deploy-in-progress`, `host-conflict`, `invalid-options`, `certificate-unusable`, `error-pages-unusable`, and what a
 *   cut-over throws; the old targets serve on in every case
 */
export async function deploy(
  parts: DeployParts,
  request: DeployRequest,
  report: Report,
  held?: Held,
): Promise<DeployResult> {
  const { services, ledger } = parts;
  const targets = newTargets(request.targets, request.readTargets).map(
    (target) => new LiveTarget(target, request.target, "adding", services.log),
  );
  const addresses = targets.map((target) => target.address);
  const run = ledger.begin(request.name, addresses);
  held?.onBegin(run);
  const facts = factsOf(request, addresses);
  services.log.info("Deploying", facts);
  let expectation = NOTHING_EXPECTED;
  try {
    refuseConflict(services.log, request, services.records.values());
    expectation = await services.certificates.expect(request, (name, text) =>
      report({ event: "certificate", name, text }),
    );
    const errorPages = await loadErrorPages(request.service.errorPagesPath);
    const install = (draft: Draft) => {
      refuseConflict(services.log, request, draft.records.values());
      if (held) held.hold.before = draft.records.get(request.name);
      return putInPlace(draft, targets, request, errorPages);
    };
    const afterSwitch = (signal: AbortSignal) =>
      expectation.settled({ timeoutMs: request.deployment.deployTimeoutMs, signal });
    const work = { run, targets, deployment: request.deployment, install, afterSwitch, hold: held?.hold };
    const result = await cutOver(parts, work, report);
    services.log.info("Deployed", facts);
    ledger.end(run);
    return { id: run.id, targets: addresses, ...result };
  } catch (error) {
    services.log.error("Deploy failed", { service: request.name, targets: addresses, error });
    ledger.end(run, error as Error);
    throw error;
  } finally {
    await expectation.release();
  }
}

/** Puts the new targets and options in place of the old; whether the service is paused or stopped stays as it was. */
function putInPlace(
  draft: Draft,
  targets: readonly LiveTarget[],
  { name, service, target }: DeployRequest,
  errorPages: ErrorPages | null,
): readonly LiveTarget[] {
  const before: ServiceRecord | undefined = draft.records.get(name);
  draft.records.set(name, {
    name,
    service,
    target,
    targets,
    rolloutTargets: before?.rolloutTargets ?? [],
    rollout: before?.rollout ?? null,
    errorPages,
    gate: before?.gate ?? RUNNING,
    // What belongs to the service outlives a deploy; options are those of this deploy and no others.
    carried: { ...NOTHING_CARRIED, entry: before?.carried.entry ?? {} },
  });
  draft.quarantined = draft.quarantined.filter((entry) => entry.name !== name);
  return before?.targets ?? [];
}

function refuseConflict(log: EventLog, request: DeployRequest, records: Iterable<ServiceRecord>): void {
  const conflict = findConflict(request.name, request.service, records);
  if (conflict === undefined) return;
  log.error("Host settings conflict with another service", { service: conflict.owner });
  throw conflictError(conflict);
}

function factsOf(request: DeployRequest, targets: readonly string[]) {
  const { hosts, pathPrefixes, tls } = request.service;
  return { service: request.name, targets, hosts, paths: pathPrefixes, tls: tls.enabled };
}
