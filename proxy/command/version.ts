/** `version`: which kdeploy-proxy this is. */
import { NO_FLAGS } from "../options/flags.ts";
import { VERSION } from "../version.ts";
import { defineCommand } from "./command.ts";
import { say } from "./terminal.ts";

export const command = defineCommand({
  flags: NO_FLAGS,
  run({ terminal }) {
    say(terminal, `kdeploy-proxy ${VERSION}\n`);
    return Promise.resolve(0);
  },
});
