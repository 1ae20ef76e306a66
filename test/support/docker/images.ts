/** The images under test, built as a user builds them, but on a base that needs no image registry. */
import { fileURLToPath } from "node:url";
import { docker, run } from "./engine.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** @returns the name of an image with Node 26 and npm */
export async function nodeImage(): Promise<string> {
  const { code, stdout, stderr } = await run(`${root}.ci/make-node-image`, []);
  if (code !== 0) throw new Error(`.ci/make-node-image exited with ${code}\n${stderr}`);
  return stdout.trim();
}

export async function buildProxyImage(base: string): Promise<string> {
  return build("kdeploy-test/proxy", base, ["--file", `${root}Dockerfile.proxy`, root]);
}

export async function buildAppImage(base: string): Promise<string> {
  return build("kdeploy-test/app", base, [`${root}test/support/docker/app`]);
}

/** The host's network has whatever the machine needs to reach its package sources. */
async function build(tag: string, base: string, rest: readonly string[]): Promise<string> {
  await docker("build", "--network", "host", "--build-arg", `NODE_IMAGE=${base}`, "--tag", tag, ...rest);
  return tag;
}
