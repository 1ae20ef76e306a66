/** `upgrade` and `proxy upgrade`: what becomes of servers of Kamal 1 in, the command out. */
import type { Work } from "../execute/work.ts";
import { type CommandModule, defineCommand } from "./command.ts";

export type UpgradeCommand = {
  readonly description: string;
  /** As in `replaces Traefik by kdeploy's proxy`. */
  readonly deed: string;
  readonly perform: (work: Work, options: { readonly rolling: boolean }, version: string | undefined) => Promise<void>;
};

export function upgradeCommand({ description, deed, perform }: UpgradeCommand): CommandModule {
  return defineCommand({
    description,
    options: { rolling: { kind: "bool", help: "one host after another" } },
    needs: "work",
    changes: true,
    needsVersion: false,
    async run({ work, options: { rolling }, shared, confirm }) {
      const where = work.selection.hosts.join(", ");
      const when = rolling ? "one after another" : "all at once";
      await confirm(`This ${deed} on ${where}, ${when}, with a short outage on each. Are you sure?`);
      await perform(work, { rolling }, shared.version);
      return 0;
    },
  });
}
