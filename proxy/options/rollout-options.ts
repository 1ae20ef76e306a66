/** Who gets the rollout: a share of the visitors that the app has marked, and values that are always in. */
import { OptionFields } from "./option-fields.ts";

export type RolloutOptions = {
  /** Whole percent of the values that the cookie may have. */
  readonly percentage: number;
  /** Cookie values that are in whatever the percentage. */
  readonly allowlist: readonly string[];
};

/** What is left out is 0 or empty: a split is stated whole. @throws ProxyError `invalid-options`, `rollout options invalid: …` */
export function readRolloutOptions(value: unknown): RolloutOptions {
  const fields = new OptionFields("rollout", value);
  const options = {
    percentage: fields.integer("percentage", 0, { min: 0, max: 100, label: "percent" }),
    allowlist: fields.strings("allowlist", []),
  };
  fields.refuseUnknown();
  return options;
}
