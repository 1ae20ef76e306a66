/** All that the tool has put on the selected hosts goes: app, accessories, proxy, login. Source: cli-commands §4. */
import { KdeployError } from "../../errors.ts";
import { logout } from "../../remote/registry.ts";
import { inStep } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { throwIfCancelled } from "../pause.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { isCancelled } from "../work-error.ts";
import { removeAccessoryLocked } from "./accessory-remove.ts";
import { removeAppLocked } from "./app-remove.ts";
import { removeUnusedProxies } from "./proxy-remove.ts";
import { underLock } from "./under-lock.ts";

/**
 * As far as it goes: what cannot be removed does not keep the rest, and a second run finishes it. The proxy is last of those that
 * run, since accessories may be behind it.
 * @throws AggregateError of what failed, KdeployError when it is one thing
 */
export function removeEverything(work: Work): Promise<void> {
  return underLock(work, async (locked) => {
    const failures: KdeployError[] = [];
    const attempt = async (part: (locked: Work) => Promise<void>): Promise<void> => {
      throwIfCancelled(locked.signal);
      await part(locked).catch((error: unknown) => {
        if (!(error instanceof KdeployError) || isCancelled(error)) throw error;
        failures.push(error);
      });
    };
    await attempt(removeAppLocked);
    for (const accessory of locked.config.accessories) await attempt((one) => removeAccessoryLocked(one, accessory));
    await attempt(removeUnusedProxies);
    await attempt(logOut);
    const [first] = failures;
    if (first !== undefined) throw failures.length === 1 ? first : new AggregateError(failures);
  });
}

/** Nothing was logged in to a registry on this machine. */
async function logOut(work: Work): Promise<void> {
  const { registry } = work.config;
  if (registry.localPort !== undefined) return;
  const { hosts } = work.selection;
  await inStep(work, "Log out of the registry", hosts, () =>
    onHosts(work, hosts, (host) => runCommand(work, host, logout(registry))),
  );
}
