/** The Dockerfile has to be there before anything is done for a build. Commands that build nothing never ask. */
import { missingDockerfile } from "../../config/missing-dockerfile.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";

/** @throws WorkError `file-missing` */
export async function checkDockerfile({ config, cwd }: Work): Promise<void> {
  const missing = await missingDockerfile(config, cwd);
  if (missing === undefined) return;
  throw new WorkError("file-missing", missing, {
    exitClass: "configuration",
    hint: "builder.dockerfile names it, from the directory in which kdeploy runs; --skip-push deploys an image that is pushed already",
  });
}
