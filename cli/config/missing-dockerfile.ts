/** Whether the Dockerfile is there: a configuration in, what is wrong out. Light, for commands that have loaded theirs long ago. */
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import type { Config } from "./config.ts";

/** In words. Buildpacks need none. */
export async function missingDockerfile({ builder }: Config, cwd: string): Promise<string | undefined> {
  if (builder.pack !== undefined) return undefined;
  return access(resolve(cwd, builder.dockerfile)).then(
    () => undefined,
    () => `missing ${builder.dockerfile}`,
  );
}
