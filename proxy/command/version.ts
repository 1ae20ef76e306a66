/** `version`: which kdeploy-proxy this is. */
import { NO_FLAGS } from "../options/flags.ts";
import { defineCommand } from "./command.ts";
import { say } from "./terminal.ts";

/** As in package.json, which images and bundles do not carry; a test compares the two. */
export const VERSION = "0.1.0";

export const command = defineCommand({
  flags: NO_FLAGS,
  run({ terminal }) {
    say(terminal, `kdeploy-proxy ${VERSION}\n`);
    return Promise.resolve(0);
  },
});
