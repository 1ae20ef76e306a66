/** Walks a plan: its steps one after the other, each by the job for its kind, until one fails or the run is cancelled. */
import type { Plan, Step, StepOf } from "../plan/step.ts";
import { makeRunDirectory } from "../remote/server.ts";
import { say } from "./in-step.ts";
import { bootAccessory } from "./job/boot-accessory.ts";
import { bootProxy } from "./job/boot-proxy.ts";
import { bootVersion } from "./job/boot-version.ts";
import { bootstrap } from "./job/bootstrap.ts";
import { buildImage } from "./job/build-image.ts";
import { checkDocker } from "./job/check-docker.ts";
import { prepareFiles } from "./job/prepare-files.ts";
import { prune } from "./job/prune.ts";
import { pullImage } from "./job/pull-image.ts";
import { recordHostsOn } from "./job/record-hosts.ts";
import { runHook, runPreConnectHook } from "./job/run-hook.ts";
import { stopStale } from "./job/stop-stale.ts";
import { tagLatest } from "./job/tag-latest.ts";
import { withLock } from "./job/with-lock.ts";
import { onHosts } from "./on-hosts.ts";
import { throwIfCancelled } from "./pause.ts";
import { runCommand } from "./run-command.ts";
import type { Work } from "./work.ts";

type Job<Kind extends Step["kind"]> = (work: Work, step: StepOf<Kind>) => Promise<void>;

const JOBS = {
  "run-hook": runHookStep,
  "check-docker": checkDocker,
  "build-image": buildImage,
  "pull-image": pullImage,
  lock: (work, { steps }) => withLock(work, (locked) => executeSteps(locked, steps)),
  "make-run-directory": async (work, { hosts }) => {
    await onHosts(work, hosts, (host) => runCommand(work, host, makeRunDirectory(), { level: "debug" }));
  },
  bootstrap,
  "boot-proxy": bootProxy,
  "boot-accessory": bootAccessory,
  "stop-stale": stopStale,
  "prepare-files": prepareFiles,
  "boot-version": bootVersion,
  "tag-latest": tagLatest,
  "record-hosts": recordHostsOn,
  prune,
} satisfies { readonly [Kind in Step["kind"]]: Job<Kind> };

/** @throws what the step that failed throws; a lock that was taken is released then, and it was said what the hosts serve */
export async function executePlan(work: Work, plan: Plan): Promise<void> {
  work.state.version = plan.version;
  try {
    await executeSteps(work, plan.steps);
  } catch (error) {
    const { takeover } = work.state;
    if (takeover === "before") say(work, "notice", "No host was switched: each serves what it served before.");
    if (takeover === "after")
      say(work, "notice", `Every host runs ${plan.version}; what was to follow was not finished.`);
    throw error;
  }
}

async function executeSteps(work: Work, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    throwIfCancelled(work.signal);
    // The kind of a step is the key of its job: the compiler cannot follow that, `satisfies` above has checked it.
    const job = JOBS[step.kind] as (work: Work, step: Step) => Promise<void>;
    await job(work, step);
  }
}

function runHookStep(work: Work, { hook, runtime }: StepOf<"run-hook">): Promise<void> {
  if (hook === "pre-connect") return runPreConnectHook(work);
  const runtimeSeconds = Math.round((performance.now() - work.state.startedAtMs) / 1000);
  return runHook(work, hook, runtime ? { runtimeSeconds } : {});
}
