/**
 * From Kamal 1 to this proxy: Traefik gives way, and the app is made anew behind the new one, in the network that it shares with it.
 *
 * Traefik is only stopped at first. When the app does not come up, it serves again, with the containers that it served before.
 */
import { bootSteps, placesOn } from "../../plan/boot-steps.ts";
import { isTraefikRunning, removeTraefik, startTraefik, stopContainer } from "../../remote/proxy-run.ts";
import { narrowed } from "../../selection/narrowed.ts";
import { audit } from "../audit-line.ts";
import { executePlan } from "../executor.ts";
import { inStep, say } from "../in-step.ts";
import { ensureNetwork } from "../job/boot-proxy.ts";
import { runHook } from "../job/run-hook.ts";
import { onHosts, settleOnHosts } from "../on-hosts.ts";
import { throwIfCancelled } from "../pause.ts";
import { runCommand } from "../run-command.ts";
import { type Work, workWith } from "../work.ts";
import { answer } from "./answers.ts";
import { ensureImage } from "./app-boot.ts";
import { commonVersion } from "./deployed-version.ts";
import { prepareProxy, replaceProxy } from "./proxy-reboot.ts";
import { underLock } from "./under-lock.ts";

export type Upgrade = {
  /** One host after another; the first that fails keeps the others as they are. */
  readonly rolling: boolean;
};

/** `afterwards` follows for the hosts of each group. `wanted`: the version of the app, else the one that is deployed. */
export function upgradeProxies(
  work: Work,
  { rolling }: Upgrade,
  wanted: string | undefined,
  afterwards: (group: Work) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  return underLock(work, async (locked) => {
    const { hosts, appHosts } = locked.selection;
    const version = appHosts.length === 0 ? locked.version : (wanted ?? (await commonVersion(locked)));
    const groups = rolling ? hosts.map((host) => [host]) : [hosts];
    for (const group of groups.filter(({ length }) => length > 0)) {
      throwIfCancelled(locked.signal);
      const limited = workWith(locked, { version, selection: narrowed(locked.selection, group) });
      await upgradeGroup(limited);
      await afterwards(limited);
    }
  });
}

async function upgradeGroup(work: Work): Promise<void> {
  const { config, selection, version } = work;
  const { hosts, appHosts, proxyHosts } = selection;
  await inStep(work, "Prepare the new proxy", hosts, async () => {
    await onHosts(work, hosts, (host) => ensureNetwork(work, host));
    await onHosts(work, proxyHosts, (host) => prepareProxy(work, host));
    await onHosts(work, appHosts, (host) => ensureImage(work, host, version));
  });
  throwIfCancelled(work.signal);
  await runHook(work, "pre-proxy-reboot", { hosts });
  const running = await onHosts(work, hosts, async (host) => (await answer(work, host, isTraefikRunning())) !== "");
  try {
    await inStep(work, "Replace the proxy", hosts, () => onHosts(work, hosts, (host) => replaceOn(work, host)));
    await executePlan(work, { name: "upgrade", version, steps: bootSteps(config, selection, version) });
  } catch (error) {
    await restore(
      work,
      hosts.filter((host) => running.get(host) === true),
    );
    throw error;
  }
  await inStep(work, "Remove Traefik", hosts, () =>
    onHosts(work, hosts, (host) => runCommand(work, host, removeTraefik()[1])),
  );
  const places = placesOn(selection, appHosts);
  await executePlan(work, { name: "upgrade", version, steps: [{ kind: "prune", hosts, places }] });
  await runHook(work, "post-proxy-reboot", { hosts });
}

async function replaceOn(work: Work, host: string): Promise<void> {
  await audit(work, host, "Rebooted proxy");
  await runCommand(work, host, removeTraefik()[0], { tolerate: true, signal: null });
  if (work.selection.proxyHosts.includes(host)) await replaceProxy(work, host);
}

/** Never throws. */
async function restore(work: Work, hosts: readonly string[]): Promise<void> {
  if (hosts.length === 0) return;
  await inStep(work, "Let Traefik serve again", hosts, () =>
    settleOnHosts(work, hosts, async (host) => {
      const options = { tolerate: true, signal: null } as const;
      await runCommand(work, host, stopContainer(), options);
      const { exitCode } = await runCommand(work, host, startTraefik(), options);
      say(
        work,
        exitCode === 0 ? "notice" : "warning",
        `Traefik ${exitCode === 0 ? "serves again" : "does not run"}.`,
        host,
      );
    }),
  );
}
