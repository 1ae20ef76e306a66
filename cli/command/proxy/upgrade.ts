/** `kdeploy proxy upgrade`: the proxy of Kamal 1 gives way to this one; accessories stay as they are. */
import { upgradeProxies } from "../../execute/operation/proxy-upgrade.ts";
import { upgradeCommand } from "../upgrade-command.ts";

export const command = upgradeCommand({
  description:
    "Stops Traefik, starts the proxy, and boots the version of the app anew that is deployed, or the one named. Requests fail meanwhile. When the app does not come up, Traefik serves again.",
  deed: "replaces Traefik by kdeploy's proxy",
  perform: upgradeProxies,
});
