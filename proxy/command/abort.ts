/** `abort <service>`: the prepared targets are forgotten, nothing has changed. */
import { callControl } from "../control/control-client.ts";
import { socketPathOf } from "../control/paths.ts";
import { PREPARED_FLAGS } from "../options/flags.ts";
import { defineCommand, onlyService, refuseMissing } from "./command.ts";

export const command = defineCommand({
  flags: PREPARED_FLAGS,
  async run({ values, positionals, terminal }) {
    const service = onlyService(positionals);
    refuseMissing(PREPARED_FLAGS, values);
    const socket = socketPathOf(terminal.environment);
    await callControl(socket, { command: "abort", service, id: values.id });
    return 0;
  },
});
