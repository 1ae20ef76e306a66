/** `kdeploy app logs`: what the app's containers have written. */
import { APP_HOST } from "../../execute/operation/answers.ts";
import { appLogSources, mergedAppLogs, showAppLogs } from "../../execute/operation/app-logs.ts";
import { followLogs } from "../../execute/operation/follow-logs.ts";
import { placesOn } from "../../plan/boot-steps.ts";
import { defineCommand } from "../command.ts";
import { checkExclusive } from "../exec-options.ts";
import { LOG_OPTIONS, linePrinter, logOptions } from "../log-options.ts";

export const command = defineCommand({
  description:
    "Of every selected role on each of its hosts. With --follow, lines come as they are written, each with its host and role before it where there are several; after a deploy it goes on with the new containers. With --primary, only the primary role on the primary host is followed.",
  options: {
    ...LOG_OPTIONS,
    "grep-options": { kind: "string", placeholder: "OPTIONS", help: "for grep, as in --grep-options=-i" },
    "container-id": { kind: "string", placeholder: "ID", help: "of this container instead of the current one" },
    merged: { kind: "bool", help: "lines of all containers in one list, the oldest first" },
    previous: { kind: "bool", help: "of the container that ended last, such as the one a deploy has replaced" },
  },
  needs: "work",
  changes: false,
  endedByInterruption: ({ follow }) => follow,
  async run(context) {
    const { work, options, shared } = context;
    checkExclusive(options, [
      ["follow", "merged"],
      ["follow", "previous"],
    ]);
    const { "container-id": containerId, "grep-options": grepOptions, previous } = options;
    const wanted = { ...logOptions(options), grepOptions, containerId, previous };
    if (options.follow) {
      const sources = appLogSources(work, wanted, shared.primary);
      await followLogs(work, sources, linePrinter(sources, APP_HOST, context));
    } else if (options.merged) {
      const places = placesOn(work.selection, work.selection.appHosts);
      const sources = places.map(({ host, role }) => ({ host, name: role }));
      const show = linePrinter(sources, APP_HOST, context);
      for (const line of await mergedAppLogs(work, wanted)) show(line.text, line);
    } else await showAppLogs(work, wanted);
    return 0;
  },
});
