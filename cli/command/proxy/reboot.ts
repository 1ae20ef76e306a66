/** `kdeploy proxy reboot`: the proxy is replaced by one with the image and options of now. */
import { rebootProxies } from "../../execute/operation/proxy-reboot.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description: "Makes the proxy's container anew. Requests to a host fail for the moment in which it has none.",
  options: { rolling: { kind: "bool", help: "one host after another" } },
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, options: { rolling }, confirm }) {
    const where = work.selection.proxyHosts.join(", ");
    const when = rolling ? "one after another" : "all at once";
    await confirm(`This replaces the proxy on ${where}, ${when}, with a short outage on each. Are you sure?`);
    await rebootProxies(work, { rolling });
    return 0;
  },
});
