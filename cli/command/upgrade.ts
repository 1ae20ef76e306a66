/** `kdeploy upgrade`: servers of Kamal 1 get this proxy, with app and accessories anew behind it. */
import { upgradeEverything } from "../execute/operation/upgrade.ts";
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  description:
    "Stops Traefik, starts the proxy, boots the version of the app anew that is deployed, or the one named, and then the accessories. Requests fail meanwhile. When the app does not come up, Traefik serves again.",
  options: { rolling: { kind: "bool", help: "one host after another" } },
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, options: { rolling }, shared, confirm }) {
    const where = work.selection.hosts.join(", ");
    const when = rolling ? "one after another" : "all at once";
    await confirm(
      `This replaces Traefik by kdeploy's proxy and restarts app and accessories on ${where}, ${when}, with a short outage on each. Are you sure?`,
    );
    await upgradeEverything(work, { rolling }, shared.version);
    return 0;
  },
});
