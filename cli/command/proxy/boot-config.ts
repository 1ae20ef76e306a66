/** `kdeploy proxy boot-config`: what the original's command of this name has left on the servers. */
import { KdeployError } from "../../errors.ts";
import { resetBootConfig, showBootConfig } from "../../execute/operation/proxy-container.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description:
    "get shows how a proxy without settings under run: is started, reset has it start with the defaults from its next reboot on. New settings go to run: under proxy: in the configuration.",
  arguments: [{ name: "get|reset" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [action = ""] }) {
    if (action === "get") await showBootConfig(work);
    else if (action === "reset") await resetBootConfig(work);
    else throw unknownAction(action);
    return 0;
  },
});

function unknownAction(action: string): KdeployError {
  return new KdeployError("argument-unexpected", `kdeploy proxy boot-config does not take ${JSON.stringify(action)}`, {
    exitClass: "usage",
    hint: action === "set" ? "put the settings under proxy: run: in the configuration" : "get or reset",
  });
}
