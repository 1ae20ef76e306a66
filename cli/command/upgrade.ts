/** `kdeploy upgrade`: servers of Kamal 1 get this proxy, with app and accessories anew behind it. */
import { upgradeEverything } from "../execute/operation/upgrade.ts";
import { upgradeCommand } from "./upgrade-command.ts";

export const command = upgradeCommand({
  description:
    "Stops Traefik, starts the proxy, boots the version of the app anew that is deployed, or the one named, and then the accessories. Requests fail meanwhile. When the app does not come up, Traefik serves again.",
  deed: "replaces Traefik by kdeploy's proxy and restarts app and accessories",
  perform: upgradeEverything,
});
