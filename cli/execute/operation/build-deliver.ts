/** The image of this run's version: built and pushed, pulled on the servers, or both. Without the lock. Source: cli-commands §6. */
import { buildImage } from "../job/build-image.ts";
import { pullImage } from "../job/pull-image.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import type { Work } from "../work.ts";

/** `output` as of `buildx build`. */
export function pushVersion(
  work: Work,
  { output, noCache }: { readonly output?: string; readonly noCache: boolean },
): Promise<void> {
  const { version } = work;
  return buildImage(work, { kind: "build-image", version, noCache, ...(output === undefined ? {} : { output }) });
}

export async function pullVersion(work: Work): Promise<void> {
  await runPreConnectHook(work);
  await pullImage(work, { kind: "pull-image", version: work.version, hosts: work.selection.appHosts });
}

export async function deliverVersion(work: Work, noCache: boolean): Promise<void> {
  await pushVersion(work, { noCache });
  await pullVersion(work);
}
