/**
 * Accessories get a new container, with the image, files and variables of now; their data stay. On the hosts that are done together, all
 * get it or none: where it does not become healthy, the old one comes back everywhere. Source: cli-commands §7.
 */
import type { Accessory } from "../../config/config.ts";
import { fetchImage, needProxy } from "../accessory-container.ts";
import { checkLocalFiles, type Prepared, preparedFiles } from "../accessory-files.ts";
import { AccessoryReplacement, settleInterrupted } from "../accessory-replacement.ts";
import { audit } from "../audit-line.ts";
import { inStep, say } from "../in-step.ts";
import { ensureNetwork } from "../job/boot-proxy.ts";
import { runHook } from "../job/run-hook.ts";
import { onHosts, settleOnHosts, throwFailures } from "../on-hosts.ts";
import { throwIfCancelled } from "../pause.ts";
import type { Work } from "../work.ts";
import { accessoriesNamed, onAccessories } from "./accessory-names.ts";

export type Replacing = {
  /** For steps and the audit log: `Reboot`, `Upgrade`. */
  readonly what: "Reboot" | "Upgrade";
  /** One host after another; the first that fails keeps the others as they are. */
  readonly rolling: boolean;
};

/** @throws WorkError `file-missing` before anything is changed; `boot-failed` */
export async function replaceAccessories(work: Work, typed: string, replacing: Replacing): Promise<void> {
  await checkLocalFiles(work, accessoriesNamed(work, typed));
  await onAccessories(work, typed, async (locked, accessory, hosts) => {
    const files = await preparedFiles(locked, accessory);
    for (const group of replacing.rolling ? hosts.map((host) => [host]) : [hosts]) {
      throwIfCancelled(locked.signal);
      const told = { hosts: group, accessory: accessory.name };
      if (replacing.what === "Upgrade") await runHook(locked, "pre-accessory-upgrade", told);
      await inStep(locked, `${replacing.what} accessory ${accessory.name}`, group, () =>
        replaceOn(locked, accessory, group, files, replacing),
      );
      if (replacing.what === "Upgrade") await runHook(locked, "post-accessory-upgrade", told);
    }
  });
}

async function replaceOn(
  work: Work,
  accessory: Accessory,
  hosts: readonly string[],
  files: readonly Prepared[],
  { what }: Replacing,
): Promise<void> {
  const { name } = accessory;
  // Before anything stops: nobody waits for the image then, and one that cannot be had leaves everything running.
  await onHosts(work, hosts, async (host) => {
    await ensureNetwork(work, host);
    await needProxy(work, host, accessory);
    await fetchImage(work, host, accessory);
    await settleInterrupted(work, host, accessory);
  });
  const replacements = new Map(hosts.map((host) => [host, new AccessoryReplacement(work, host, accessory)]));
  const each = [...replacements.values()];
  const { failures } = await settleOnHosts(work, hosts, async (host) => {
    throwIfCancelled(work.signal);
    await audit(work, host, `${what === "Reboot" ? "Rebooted" : "Upgraded"} ${name} accessory`);
    await replacements.get(host)?.swap(files);
  }).catch(async (error: unknown) => {
    await Promise.all(each.map((one) => one.goBack()));
    throw error;
  });
  if (failures.length === 0) {
    await Promise.all(each.map((one) => one.retireOld()));
    return;
  }
  await inStep(work, `Bring accessory ${name} back`, hosts, async () => {
    await Promise.all(
      each.map(async (one) => {
        if (await one.goBack()) say(work, "notice", `${name}: as before.`, one.host);
      }),
    );
  });
  throwFailures(work, failures);
}
