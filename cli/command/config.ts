/** `kdeploy config`: the configuration with all that it implies, as YAML or JSON, without secrets. */
import type { Config } from "../config/config.ts";
import { REDACTED } from "../secret/secret.ts";
import { select } from "../selection/selection.ts";
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  description:
    "First what the original's command of this name prints, then everything that was read or concluded, under `resolved`.",
  options: {},
  needs: "config",
  changes: false,
  async run({ config, shared, version, print }) {
    const { hosts, roles, primary } = shared;
    const selection = select(config, { hosts, roles, primary });
    const tag = await version();
    const told = {
      roles: selection.roles.map((role) => role.name),
      hosts: selection.hosts,
      primary_host: selection.primaryHost,
      version: tag,
      repository: config.repository,
      absolute_image: `${config.repository}:${tag}`,
      service_with_version: `${config.service}-${tag}`,
      resolved: { ...config, ssh: { ...config.ssh, keyData: config.ssh.keyData.map(nameOfSecret) } },
    };
    // Through JSON, where secrets redact themselves and what is not there is left out.
    const json = JSON.stringify(told, null, 2);
    print(shared.json ? `${json}\n` : (await import("yaml")).stringify(JSON.parse(json), { lineWidth: 0 }));
    return 0;
  },
});

/** What does not read like the name of a secret is a private key itself. */
function nameOfSecret(text: Config["ssh"]["keyData"][number]): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) ? text : REDACTED;
}
