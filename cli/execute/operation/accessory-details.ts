/** The containers of accessories on the selected hosts. Source: cli-commands §7. */
import type { Accessory } from "../../config/config.ts";
import { details } from "../../remote/accessory.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import type { Work } from "../work.ts";
import { accessoryTitle } from "./accessory-names.ts";
import { answer, tellHosts } from "./answers.ts";

export async function showAccessoryDetails(work: Work, accessories: readonly Accessory[]): Promise<void> {
  await runPreConnectHook(work);
  for (const accessory of accessories) {
    const hosts = work.selection.accessoryHosts(accessory);
    await tellHosts(work, accessoryTitle(accessory), hosts, async (host, tell) =>
      tell(await answer(work, host, details(accessory))),
    );
  }
}
