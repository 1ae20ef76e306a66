/** `revert <service>`: what was there before a commit serves again, at once. */
import { callControl } from "../control/control-client.ts";
import { socketPathOf } from "../control/paths.ts";
import { PREPARED_FLAGS } from "../options/flags.ts";
import { defineCommand, onlyService, refuseMissing } from "./command.ts";
import { sayDeploying } from "./say-deploying.ts";

export const command = defineCommand({
  flags: PREPARED_FLAGS,
  async run({ values, positionals, terminal }) {
    const service = onlyService(positionals);
    refuseMissing(PREPARED_FLAGS, values);
    const socket = socketPathOf(terminal.environment);
    await callControl(socket, { command: "revert", service, id: values.id }, sayDeploying(terminal));
    return 0;
  },
});
