/** `stop <service>`: new requests get the maintenance page, running ones finish. */
import { callControl } from "../control/control-client.ts";
import { socketPathOf } from "../control/paths.ts";
import { STOP_FLAGS } from "../options/flags.ts";
import { readStopOptions } from "../options/gate-options.ts";
import { defineCommand, onlyService } from "./command.ts";
import { sayDraining } from "./say-draining.ts";

export const command = defineCommand({
  flags: STOP_FLAGS,
  async run({ values, positionals, terminal }) {
    const service = onlyService(positionals);
    const options = readStopOptions({ drainTimeoutMs: values["drain-timeout"], message: values.message });
    const call = { command: "stop", service, options } as const;
    await callControl(socketPathOf(terminal.environment), call, sayDraining(terminal));
    return 0;
  },
});
