/** `kdeploy proxy remove`: the proxy goes from the servers. */
import { removeProxies } from "../../execute/operation/proxy-remove.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description: "Refused while apps are deployed on one of the hosts.",
  options: { force: { kind: "bool", help: "remove it also where apps need it" } },
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, options: { force }, confirm }) {
    const where = work.selection.proxyHosts.join(", ");
    const also = force ? ", whatever apps need it" : "";
    await confirm(`This removes the proxy from ${where}${also}: nothing answers requests there then. Are you sure?`);
    await removeProxies(work, { force });
    return 0;
  },
});
