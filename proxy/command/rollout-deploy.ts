/** `rollout deploy <service>`: brings new targets up beside the ones that serve; `rollout set` sends traffic there. */
import { callControl } from "../control/control-client.ts";
import { socketPathOf } from "../control/paths.ts";
import { readDeploymentOptions } from "../options/deployment-options.ts";
import { ROLLOUT_DEPLOY_FLAGS } from "../options/flags.ts";
import { parseTargetAddress } from "../target/target-address.ts";
import { defineCommand, onlyService, refuseMissing } from "./command.ts";
import { sayDeploying, sayDeployResult } from "./say-deploying.ts";

export const command = defineCommand({
  flags: ROLLOUT_DEPLOY_FLAGS,
  async run({ values, positionals, terminal }) {
    const service = onlyService(positionals);
    refuseMissing(ROLLOUT_DEPLOY_FLAGS, values);
    const deployment = readDeploymentOptions({
      deployTimeoutMs: values["deploy-timeout"],
      drainTimeoutMs: values["drain-timeout"],
    });
    const { target: targets, "read-target": readTargets } = values;
    for (const target of [...targets, ...readTargets]) parseTargetAddress(target);
    const call = { command: "rollout-deploy", service, targets, readTargets, options: { deployment } } as const;
    const result = await callControl(socketPathOf(terminal.environment), call, sayDeploying(terminal));
    sayDeployResult(terminal, result);
    return 0;
  },
});
