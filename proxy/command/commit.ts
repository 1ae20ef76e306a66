/** `commit <service>`: the prepared targets get all traffic, the old ones drain. */
import { callControl } from "../control/control-client.ts";
import { socketPathOf } from "../control/paths.ts";
import { PREPARED_FLAGS } from "../options/flags.ts";
import { defineCommand, onlyService, refuseMissing } from "./command.ts";
import { sayDeploying, sayDeployResult } from "./say-deploying.ts";

export const command = defineCommand({
  flags: PREPARED_FLAGS,
  async run({ values, positionals, terminal }) {
    const service = onlyService(positionals);
    refuseMissing(PREPARED_FLAGS, values);
    const socket = socketPathOf(terminal.environment);
    const result = await callControl(socket, { command: "commit", service, id: values.id }, sayDeploying(terminal));
    sayDeployResult(terminal, result);
    return 0;
  },
});
