/** An accessory goes from the selected hosts: its route, container, image and files. Source: cli-commands §7. */
import type { Accessory } from "../../config/config.ts";
import { removeContainer, removeEnvFile, removeImage, removeServiceDirectory } from "../../remote/accessory.ts";
import { dropAllKeptFiles, keptIn, listContainers } from "../../remote/accessory-replace.ts";
import { removeDirectory as removeTlsDirectory } from "../../remote/tls-files.ts";
import { audit } from "../audit-line.ts";
import { inStep, say } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";
import { stopContainerOn } from "./accessory-container.ts";
import { onAccessories } from "./accessory-names.ts";

/** With their data in directories; named volumes stay. */
export function removeAccessories(work: Work, typed: string): Promise<void> {
  return onAccessories(work, typed, removeAccessoryLocked);
}

/** Whoever has the lock. What an earlier attempt has removed already is no failure. */
export async function removeAccessoryLocked(work: Work, accessory: Accessory): Promise<void> {
  const hosts = work.selection.accessoryHosts(accessory);
  if (hosts.length === 0) return;
  await inStep(work, `Remove accessory ${accessory.name}`, hosts, () =>
    onHosts(work, hosts, (host) => removeOn(work, host, accessory)),
  );
}

async function removeOn(work: Work, host: string, accessory: Accessory): Promise<void> {
  await audit(work, host, `Removed ${accessory.name} accessory`);
  await stopContainerOn(work, host, accessory);
  await runCommand(work, host, removeContainer(accessory));
  await checkGone(work, host, accessory);
  const image = await runCommand(work, host, removeImage(accessory), { tolerate: true });
  if (image.exitCode !== 0)
    say(work, "notice", `The image ${accessory.image} stays: it is in use, or not there.`, host);
  await runCommand(work, host, removeServiceDirectory(accessory));
  await runCommand(work, host, removeEnvFile(work.config, accessory));
  await runCommand(work, host, dropAllKeptFiles(accessory));
  if (accessory.proxy?.certificate !== undefined)
    await runCommand(work, host, removeTlsDirectory(work.config, { accessory: accessory.name }));
}

/** Its data are not taken away from one that runs. @throws WorkError `command-failed` */
async function checkGone(work: Work, host: string, accessory: Accessory): Promise<void> {
  if (work.dryRun) return;
  const { stdout } = await runCommand(work, host, listContainers(accessory), { reads: true, level: "debug" });
  const { kept, own } = keptIn(accessory, stdout);
  if (!own && kept.length === 0) return;
  const { name, service } = accessory;
  throw new WorkError("command-failed", `${host}: the container of ${name} could not be stopped; its files stay.`, {
    host,
    hint: `docker container rm --force ${service} on the host says why`,
  });
}
