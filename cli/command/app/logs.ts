/** `kdeploy app logs`: what the app's containers have written. */
import { followAppLogs, showAppLogs } from "../../execute/operation/app-logs.ts";
import { defineCommand } from "../command.ts";
import { LOG_OPTIONS, logOptions } from "../log-options.ts";

export const command = defineCommand({
  options: {
    ...LOG_OPTIONS,
    "grep-options": { kind: "string", placeholder: "OPTIONS", help: "for grep, as in --grep-options=-i" },
    "container-id": { kind: "string", placeholder: "ID", help: "of this container instead of the current one" },
  },
  needs: "work",
  changes: false,
  async run({ work, options, print, lendTerminal }) {
    const { "container-id": containerId, "grep-options": grepOptions } = options;
    const wanted = { ...logOptions(options), grepOptions, containerId };
    if (options.follow) await lendTerminal(() => followAppLogs(work, wanted, (line) => print(`${line}\n`)));
    else await showAppLogs(work, wanted);
    return 0;
  },
});
