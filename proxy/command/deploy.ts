/** `deploy <service>`: asks the running proxy to switch a service to new targets, and shows how it goes. */
import { callControl } from "../control/control-client.ts";
import { socketPathOf } from "../control/paths.ts";
import type { ProgressEvent } from "../control/progress.ts";
import { readDeploymentOptions } from "../options/deployment-options.ts";
import { DEPLOY_FLAGS, deployOptionsOf } from "../options/flags.ts";
import { readServiceOptions } from "../options/service-options.ts";
import { readTargetOptions } from "../options/target-options.ts";
import { parseTargetAddress } from "../target/target-address.ts";
import { defineCommand, onlyService, refuseMissing } from "./command.ts";
import { sayProgress, sayWarning } from "./terminal.ts";

export const command = defineCommand({
  flags: DEPLOY_FLAGS,
  async run({ values, positionals, terminal }) {
    const service = onlyService(positionals);
    const given = deployOptionsOf(values);
    const options = {
      service: readServiceOptions(given.service),
      target: readTargetOptions(given.target),
      deployment: readDeploymentOptions(given.deployment),
    };
    refuseMissing(DEPLOY_FLAGS, values);
    for (const target of given.targets) parseTargetAddress(target);
    const result = await callControl(
      socketPathOf(terminal.environment),
      { command: "deploy", service, targets: given.targets, options },
      (event) => sayProgress(terminal, lineOf(event)),
    );
    for (const warning of result.warnings) sayWarning(terminal, warning);
    return 0;
  },
});

function lineOf(event: ProgressEvent): string {
  if (event.event === "probe") return `${event.target}: ${event.text} (check ${event.tries})`;
  if (event.event === "switched") return `switched to ${event.targets.join(", ")}`;
  return `draining: ${event.inFlight} in flight`;
}
