/** New targets of a slot, whichever it is, from their first check to the end of those they replace: warm up, switch, drain. */
import type { DeploymentOptions } from "../options/deployment-options.ts";
import type { DeployLedger, DeployRun } from "./deploy-ledger.ts";
import { type Drained, drainReplaced } from "./drain-replaced.ts";
import type { Hold } from "./hold.ts";
import type { LiveTarget } from "./live-target.ts";
import type { Report } from "./progress.ts";
import { allTargetsOf } from "./service-record.ts";
import type { Draft, Services } from "./services.ts";
import { refuseLost, waitUntilHealthy } from "./wait-until-healthy.ts";
import { watchForLoss } from "./watch-for-loss.ts";

export type DeployParts = {
  readonly services: Services;
  readonly ledger: DeployLedger;
  /** Aborts when the proxy shuts down. */
  readonly closing: AbortSignal;
};

export type CutOver = {
  readonly run: DeployRun;
  readonly targets: readonly LiveTarget[];
  readonly deployment: DeploymentOptions;
  /** Puts the targets in their place and returns the ones that were there. @throws ProxyError to call it off */
  readonly install: (draft: Draft) => readonly LiveTarget[];
  /** What else is waited for once traffic has moved, beside the drain; returns sentences for the person who deployed. */
  readonly afterSwitch?: (closing: AbortSignal) => Promise<readonly string[]>;
  /** For the switch to wait for somebody's decision; undefined to go on at once. */
  readonly hold?: Hold | undefined;
};

export type CutOverResult = {
  /** Sentences for the person who deployed; empty when all is well. */
  readonly warnings: readonly string[];
  readonly drained: Drained;
};

/**
 * Resolves when the replaced targets have drained. Until the switch a failure changes nothing.
 * @throws ProxyError `target-unhealthy`, `target-lost`, `deploy-cancelled`, `shutting-down`, `state-not-saved`, and what
 *   `install` throws
 */
export async function cutOver(parts: DeployParts, work: CutOver, report: Report): Promise<CutOverResult> {
  return finish(await switchTo(parts, work, report), parts, work, report);
}

/** Everything up to the moment when traffic can go to the new targets; returns the ones that had it before. */
async function switchTo(
  { services, closing }: DeployParts,
  { run, targets, deployment, install, hold }: CutOver,
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
    if (!deployment.force) {
      await waitUntilHealthy(targets, { timeoutMs: deployment.deployTimeoutMs, signal, report });
      services.checkpoint("healthy");
      if (hold) {
        run.prepared = true;
        await hold.decision(signal);
      }
      await refuseLost(targets);
      services.checkpoint("probed-again");
    }
    installing = true;
    return await services.change(
      (draft) => {
        signal.throwIfAborted();
        for (const target of targets) target.startServing();
        return install(draft);
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

/** What is left to do once traffic has moved: let the old targets finish, and keep an eye on the new ones meanwhile. */
async function finish(
  replaced: readonly LiveTarget[],
  { services, closing }: DeployParts,
  { run, targets, deployment, afterSwitch }: CutOver,
  report: Report,
): Promise<CutOverResult> {
  report({ event: "switched", targets: targets.map((target) => target.address) });
  const afterwards = afterSwitch?.(closing) ?? Promise.resolve([]);
  const watch = watchForLoss(targets, deployment.force);
  services.checkpoint("draining");
  // Also the other slot's: its container goes on serving.
  const record = services.records.get(run.service);
  const serving = record === undefined ? targets : [...targets, ...allTargetsOf(record)];
  const drained = await drainReplaced(services, {
    service: run.service,
    replaced,
    kept: new Set(serving.map((target) => target.address)),
    timeoutMs: deployment.drainTimeoutMs,
    signal: closing,
    report,
  });
  services.checkpoint("drained");
  const warnings = closing.aborted ? ["the proxy is shutting down; the old targets were not drained"] : [];
  for (const warning of await watch.end(closing)) {
    warnings.push(warning);
    services.log.warn("Target failed right after the switch", { service: run.service, error: warning });
  }
  warnings.push(...(await afterwards));
  return { warnings, drained };
}
