/** What hosts would print, and a configuration → all differences, in words. */
import type { Config } from "../../../../cli/config/config.ts";
import { compare } from "../../../../cli/execute/reconcile/compare.ts";
import type { Comparison } from "../../../../cli/execute/reconcile/comparison.ts";
import type { HostFacts } from "../../../../cli/remote/inventory-facts.ts";
import { parseInventory } from "../../../../cli/remote/inventory-facts.ts";
import { type Filters, select } from "../../../../cli/selection/selection.ts";
import { type PrintedHost, printed, roleContainer, route } from "../../../support/printed-inventory.ts";
import { configOf } from "../../config/written-config.ts";

export const CONFIG = "servers: { web: [one] }\nproxy: { host: app.example.com }";

export type Extra = Partial<Pick<Comparison, "files">> & {
  readonly destination?: string;
  readonly filters?: Filters;
  readonly former?: Readonly<Record<string, PrintedHost | string>>;
};

/** `kind on host: text → what reconcile does`. */
export function compared(yaml: string, hosts: Readonly<Record<string, PrintedHost>>, extra: Extra = {}): string[] {
  const config: Config = configOf(yaml, extra.destination);
  const factsOf = (host: PrintedHost): HostFacts => {
    const facts = parseInventory(printed(host));
    if (facts === undefined) throw new Error("no facts");
    return facts;
  };
  const former = Object.entries(extra.former ?? {}).map(
    ([host, there]) => [host, typeof there === "string" ? there : factsOf(there)] as const,
  );
  const found = compare({
    config,
    selection: select(config, extra.filters ?? {}),
    facts: new Map(Object.entries(hosts).map(([host, there]) => [host, factsOf(there)])),
    former: new Map(former),
    secretsOf: () => new Map(),
    files: extra.files ?? new Map(),
  });
  return found.map(({ action, host, kind, text }) => `${kind} on ${host ?? "all"}: ${text} → ${action.do}`);
}

export const web = roleContainer("web", "one");
export const served: PrintedHost = { containers: [web], routes: [route("app-web", web)] };
