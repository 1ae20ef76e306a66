/** `kdeploy proxy boot-config`: how a proxy without `proxy.run` is started, in files on the servers; the original's older way. */
import { KdeployError } from "../../errors.ts";
import { say } from "../../execute/in-step.ts";
import { resetBootConfig, setBootConfig, showBootConfig } from "../../execute/operation/proxy-boot-config.ts";
import { BOOT_CONFIG_OPTIONS } from "../boot-config-options.ts";
import { defineCommand } from "../command.ts";

const DEPRECATED = "proxy boot-config is deprecated: put the settings under proxy: run: in the configuration.";

export const command = defineCommand({
  description:
    "get shows how a proxy without settings under run: is started. set writes that from the options, and what they do not say becomes the default again; reset goes back to the defaults. Both count from the next proxy reboot on. New settings belong under proxy: run: in the configuration.",
  arguments: [{ name: "set|get|reset" }],
  options: BOOT_CONFIG_OPTIONS,
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, options, args: [action = ""] }) {
    const perform = {
      set: async () => {
        const { bootFilesFrom } = await import("../boot-config-files.ts");
        await setBootConfig(work, bootFilesFrom(options));
      },
      get: () => showBootConfig(work),
      reset: () => resetBootConfig(work),
    }[action];
    if (perform === undefined) throw unknownAction(action);
    say(work, "warning", DEPRECATED);
    await perform();
    return 0;
  },
});

function unknownAction(action: string): KdeployError {
  return new KdeployError("argument-unexpected", `kdeploy proxy boot-config does not take ${JSON.stringify(action)}`, {
    exitClass: "usage",
    hint: "set, get or reset",
  });
}
