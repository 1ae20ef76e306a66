/** An accessory's container on one host: started with its files and variables, waited for, routed to. Source: cli-docker-commands §6. */
import type { Accessory } from "../config/config.ts";
import { accessoryEnvFile, PROXY_CONTAINER } from "../config/names.ts";
import { makeDirectories, makeEnvDirectory, pullImage, run, runningContainerId } from "../remote/accessory.ts";
import { readinessOf } from "../remote/container-state.ts";
import { envFile } from "../remote/env-file.ts";
import { deploy } from "../remote/proxy.ts";
import { deployFlags } from "../remote/proxy-flags.ts";
import type { Secret } from "../secret/secret.ts";
import { type Prepared, uploadPrepared } from "./accessory-files.ts";
import { secretsOf } from "./container-secrets.ts";
import { explainBootFailure } from "./explain-boot-failure.ts";
import { installCertificate } from "./job/prepare-files.ts";
import { startLocalRegistry } from "./local-registry.ts";
import { pause } from "./pause.ts";
import { type Failing, look, stillReady, unlessItEnds, type Verdict, waitUntilReady } from "./readiness.ts";
import { withRegistryForward } from "./registry-forward.ts";
import { logIn } from "./registry-login.ts";
import { runPatiently } from "./registry-patience.ts";
import { runCommand, uploadFile } from "./run-command.ts";
import type { Work } from "./work.ts";
import { CommandError, isCancelled, isUncertain, WorkError } from "./work-error.ts";

/** Before anything is changed on a host. @throws WorkError `proxy-missing` */
export async function needProxy(work: Work, host: string, accessory: Accessory): Promise<void> {
  if (accessory.proxy === undefined || work.dryRun) return;
  if ((await look(work, host, PROXY_CONTAINER))?.status === "running") return;
  throw new WorkError("proxy-missing", `${host}: the proxy does not run, and ${accessory.name} needs it.`, {
    host,
    hint: "kdeploy proxy boot starts it",
  });
}

/** Of a registry elsewhere, or on this machine. */
export async function fetchImage(work: Work, host: string, accessory: Accessory): Promise<void> {
  const { registry } = accessory;
  await logIn(work, host, registry);
  await withItsRegistry(work, host, accessory, () => runPatiently(work, host, "pull", pullImage(accessory)));
}

/** Directories, files and variables: what the next container of this accessory is started with. */
export async function layOut(
  work: Work,
  host: string,
  accessory: Accessory,
  files: readonly Prepared[],
): Promise<void> {
  for (const line of makeDirectories(accessory)) await runCommand(work, host, line);
  await uploadPrepared(work, host, files);
}

/** Uploads the variables and starts the container; nothing waits for it yet. */
export async function startNew(work: Work, host: string, accessory: Accessory): Promise<void> {
  // Where nothing is run, nobody is to be asked for a password.
  const secrets = work.dryRun ? new Map<string, Secret>() : await secretsOf(work, accessory.env);
  const env = envFile(secrets, accessory.env.clear);
  await runCommand(work, host, makeEnvDirectory(work.config));
  await uploadFile(work, host, { path: accessoryEnvFile(work.config, accessory), mode: 0o600, content: env.content });
  // Docker fetches the image then, if it is not there.
  const line = run(work.config, accessory, host, env.exported);
  await withItsRegistry(work, host, accessory, () => runCommand(work, host, line));
}

/** One on this machine may have been stopped since the last build. Images of others come from elsewhere. */
async function withItsRegistry(
  work: Work,
  host: string,
  { image, registry = work.config.registry }: Accessory,
  perform: () => Promise<unknown>,
): Promise<void> {
  const { localPort, server } = registry;
  if (localPort === undefined || !image.startsWith(`${server}/`)) {
    await perform();
    return;
  }
  if (localPort === work.config.registry.localPort) await startLocalRegistry(work);
  await withRegistryForward(work, [host], perform, registry);
}

/**
 * Ends when it is healthy, or, without a health check, when it has run for a while without a restart; with a proxy, when requests go to it.
 * @throws WorkError `boot-failed` with the cause and the end of its log
 */
export async function comeUp(work: Work, host: string, accessory: Accessory): Promise<void> {
  if (accessory.proxy !== undefined) return routeTo(work, host, accessory);
  if (work.dryRun) return;
  const verdict = await waitUntilReady(work, host, accessory.service);
  if (!verdict.ready) throw await bootFailure(work, host, accessory, verdict.failing);
}

/** Whether one that was started before is in order: it may have crashed long ago, but does not crash again and again. */
export async function standing(work: Work, host: string, { service }: Accessory): Promise<Verdict> {
  const state = await look(work, host, service);
  if (state === undefined) return { ready: false, failing: "gone", state };
  const readiness = readinessOf(state);
  // One that was made and never started will not start by itself.
  if (readiness === "ended" || state.status === "created") return { ready: false, failing: "ended", state };
  if (readiness === "waiting") return waitUntilReady(work, host, service);
  if (readiness === "ready" || state.restarts === 0) return { ready: true, state };
  await pause(work.config.readinessDelaySeconds * 1000, work.signal);
  return stillReady(work, host, service, state);
}

export function bootFailure(
  work: Work,
  host: string,
  { name, proxy, service }: Accessory,
  failing: Failing | undefined,
  error?: unknown,
): Promise<WorkError> {
  const role = { name, proxy, section: `accessories: ${name}:` };
  return explainBootFailure(work, { host, role, name: service, failing, error });
}

/** The proxy asks until `deploy_timeout`; a container that has ended is known earlier. */
async function routeTo(work: Work, host: string, accessory: Accessory): Promise<void> {
  const { proxy, service } = accessory;
  if (proxy === undefined) return;
  const owner = { accessory: accessory.name };
  await installCertificate(work, host, owner, proxy);
  const id = work.dryRun
    ? "CONTAINER_ID"
    : (await runCommand(work, host, runningContainerId(accessory), { reads: true })).stdout.trim();
  if (id === "") throw await bootFailure(work, host, accessory, "ended");
  const peers = accessory.hosts.filter((name) => name !== host);
  const line = deploy(service, deployFlags(work.config, proxy, { containerId: id, owner, version: undefined, peers }));
  try {
    const end = await unlessItEnds(work, host, service, (signal) => runCommand(work, host, line, { signal }));
    if (end !== undefined) throw await bootFailure(work, host, accessory, end.failing);
  } catch (error) {
    if (isCancelled(error) || isUncertain(error) || !(error instanceof CommandError)) throw error;
    throw await bootFailure(work, host, accessory, undefined, error);
  }
}
