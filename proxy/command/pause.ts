/** `pause <service>`: new requests wait, running ones finish. */
import { callControl } from "../control/control-client.ts";
import { socketPathOf } from "../control/paths.ts";
import { PAUSE_FLAGS } from "../options/flags.ts";
import { readPauseOptions } from "../options/gate-options.ts";
import { defineCommand, onlyService } from "./command.ts";
import { sayDraining } from "./say-draining.ts";

export const command = defineCommand({
  flags: PAUSE_FLAGS,
  async run({ values, positionals, terminal }) {
    const service = onlyService(positionals);
    const options = readPauseOptions({ drainTimeoutMs: values["drain-timeout"], maxPauseMs: values["max-pause"] });
    const call = { command: "pause", service, options } as const;
    await callControl(socketPathOf(terminal.environment), call, sayDraining(terminal));
    return 0;
  },
});
