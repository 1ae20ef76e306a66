/** What is allowed, and yet not what was meant more often than not: warnings about a configuration that is otherwise right. */
import type { Config } from "./config.ts";
import type { Draft } from "./draft.ts";
import { RESERVED_LABELS } from "./section/labels.ts";

export function warnOfTraps(draft: Draft, config: Config): void {
  const { input } = draft;
  for (const name of Object.keys(input.labels ?? {}).filter((key) => RESERVED_LABELS.includes(key))) {
    draft.warn(["labels", name], "replaces the label by which the deploy finds its containers");
  }
  if (input.run_directory !== undefined)
    draft.warn(["run_directory"], "is ignored, in Kamal too: .kamal is always used");
  if (typeof input.registry?.password === "string") {
    draft.warn(["registry", "password"], "stands here in plain text; write [NAME] and put NAME into the secrets file");
  }
  warnOfShadowedSecrets(draft, config);
}

/** Docker prefers `--env` to the env file, whichever of the two was written closer to the role. */
function warnOfShadowedSecrets(draft: Draft, config: Config): void {
  for (const role of config.roles) {
    for (const host of role.hosts) {
      for (const { name } of host.env.secrets.filter((secret) => Object.hasOwn(host.env.clear, secret.name))) {
        draft.warn(["env"], `${name} is both clear and secret in role ${role.name}: the clear value wins`);
      }
    }
  }
}
