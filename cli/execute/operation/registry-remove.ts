/** The registry is left: the one on this machine removed, or this machine and the servers logged out. Source: cli-commands §9. */
import { inStep } from "../in-step.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import { removeLocalRegistry } from "../local-registry.ts";
import { onHosts } from "../on-hosts.ts";
import { logOut } from "../registry-login.ts";
import { LOCALHOST } from "../run-command.ts";
import type { Work } from "../work.ts";
import { checkLocalDocker, type RegistryPlaces, refuseLocal } from "./registry-setup.ts";

/** @throws WorkError `docker-missing` */
export async function removeRegistry(work: Work, { skipLocal, skipRemote }: RegistryPlaces): Promise<void> {
  if (!skipLocal) await checkLocalDocker(work);
  if (work.config.registry.localPort !== undefined) {
    if (!skipLocal) await inStep(work, "Remove the registry on this machine", [], () => removeLocalRegistry(work));
    return;
  }
  if (!skipLocal) await inStep(work, "Log out on this machine", [], () => logOut(work, LOCALHOST));
  if (skipRemote) return;
  await runPreConnectHook(work);
  const { hosts } = work.selection;
  await inStep(work, "Log out of the registry", hosts, () => onHosts(work, hosts, (host) => logOut(work, host)));
}

/** @throws WorkError `registry-is-local`; as `removeRegistry` */
export async function logOutOfRegistry(work: Work, places: RegistryPlaces): Promise<void> {
  refuseLocal(work);
  await removeRegistry(work, places);
}
