/** `kdeploy proxy upgrade`: the proxy of Kamal 1 gives way to this one; accessories stay as they are. */
import { upgradeProxies } from "../../execute/operation/proxy-upgrade.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description:
    "Stops Traefik, starts the proxy, and boots the version of the app anew that is deployed, or the one named. Requests fail meanwhile. When the app does not come up, Traefik serves again.",
  options: { rolling: { kind: "bool", help: "one host after another" } },
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, options: { rolling }, shared, confirm }) {
    const where = work.selection.hosts.join(", ");
    const when = rolling ? "one after another" : "all at once";
    await confirm(
      `This replaces Traefik by kdeploy's proxy on ${where}, ${when}, with a short outage on each. Are you sure?`,
    );
    await upgradeProxies(work, { rolling }, shared.version);
    return 0;
  },
});
