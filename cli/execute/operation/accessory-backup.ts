/** Backups of an accessory, by the project's own hooks: how its data are saved and restored, only the project knows. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { KdeployError } from "../../errors.ts";
import { type HookName, hasHook, runHook, runPreConnectHook } from "../job/run-hook.ts";
import { withLock } from "../job/with-lock.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";
import { accessoryNamed } from "./accessory-names.ts";

/** Deploys may go on meanwhile. @throws WorkError `hook-missing`, `hook-failed` */
export async function backUpAccessory(work: Work, typed: string): Promise<void> {
  const accessory = accessoryNamed(work, typed);
  await needHook(work, "accessory-backup");
  await runPreConnectHook(work);
  const hosts = work.selection.accessoryHosts(accessory);
  await runHook(work, "accessory-backup", { accessory: accessory.name, hosts, told: true });
}

/** Under the lock: nothing is deployed that would meet half of the data. @throws WorkError `hook-missing`, `hook-failed`, `file-missing` */
export async function restoreAccessory(work: Work, typed: string, file: string): Promise<void> {
  const accessory = accessoryNamed(work, typed);
  await needHook(work, "accessory-restore");
  const backupFile = resolve(work.cwd, file);
  if ((await stat(backupFile).catch(() => undefined)) === undefined)
    throw new WorkError("file-missing", `There is no file ${file}.`, { exitClass: "configuration" });
  await runPreConnectHook(work);
  await withLock(work, async (locked) => {
    const hosts = locked.selection.accessoryHosts(accessory);
    await runHook(locked, "accessory-restore", { accessory: accessory.name, hosts, backupFile, told: true });
  });
}

async function needHook(work: Work, hook: HookName): Promise<void> {
  if (work.skipHooks) {
    throw new KdeployError("option-invalid", "--skip-hooks leaves nothing to do: backups are made by a hook", {
      exitClass: "usage",
    });
  }
  if (await hasHook(work, hook)) return;
  const path = `${work.config.hooksPath}/${hook}`;
  throw new WorkError("hook-missing", `There is no hook ${path}.`, {
    hint: `${path}.sample, which kdeploy init writes, does it for Postgres: copy it to ${path}`,
  });
}
