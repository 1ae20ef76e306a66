/** All that a comparison of servers with the configuration needs to know. */
import type { Config, ContainerEnv } from "../../config/config.ts";
import type { HostFacts } from "../../remote/inventory-facts.ts";
import type { Secret } from "../../secret/secret.ts";
import type { Selection } from "../../selection/selection.ts";

export type Comparison = {
  readonly config: Config;
  readonly selection: Selection;
  /** Of hosts that the configuration has and that were asked. */
  readonly facts: ReadonlyMap<string, HostFacts>;
  /** Of hosts that it had; a sentence for one that could not be asked. */
  readonly former: ReadonlyMap<string, HostFacts | string>;
  /** Variables that the env file would have now. */
  readonly secretsOf: (env: ContainerEnv) => ReadonlyMap<string, Secret>;
  /** Of an accessory, by its name: what would be uploaded, by path on the host, as SHA-256 in hex. */
  readonly files: ReadonlyMap<string, ReadonlyMap<string, string>>;
};
