/** `rollout stop <service>`: everybody goes back to the active targets; the rollout targets stay deployed. */
import { callControl } from "../control/control-client.ts";
import { socketPathOf } from "../control/paths.ts";
import { NO_FLAGS } from "../options/flags.ts";
import { defineCommand, onlyService } from "./command.ts";

export const command = defineCommand({
  flags: NO_FLAGS,
  async run({ positionals, terminal }) {
    const service = onlyService(positionals);
    await callControl(socketPathOf(terminal.environment), { command: "rollout-stop", service });
    return 0;
  },
});
