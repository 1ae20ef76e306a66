/** `abort <service>`: prepared targets are forgotten, nothing has changed. */
import { callControl } from "../control/control-client.ts";
import { socketPathOf } from "../control/paths.ts";
import { ABORT_FLAGS } from "../options/flags.ts";
import { defineCommand, onlyService } from "./command.ts";

export const command = defineCommand({
  flags: ABORT_FLAGS,
  async run({ values, positionals, terminal }) {
    const service = onlyService(positionals);
    await callControl(socketPathOf(terminal.environment), { command: "abort", service, id: values.id });
    return 0;
  },
});
