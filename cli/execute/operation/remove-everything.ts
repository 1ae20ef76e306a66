/** All that the tool has put on the selected hosts goes: app, accessories, proxy, login. Source: cli-commands §4. */
import { KdeployError } from "../../errors.ts";
import { throwIfCancelled } from "../pause.ts";
import type { Work } from "../work.ts";
import { isCancelled } from "../work-error.ts";
import { removeAccessoryLocked } from "./accessory-remove.ts";
import { removeAppLocked } from "./app-remove.ts";
import { removeUnusedProxies } from "./proxy-remove.ts";
import { removeRegistry } from "./registry-remove.ts";
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
    await attempt((one) => removeRegistry(one, { skipLocal: true, skipRemote: false }));
    const [first] = failures;
    if (first !== undefined) throw failures.length === 1 ? first : new AggregateError(failures);
  });
}
