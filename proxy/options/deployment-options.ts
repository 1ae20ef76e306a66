/** How one deploy goes about it: how long it waits for health, how long the old targets may take to finish. */
import { OptionFields } from "./option-fields.ts";

export type DeploymentOptions = {
  readonly deployTimeoutMs: number;
  /** 0 ends what is left at once. */
  readonly drainTimeoutMs: number;
  /** Switch without waiting for health. */
  readonly force: boolean;
};

/** @throws ProxyError `invalid-options`, `deployment options invalid: …`. Source: proxy-behaviour §1.3, DP-08. */
export function readDeploymentOptions(value: unknown): DeploymentOptions {
  const fields = new OptionFields("deployment", value);
  const force = fields.boolean("force", false);
  const options = {
    deployTimeoutMs: fields.durationMs("deployTimeoutMs", 30_000, { positive: !force, label: "deploy-timeout" }),
    drainTimeoutMs: fields.durationMs("drainTimeoutMs", 30_000, { positive: false, label: "drain-timeout" }),
    force,
  };
  fields.refuseUnknown();
  return options;
}
