/** Servers of Kamal 1 get this proxy, with app and accessories anew behind it. Source: cli-commands §4. */
import { checkLocalFiles } from "../accessory-files.ts";
import type { Work } from "../work.ts";
import { accessoriesNamed } from "./accessory-names.ts";
import { replaceAccessories } from "./accessory-replace.ts";
import { type Upgrade, upgradeProxies } from "./proxy-upgrade.ts";

const ALL = "all";

/** @throws WorkError `file-missing` before anything is changed; what the parts throw */
export async function upgradeEverything(work: Work, upgrade: Upgrade, wanted: string | undefined): Promise<void> {
  if (work.config.accessories.length > 0) await checkLocalFiles(work, accessoriesNamed(work, ALL));
  await upgradeProxies(work, upgrade, wanted, async (group) => {
    if (group.config.accessories.length > 0)
      await replaceAccessories(group, ALL, { what: "Upgrade", rolling: upgrade.rolling });
  });
}
