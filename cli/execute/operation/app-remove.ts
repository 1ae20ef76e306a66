/** The app goes from the selected hosts: its containers, and where none of its roles stays, its images and files. Source: cli-commands §5. */
import { remove, removeAppDirectory, removeImages, removeProxyAppDirectory, removeStopped } from "../../remote/app.ts";
import { audit } from "../audit-line.ts";
import { inStep } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { stopRoles } from "./app-stop.ts";
import { selectedPlaces } from "./on-roles.ts";
import { underLock } from "./under-lock.ts";

export function removeApp(work: Work): Promise<void> {
  return underLock(work, removeAppLocked);
}

/** Whoever has the lock. */
export async function removeAppLocked(work: Work): Promise<void> {
  await stopRoles(work, selectedPlaces(work));
  const { appHosts } = work.selection;
  await inStep(work, "Remove the app", appHosts, () =>
    onHosts(work, appHosts, async (host) => {
      await removeContainersOn(work, host);
      if (!areAllRolesSelected(work, host)) return;
      await removeImagesOn(work, host);
      await removeDirectoriesOn(work, host);
    }),
  );
}

export function removeAppContainers(work: Work): Promise<void> {
  return onAppHosts(work, removeContainersOn);
}

export function removeAppImages(work: Work): Promise<void> {
  return onAppHosts(work, removeImagesOn);
}

export function removeAppDirectories(work: Work): Promise<void> {
  return onAppHosts(work, removeDirectoriesOn);
}

/** Of one version, stopped. */
export function removeAppContainer(work: Work, version: string): Promise<void> {
  return onAppHosts(work, async (locked, host) => {
    for (const role of locked.selection.rolesOn(host)) {
      await audit(locked, host, `Removed app container with version ${version}`, role.name);
      await runCommand(locked, host, remove(locked.config, role, version));
    }
  });
}

function onAppHosts(work: Work, perform: (locked: Work, host: string) => Promise<void>): Promise<void> {
  return underLock(work, async (locked) => {
    await onHosts(locked, locked.selection.appHosts, (host) => perform(locked, host));
  });
}

/** One role after another: Docker refuses a second prune while one is going on. */
async function removeContainersOn(work: Work, host: string): Promise<void> {
  for (const role of work.selection.rolesOn(host)) {
    await audit(work, host, "Removed all app containers", role.name);
    await runCommand(work, host, removeStopped(work.config, role));
  }
}

async function removeImagesOn(work: Work, host: string): Promise<void> {
  await audit(work, host, "Removed all app images");
  await runCommand(work, host, removeImages(work.config));
}

/** They need not be there. */
async function removeDirectoriesOn(work: Work, host: string): Promise<void> {
  await audit(work, host, "Removed app directory");
  await runCommand(work, host, removeAppDirectory(work.config), { tolerate: true });
  await runCommand(work, host, removeProxyAppDirectory(work.config), { tolerate: true });
}

function areAllRolesSelected(work: Work, host: string): boolean {
  const there = work.config.roles.filter((role) => role.hosts.some(({ name }) => name === host));
  return there.every((role) => work.selection.rolesOn(host).includes(role));
}
