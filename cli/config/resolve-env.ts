/** Environments of root, role and tags → the variables of one container, plain ones and references to secrets. */
import type { ContainerEnv } from "./config.ts";
import type { EnvInput } from "./section/env.ts";

/** An environment as it stands in the file: simple form, or clear, secret and tags. */
type EnvWritten = Readonly<Record<string, unknown>> | undefined;

/** Later ones win, variable by variable. Config-schema §5. */
export function mergeEnv(written: readonly EnvWritten[]): ContainerEnv {
  const clear: Record<string, string> = {};
  const secrets = new Map<string, string>();
  for (const env of written) {
    const { clear: ownClear, secret } = longForm(env);
    Object.assign(clear, ownClear);
    for (const entry of secret) {
      const [name = "", key = name] = entry.split(":");
      secrets.set(name, key);
    }
  }
  return { clear, secrets: [...secrets].map(([name, key]) => ({ name, key })) };
}

/** The environments of tags, by tag; in the root's env only. */
export function envTags(env: EnvInput | undefined): Readonly<Record<string, EnvWritten>> {
  const tags = env?.["tags"];
  return typeof tags === "object" ? tags : {};
}

function longForm(env: EnvWritten): { clear: Readonly<Record<string, string>>; secret: readonly string[] } {
  if (env === undefined) return { clear: {}, secret: [] };
  const long = ["clear", "secret", "tags"].some((key) => Object.hasOwn(env, key));
  if (!long) return { clear: env as Record<string, string>, secret: [] };
  return { clear: (env["clear"] ?? {}) as Record<string, string>, secret: (env["secret"] ?? []) as string[] };
}
