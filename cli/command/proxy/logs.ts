/** `kdeploy proxy logs`: what the proxy has written. */
import { followProxyLogs, showProxyLogs } from "../../execute/operation/proxy-container.ts";
import { defineCommand } from "../command.ts";
import { LOG_OPTIONS, logOptions } from "../log-options.ts";

export const command = defineCommand({
  options: LOG_OPTIONS,
  needs: "work",
  changes: false,
  async run({ work, options, print, lendTerminal }) {
    const wanted = logOptions(options);
    if (options.follow) await lendTerminal(() => followProxyLogs(work, wanted, (line) => print(`${line}\n`)));
    else await showProxyLogs(work, wanted);
    return 0;
  },
});
