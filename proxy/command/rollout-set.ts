/** `rollout set <service>`: who is sent to the rollout targets. */
import { callControl } from "../control/control-client.ts";
import { socketPathOf } from "../control/paths.ts";
import { ROLLOUT_SET_FLAGS } from "../options/flags.ts";
import { readRolloutOptions } from "../options/rollout-options.ts";
import { defineCommand, onlyService, refuseNoneOf } from "./command.ts";

export const command = defineCommand({
  flags: ROLLOUT_SET_FLAGS,
  async run({ values, mentioned, positionals, terminal }) {
    const service = onlyService(positionals);
    refuseNoneOf(["percent", "list"], mentioned);
    const options = readRolloutOptions({ percentage: values.percent, allowlist: values.list });
    await callControl(socketPathOf(terminal.environment), { command: "rollout-set", service, options });
    return 0;
  },
});
