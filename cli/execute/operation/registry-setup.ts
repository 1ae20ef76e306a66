/** The registry is made ready: the one on this machine started, or this machine and the servers logged in. Source: cli-commands §9. */
import { isDockerInstalled } from "../../remote/server.ts";
import { inStep } from "../in-step.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import { startLocalRegistry } from "../local-registry.ts";
import { onHosts } from "../on-hosts.ts";
import { logIn } from "../registry-login.ts";
import { LOCALHOST, runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";

export type RegistryPlaces = {
  /** Not on this machine. */
  readonly skipLocal: boolean;
  /** Not on the servers. */
  readonly skipRemote: boolean;
};

/** @throws WorkError `docker-missing`, `registry-denied` */
export async function setUpRegistry(work: Work, { skipLocal, skipRemote }: RegistryPlaces): Promise<void> {
  if (!skipLocal) await checkLocalDocker(work);
  if (work.config.registry.localPort !== undefined) {
    if (!skipLocal) await inStep(work, "Start the registry on this machine", [], () => startLocalRegistry(work));
    return;
  }
  if (!skipLocal) await inStep(work, "Log in on this machine", [], () => logIn(work, LOCALHOST));
  if (skipRemote) return;
  await runPreConnectHook(work);
  const { hosts } = work.selection;
  await inStep(work, "Log in", hosts, () => onHosts(work, hosts, (host) => logIn(work, host)));
}

/** @throws WorkError `registry-is-local`; as `setUpRegistry` */
export async function logInToRegistry(work: Work, places: RegistryPlaces): Promise<void> {
  refuseLocal(work);
  await setUpRegistry(work, places);
}

/** Nobody is logged in to a registry on this machine. @throws WorkError `registry-is-local` */
export function refuseLocal({ config }: Work): void {
  const { server, localPort } = config.registry;
  if (localPort === undefined) return;
  throw new WorkError("registry-is-local", `The registry ${server ?? ""} is one on this machine: it has no login.`, {
    exitClass: "usage",
    hint: "kdeploy registry setup starts it, and kdeploy registry remove removes it",
  });
}

/** @throws WorkError `docker-missing` */
export async function checkLocalDocker(work: Work): Promise<void> {
  const options = { reads: true, tolerate: true, level: "debug" } as const;
  const { exitCode, stderr } = await runCommand(work, LOCALHOST, isDockerInstalled(), options);
  if (exitCode === 0) return;
  throw new WorkError("docker-missing", "Docker is not installed on this machine.", {
    host: LOCALHOST,
    hint: "install it, or leave this machine out with --skip-local",
    details: stderr.trim() === "" ? [] : stderr.trim().split("\n"),
  });
}
