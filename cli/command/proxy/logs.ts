/** `kdeploy proxy logs`: what the proxy has written. */
import { PROXY_HOST } from "../../execute/operation/answers.ts";
import { followLogs } from "../../execute/operation/follow-logs.ts";
import { proxyLogSources, showProxyLogs } from "../../execute/operation/proxy-logs.ts";
import { defineCommand } from "../command.ts";
import { LOG_OPTIONS, linePrinter, logOptions } from "../log-options.ts";

export const command = defineCommand({
  options: LOG_OPTIONS,
  needs: "work",
  changes: false,
  endedByInterruption: ({ follow }) => follow,
  async run(context) {
    const { work, options, shared } = context;
    const wanted = logOptions(options);
    if (options.follow) {
      const sources = proxyLogSources(work, wanted, shared.primary);
      await followLogs(work, sources, linePrinter(sources, PROXY_HOST, context));
    } else await showProxyLogs(work, wanted);
    return 0;
  },
});
