/** A version of the example app in the bed's registry without kdeploy's build: another image of the same files, within a second. */
import { REGISTRY } from "../../bed/layout.ts";
import { docker } from "../docker/engine.ts";
import { nodeImage } from "../docker/images.ts";
import type { AppProject } from "./app-project.ts";
import type { Bed } from "./servers.ts";

/** Good for `--skip-push --version`. */
export async function pushVersion(bed: Bed, project: AppProject, version: string, service = "node-app"): Promise<void> {
  const image = `kdeploy-test/${service}:${version}-${REGISTRY.port}`;
  const labels = ["--label", `service=${service}`, "--label", `release=${version}`];
  const args = ["--build-arg", `NODE_IMAGE=${await nodeImage()}`, ...labels];
  await docker("build", "--quiet", "--network", "host", ...args, "--tag", image, project.folder);
  try {
    await bed.push(image, `examples/${service}:${version}`);
  } finally {
    await docker("image", "rm", image);
  }
}
