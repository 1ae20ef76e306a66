/** `list`: the services as a table, or everything that is known about them as JSON. */
import { callControl } from "../control/control-client.ts";
import type { ListedService, ServiceListing } from "../control/list.ts";
import { socketPathOf } from "../control/paths.ts";
import { ProxyError } from "../errors.ts";
import { LIST_FLAGS } from "../options/flags.ts";
import type { RolloutOptions } from "../options/rollout-options.ts";
import { defineCommand } from "./command.ts";
import { formatTable } from "./table.ts";
import { coloured, say, sayWarning } from "./terminal.ts";

const COLUMNS = ["Service", "Host", "Path", "Target", "State", "TLS"];

export const command = defineCommand({
  flags: LIST_FLAGS,
  async run({ values, positionals, terminal }) {
    const [extra] = positionals;
    if (extra !== undefined) {
      throw new ProxyError("invalid-argument", `unknown command "${extra}" for "${terminal.programName} list"`);
    }
    const listing = await callControl(socketPathOf(terminal.environment), { command: "list" });
    if (values.json) {
      say(terminal, `${JSON.stringify(listing, null, 2)}\n`);
      return 0;
    }
    say(terminal, formatTable(COLUMNS, rowsOf(listing), coloured(terminal)));
    const rollouts = rolloutLines(listing);
    if (rollouts.length > 0) say(terminal, `\n${rollouts.join("\n")}\n`);
    for (const notice of listing.notices) sayWarning(terminal, notice);
    for (const { name, reason } of listing.quarantined) {
      sayWarning(terminal, `${name} was not restored: ${reason}. Deploy it again, or remove it.`);
    }
    return 0;
  },
});

function rowsOf(listing: ServiceListing): string[][] {
  const rows = listing.services.map(rowOf);
  for (const { name } of listing.quarantined) rows.push([name, "-", "-", "-", "quarantined", "no"]);
  return rows.sort(([a = ""], [b = ""]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function rowOf(service: ListedService): string[] {
  return [
    service.name,
    service.hosts.join(",") || "*",
    service.pathPrefixes.join(","),
    service.targets.map((target) => target.address).join(","),
    service.state,
    service.tls ? "yes" : "no",
  ];
}

/** Below the table, so that whatever reads its columns finds them as they always were. */
function rolloutLines({ services }: ServiceListing): string[] {
  return services.flatMap(({ name, rollout }) => {
    if (rollout === null) return [];
    const targets = rollout.targets.map((target) => target.address).join(",");
    return [`Rollout of ${name}: ${targets}, ${splitWords(rollout.split)}`];
  });
}

function splitWords(split: RolloutOptions | null): string {
  if (split === null) return "nobody yet";
  return split.allowlist.length === 0
    ? `${split.percentage}%`
    : `${split.percentage}% and ${split.allowlist.join(",")}`;
}
