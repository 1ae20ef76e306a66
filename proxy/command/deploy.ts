/** `deploy <service>`: asks the running proxy to switch a service to new targets, and shows how it goes. */
import { callControl } from "../control/control-client.ts";
import { socketPathOf } from "../control/paths.ts";
import { ProxyError } from "../errors.ts";
import { DEPLOY_FLAGS, deployOptionsOf } from "../options/deploy-flags.ts";
import { readDeploymentOptions } from "../options/deployment-options.ts";
import { readServiceOptions } from "../options/service-options.ts";
import { readTargetOptions } from "../options/target-options.ts";
import { parseTargetAddress } from "../target/target-address.ts";
import { defineCommand, onlyService, refuseMissing, refusePartOf } from "./command.ts";
import { sayDeploying, sayDeployResult } from "./say-deploying.ts";
import { say } from "./terminal.ts";

/** The first makes sense with the second only: without a buffer nothing is measured. */
const LIMITS_OF_BUFFERS = [
  ["max-request-body", "buffer-requests", "request"],
  ["max-response-body", "buffer-responses", "response"],
] as const;

const CERTIFICATE_PAIR = ["tls-certificate-path", "tls-private-key-path"];

export const command = defineCommand({
  flags: DEPLOY_FLAGS,
  async run({ values, mentioned, positionals, terminal }) {
    // The order is the original's: the first complaint is the one that scripts match on.
    const service = onlyService(positionals);
    for (const [limit, buffer, kind] of LIMITS_OF_BUFFERS) {
      if (mentioned.has(limit) && !mentioned.has(buffer)) {
        throw new ProxyError("invalid-argument", `${limit} can only be set when ${kind} buffering is enabled`);
      }
    }
    const given = deployOptionsOf(values, mentioned);
    readServiceOptions(given.service);
    refuseMissing(DEPLOY_FLAGS, values);
    refusePartOf(CERTIFICATE_PAIR, mentioned);
    readTargetOptions(given.target);
    readDeploymentOptions(given.deployment);
    const { target: targets, "read-target": readTargets } = values;
    for (const target of [...targets, ...readTargets]) parseTargetAddress(target);
    const socket = socketPathOf(terminal.environment);
    const request = { service, targets, readTargets, options: given };
    if (values.prepare) {
      if (values.force) throw new ProxyError("invalid-argument", "--prepare waits for health, --force does not");
      const call = { command: "prepare", ...request, ttlMs: values["prepare-ttl"] } as const;
      const { id } = await callControl(socket, call, sayDeploying(terminal));
      say(terminal, `Prepared ${id}\n`);
      return 0;
    }
    const result = await callControl(socket, { command: "deploy", ...request }, sayDeploying(terminal));
    sayDeployResult(terminal, result);
    return 0;
  },
});
