/** `resume <service>`: a paused or stopped service takes requests again. */
import { callControl } from "../control/control-client.ts";
import { socketPathOf } from "../control/paths.ts";
import { NO_FLAGS } from "../options/flags.ts";
import { defineCommand, onlyService } from "./command.ts";

export const command = defineCommand({
  flags: NO_FLAGS,
  async run({ positionals, terminal }) {
    const service = onlyService(positionals);
    await callControl(socketPathOf(terminal.environment), { command: "resume", service });
    return 0;
  },
});
