/** `kdeploy accessory logs`: what an accessory has written. */
import { accessoryLogSources, showAccessoryLogs } from "../../execute/operation/accessory-logs.ts";
import { accessoryNamed, accessoryTitle } from "../../execute/operation/accessory-names.ts";
import { followLogs } from "../../execute/operation/follow-logs.ts";
import { defineCommand } from "../command.ts";
import { LOG_OPTIONS, linePrinter, logOptions } from "../log-options.ts";

export const command = defineCommand({
  arguments: [{ name: "NAME" }],
  options: {
    ...LOG_OPTIONS,
    "grep-options": { kind: "string", placeholder: "OPTIONS", help: "for grep, as in --grep-options=-i" },
  },
  needs: "work",
  changes: false,
  endedByInterruption: ({ follow }) => follow,
  async run(context) {
    const { work, options } = context;
    const [name = ""] = context.args;
    const wanted = { ...logOptions(options), grepOptions: options["grep-options"] };
    if (options.follow) {
      const sources = accessoryLogSources(work, name, wanted);
      const title = accessoryTitle(accessoryNamed(work, name));
      await followLogs(work, sources, linePrinter(sources, title, context));
    } else await showAccessoryLogs(work, name, wanted);
    return 0;
  },
});
