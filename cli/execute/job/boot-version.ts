/**
 * The heart of a deploy: a version takes over on all hosts, or on none.
 *
 * New containers are started beside the old ones, and made ready, everywhere; only then do the requests go over, on all hosts at once.
 * The old containers run until the last group has switched, so that until then everything can go back.
 */
import { roleEnvFile } from "../../config/names.ts";
import type { BootGroup, BootVersionStep } from "../../plan/step.ts";
import { envFile, forgetKept } from "../../remote/env-file.ts";
import { clean as cleanErrorPages } from "../../remote/error-pages.ts";
import { recordRelease } from "../../remote/releases.ts";
import { canPrepare, proxyCapabilities } from "../../remote/two-phase.ts";
import type { Secret } from "../../secret/secret.ts";
import { allEnded } from "../all-ended.ts";
import { sayOutcomes } from "../boot-outcome.ts";
import { secretsOf } from "../container-secrets.ts";
import { inStep, say } from "../in-step.ts";
import { NewContainer } from "../new-container.ts";
import { onHosts, settleOnHosts } from "../on-hosts.ts";
import { pause, throwIfCancelled } from "../pause.ts";
import { byHost, placed } from "../place.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { wordsOf } from "../work-error.ts";
import { runHook } from "./run-hook.ts";

/** @throws WorkError `boot-failed`, MultiHostError, HostError; by then every host is as it was, or it was said what is not */
export async function bootVersion(work: Work, step: BootVersionStep): Promise<void> {
  const groups = await containersOf(work, step);
  const all = groups.flatMap(({ containers }) => containers);
  work.state.takeover = "during";
  try {
    for (const [index, { group, containers }] of groups.entries()) {
      if (index > 0 && step.waitSeconds > 0) await waitBetween(work, step.waitSeconds);
      await runHook(work, "pre-app-boot", { hosts: group.hosts });
      await bootAll(work, step, containers);
      await switchAll(work, step, containers);
      await runHook(work, "post-app-boot", { hosts: group.hosts });
    }
  } catch (error) {
    await restore(work, step, all);
    throw error;
  }
  await finish(work, step, all);
}

type Group = { readonly group: BootGroup; readonly containers: readonly NewContainer[] };

/** Whatever can be found missing before anything is started is found here: secrets above all. */
async function containersOf(work: Work, { groups, version }: BootVersionStep): Promise<Group[]> {
  return Promise.all(
    groups.map(async (group) => ({
      group,
      containers: await Promise.all(
        group.places.map(async (named) => {
          const place = placed(work, named);
          const { env } = place.roleHost;
          // Where nothing is run, nobody is to be asked for a password.
          const secrets = work.dryRun ? new Map<string, Secret>() : await secretsOf(work, env);
          return new NewContainer(work, place, { version, env: envFile(secrets, env.clear) });
        }),
      ),
    })),
  );
}

/** In a dry run there may be no proxy yet: then it will be one that does. */
async function knowsTwoPhases(work: Work, host: string): Promise<boolean> {
  const options = { reads: true, tolerate: true, level: "debug" } as const;
  const { exitCode, stderr, stdout } = await runCommand(work, host, proxyCapabilities(), options);
  if (work.dryRun && exitCode !== 0) return true;
  return canPrepare(`${stdout}\n${stderr}`);
}

function hostsOf(containers: readonly NewContainer[]): string[] {
  return [...byHost(containers).keys()];
}

/** The roles of a host one after another, unless told otherwise: a small server may not start them all at a time. */
async function bootAll(work: Work, step: BootVersionStep, containers: readonly NewContainer[]): Promise<void> {
  const hosts = byHost(containers);
  await inStep(work, `Start ${step.version} and wait until it is ready`, [...hosts.keys()], () =>
    onHosts(work, [...hosts.keys()], async (host) => {
      const here = hosts.get(host) ?? [];
      const isProxied = here.some(({ role }) => role.proxy !== undefined);
      const [twoPhase] = await allEnded([
        isProxied ? knowsTwoPhases(work, host) : Promise.resolve(false),
        everyOne(here, (container) => container.makeReady()),
      ]);
      if (step.parallelRoles) await everyOne(here, (container) => container.boot(twoPhase));
      else for (const container of here) await container.boot(twoPhase);
    }),
  );
}

async function everyOne(
  containers: readonly NewContainer[],
  perform: (container: NewContainer) => Promise<void>,
): Promise<void> {
  await allEnded(containers.map(perform));
}

async function switchAll(work: Work, step: BootVersionStep, containers: readonly NewContainer[]): Promise<void> {
  const hosts = byHost(containers);
  const on = (which: (container: NewContainer) => boolean, perform: (container: NewContainer) => Promise<void>) => {
    const concerned = hostsOf(containers.filter(which));
    return onHosts(work, concerned, (host) => everyOne((hosts.get(host) ?? []).filter(which), perform));
  };
  throwIfCancelled(work.signal);
  await inStep(work, `Switch to ${step.version}`, [...hosts.keys()], async () => {
    const rechecked = on(
      () => true,
      (container) => container.recheck(),
    );
    // Whoever has lost the lock does not switch.
    await allEnded([rechecked, work.state.lock?.verify() ?? Promise.resolve()]);
    throwIfCancelled(work.signal);
    // A proxy that checks health only now may refuse; the others have nothing left to refuse for.
    await on(
      ({ switching }) => switching === "one-phase",
      (container) => container.switchOver(),
    );
    await on(
      ({ switching }) => switching === "two-phase",
      (container) => container.switchOver(),
    );
  });
}

async function waitBetween(work: Work, seconds: number): Promise<void> {
  say(work, "progress", `Waits ${seconds} s before the next hosts`);
  if (!work.dryRun) await pause(seconds * 1000, work.signal);
}

/** First the requests of all hosts go back, then what is left over is removed. */
async function restore(work: Work, step: BootVersionStep, all: readonly NewContainer[]): Promise<void> {
  const hosts = byHost(all);
  const names = [...hosts.keys()];
  await inStep(work, "Restore what was before", names, async () => {
    await settleOnHosts(work, names, (host) => everyOne(hosts.get(host) ?? [], (container) => container.goBack()));
    await settleOnHosts(work, names, async (host) => {
      for (const container of hosts.get(host) ?? []) await container.discard();
      await cleanPages(work, host, hosts.get(host)?.[0]?.oldVersion ?? step.version);
    });
  });
  sayOutcomes(work, step.version, all);
}

/** It is done, and a cancellation comes too late: the record is written, and the old containers end. */
async function finish(work: Work, step: BootVersionStep, all: readonly NewContainer[]): Promise<void> {
  const hosts = byHost(all);
  const names = [...hosts.keys()];
  await inStep(work, "Stop the old containers", names, () =>
    settleOnHosts(work, names, async (host) => {
      const containers = hosts.get(host) ?? [];
      const envFiles = containers.map(({ role }) => roleEnvFile(work.config, role));
      await allEnded([
        recordOn(work, step, host, containers[0]?.oldVersion),
        afterwards(work, host, forgetKept(envFiles)),
        everyOne(containers, (container) => container.retire()),
      ]);
      if (containers.some(({ oldVersion }) => oldVersion !== undefined)) await cleanPages(work, host, step.version);
    }),
  );
  work.state.takeover = "after";
}

async function recordOn(
  work: Work,
  step: BootVersionStep,
  host: string,
  oldVersion: string | undefined,
): Promise<void> {
  const release = {
    version: step.version,
    ...(step.rollback && oldVersion !== undefined && oldVersion !== step.version ? { rolledBackFrom: oldVersion } : {}),
    at: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    performer: work.performer,
  };
  await afterwards(work, host, recordRelease(work.config, release, work.state.limits.keptReleases));
}

async function cleanPages(work: Work, host: string, kept: string): Promise<void> {
  if (work.config.errorPagesPath !== undefined) await afterwards(work, host, cleanErrorPages(work.config, kept));
}

/** Never throws. */
async function afterwards(work: Work, host: string, line: string): Promise<void> {
  try {
    const timeoutMs = work.state.limits.cleanupTimeoutMs;
    await runCommand(work, host, line, { level: "debug", signal: null, timeoutMs });
  } catch (error) {
    say(work, "warning", wordsOf(error), host);
  }
}
