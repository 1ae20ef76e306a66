/** Single parts of booting and removing accessories, each on its own. Source: cli-commands §7. */
import type { Accessory } from "../../config/config.ts";
import { makeDirectories, removeContainer, removeImage, removeServiceDirectory } from "../../remote/accessory.ts";
import { fetchImage } from "../accessory-container.ts";
import { checkLocalFiles, preparedFiles, uploadPrepared } from "../accessory-files.ts";
import { audit } from "../audit-line.ts";
import { onHosts } from "../on-hosts.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { accessoriesNamed, onAccessories } from "./accessory-names.ts";

/** @throws WorkError `file-missing` before anything is changed */
export async function uploadAccessoryFiles(work: Work, typed: string): Promise<void> {
  await checkLocalFiles(work, accessoriesNamed(work, typed));
  await onAccessories(work, typed, async (locked, accessory, hosts) => {
    const files = await preparedFiles(locked, accessory);
    await onHosts(locked, hosts, (host) => uploadPrepared(locked, host, files));
  });
}

export function makeAccessoryDirectories(work: Work, typed: string): Promise<void> {
  return onEach(work, typed, async (locked, host, accessory) => {
    for (const line of makeDirectories(accessory)) await runCommand(locked, host, line);
  });
}

export function pullAccessoryImages(work: Work, typed: string): Promise<void> {
  return onEach(work, typed, async (locked, host, accessory) => {
    await audit(locked, host, `Pulled ${accessory.name} accessory image`);
    await fetchImage(locked, host, accessory);
  });
}

/** Stopped ones. */
export function removeAccessoryContainers(work: Work, typed: string): Promise<void> {
  return onEach(work, typed, async (locked, host, accessory) => {
    await audit(locked, host, `Removed ${accessory.name} accessory container`);
    await runCommand(locked, host, removeContainer(accessory));
  });
}

export function removeAccessoryImages(work: Work, typed: string): Promise<void> {
  return onEach(work, typed, async (locked, host, accessory) => {
    await audit(locked, host, `Removed ${accessory.name} accessory image`);
    await runCommand(locked, host, removeImage(accessory));
  });
}

export function removeAccessoryDirectories(work: Work, typed: string): Promise<void> {
  return onEach(work, typed, async (locked, host, accessory) => {
    await runCommand(locked, host, removeServiceDirectory(accessory));
  });
}

function onEach(
  work: Work,
  typed: string,
  perform: (locked: Work, host: string, accessory: Accessory) => Promise<void>,
): Promise<void> {
  return onAccessories(work, typed, async (locked, accessory, hosts) => {
    await onHosts(locked, hosts, (host) => perform(locked, host, accessory));
  });
}
