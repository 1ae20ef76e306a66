/** A plan → lines for people, one for each step, what is inside a step below it. */
import type { Place, Plan, Step, StepOf } from "./step.ts";

type Plain = Exclude<Step["kind"], "boot-version" | "lock">;

const WORDS = {
  "run-hook": (step) => `hook ${step.hook}`,
  "check-docker": (step) => `check Docker on ${list(step.hosts)}`,
  "build-image": (step) => `build and push ${step.version}${step.noCache ? " without cache" : ""}`,
  "pull-image": (step) => `pull ${step.version} on ${list(step.hosts)}`,
  "make-run-directory": (step) => `make .kamal on ${list(step.hosts)}`,
  bootstrap: (step) => `install Docker where it is missing: ${list(step.hosts)}`,
  "boot-proxy": (step) => `network on ${list(step.networkHosts)}, proxy on ${list(step.hosts)}`,
  "boot-accessory": (step) => `accessory ${step.accessory} on ${list(step.hosts)}`,
  "stop-stale": (step) => `stop stale containers: ${places(step.places)}`,
  "prepare-files": (step) => `files for ${step.version}: ${places(step.places)}`,
  "tag-latest": (step) => `tag ${step.version} as latest on ${list(step.hosts)}`,
  "record-hosts": (step) => `note the hosts of the app on ${list(step.hosts)}`,
  prune: (step) => `prune on ${list(step.hosts)}`,
} satisfies { readonly [Kind in Plain]: (step: StepOf<Kind>) => string };

export function printPlan({ name, version, steps }: Plan): string[] {
  return [`${name} ${version}`, ...steps.flatMap((step) => printStep(step, "  "))];
}

function printStep(step: Step, indent: string): string[] {
  if (step.kind === "lock") {
    return [`${indent}under the deploy lock`, ...step.steps.flatMap((inner) => printStep(inner, `${indent}  `))];
  }
  if (step.kind === "boot-version") {
    const { groups, waitSeconds, version } = step;
    const wait = groups.length > 1 && waitSeconds > 0 ? `, ${waitSeconds} s between groups` : "";
    return [
      `${indent}boot ${version}${wait}`,
      ...groups.map((group) => `${indent}  switch together: ${places(group.places)}`),
    ];
  }
  const words = WORDS[step.kind] as (step: Step) => string;
  return [`${indent}${words(step)}`];
}

function list(hosts: readonly string[]): string {
  return hosts.length === 0 ? "no host" : hosts.join(", ");
}

function places(all: readonly Place[]): string {
  return all.length === 0 ? "nothing" : all.map(({ host, role }) => `${role} on ${host}`).join(", ");
}
