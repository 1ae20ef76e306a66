/** A version of the app is booted anew on the selected hosts, without building it: the one named, else the one they have. */
import { bootSteps } from "../../plan/boot-steps.ts";
import { imageId } from "../../remote/app-lookup.ts";
import { executePlan } from "../executor.ts";
import { inStep, say } from "../in-step.ts";
import { pullOn } from "../job/pull-image.ts";
import { onHosts } from "../on-hosts.ts";
import { type Work, workWith } from "../work.ts";
import { answer } from "./answers.ts";
import { commonVersion } from "./deployed-version.ts";
import { underLock } from "./under-lock.ts";

/** @returns the version. @throws WorkError `nothing-deployed`; what a boot throws */
export function bootApp(work: Work, wanted: string | undefined): Promise<string> {
  return underLock(work, async (locked) => {
    const { config, selection } = locked;
    const version = wanted ?? (await commonVersion(locked));
    if (wanted === undefined) say(locked, "notice", `Boots ${version}, which was deployed last.`);
    await ensureImages(locked, version);
    const booted = workWith(locked, { version });
    await executePlan(booted, { name: "app boot", version, steps: bootSteps(config, selection, version) });
    return version;
  });
}

/** A new host has no image yet. */
async function ensureImages(work: Work, version: string): Promise<void> {
  const { appHosts } = work.selection;
  await inStep(work, `Check that every host has ${version}`, appHosts, () =>
    onHosts(work, appHosts, (host) => ensureImage(work, host, version)),
  );
}

export async function ensureImage(work: Work, host: string, version: string): Promise<void> {
  const found = await answer(work, host, imageId(work.config, version), { level: "debug" });
  if (found === "") await pullOn(work, host, version);
}
