/** Rollouts: a second slot of targets beside the active one, and who is sent there. Source: proxy-behaviour §6. */
import { ProxyError } from "../errors.ts";
import type { DeploymentOptions } from "../options/deployment-options.ts";
import type { RolloutOptions } from "../options/rollout-options.ts";
import type { TargetAddress } from "../target/target-address.ts";
import { cutOver, type DeployParts } from "./cut-over.ts";
import type { DeployResult } from "./deploy.ts";
import { LiveTarget, newTargets } from "./live-target.ts";
import type { Report } from "./progress.ts";
import type { ServiceRecord } from "./service-record.ts";
import type { Draft, Services } from "./services.ts";

export type RolloutDeployRequest = {
  readonly name: string;
  readonly targets: readonly TargetAddress[];
  readonly readTargets: readonly TargetAddress[];
  readonly deployment: DeploymentOptions;
};

/**
 * Brings targets up in the rollout slot, with the service's own options; they get traffic as the split says.
 * @throws ProxyError `service-not-found`, `deploy-in-progress`, and what a cut-over throws; what was there serves on
 */
export async function deployRollout(
  parts: DeployParts,
  request: RolloutDeployRequest,
  report: Report,
): Promise<DeployResult> {
  const { services, ledger } = parts;
  const { name, deployment } = request;
  const checkedAs = services.find(name).target;
  const targets = newTargets(request.targets, request.readTargets).map(
    (target) => new LiveTarget(target, checkedAs, "adding", services.log),
  );
  const addresses = targets.map((target) => target.address);
  const run = ledger.begin(name, addresses);
  const facts = { service: name, targets: addresses };
  services.log.info("Deploying for rollout", facts);
  try {
    const install = (draft: Draft) => {
      const before = recordIn(draft, name);
      draft.records.set(name, { ...before, rolloutTargets: targets });
      return before.rolloutTargets;
    };
    const result = await cutOver(parts, { run, targets, deployment, install }, report);
    services.log.info("Deployed for rollout", facts);
    ledger.end(run);
    return { id: run.id, targets: addresses, ...result };
  } catch (error) {
    services.log.error("Deploy for rollout failed", { ...facts, error });
    ledger.end(run, error as Error);
    throw error;
  }
}

/** @throws ProxyError `service-not-found`, `rollout-target-not-set`, `state-not-saved` */
export async function setRollout(services: Services, name: string, rollout: RolloutOptions): Promise<void> {
  await services.change((draft) => {
    const before = recordIn(draft, name);
    if (before.rolloutTargets.length === 0) {
      throw new ProxyError("rollout-target-not-set", "rollout target not set", {
        hint: `Say first where it leads: rollout deploy ${name} --target host[:port]`,
      });
    }
    draft.records.set(name, { ...before, rollout });
  });
  const { percentage, allowlist } = rollout;
  services.log.info("Set rollout split", { service: name, percentage, allowlist });
}

/** Everybody goes to the active slot; the rollout targets stay deployed. Fine without a rollout, too. */
export async function stopRollout(services: Services, name: string): Promise<void> {
  await services.change((draft) => {
    draft.records.set(name, { ...recordIn(draft, name), rollout: null });
  });
  services.log.info("Stopped rollout", { service: name });
}

function recordIn(draft: Draft, name: string): ServiceRecord {
  const record = draft.records.get(name);
  if (record === undefined) throw new ProxyError("service-not-found", "service not found");
  return record;
}
