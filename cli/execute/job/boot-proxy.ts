/** The network of all containers, and a proxy that runs on every host that needs one. Source: cli-docker-commands §4. */
import type { Config, ProxyRun } from "../../config/config.ts";
import { PROXY_CONTAINER } from "../../config/names.ts";
import type { StepOf } from "../../plan/step.ts";
import { differences, inspectProxy, isOutdated, parseProxyContainer } from "../../remote/proxy-drift.ts";
import { foreignHome, inHome } from "../../remote/proxy-mount.ts";
import { boot, createNetwork, makeAppsConfigDirectory, networkExists } from "../../remote/proxy-run.ts";
import { allEnded } from "../all-ended.ts";
import { inStep, say } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { logIn } from "../registry-login.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";

export async function bootProxy(work: Work, { networkHosts, hosts }: StepOf<"boot-proxy">): Promise<void> {
  await inStep(work, "Start the proxy", hosts, async () => {
    await onHosts(work, [...new Set([...networkHosts, ...hosts])], (host) =>
      hosts.includes(host) ? bootOn(work, host) : ensureNetwork(work, host),
    );
  });
}

export async function ensureNetwork(work: Work, host: string): Promise<void> {
  const result = await runCommand(work, host, createNetwork(), { tolerate: true });
  if (result.exitCode === 0 || networkExists(result.stderr)) return;
  throw new WorkError("command-failed", `${host}: the network could not be made.`, {
    host,
    details: result.stderr.trim().split("\n"),
  });
}

/** How the proxy of a host is run: by the first role or accessory there that says so. */
export function proxyRunOn(config: Config, host: string): ProxyRun | undefined {
  const roles = config.roles.filter((role) => role.hosts.some(({ name }) => name === host));
  const accessories = config.accessories.filter((accessory) => accessory.hosts.includes(host));
  return [...roles, ...accessories].map(({ proxy }) => proxy?.run).find((run) => run !== undefined);
}

async function bootOn(work: Work, host: string): Promise<void> {
  const run = proxyRunOn(work.config, host);
  // None of these needs another, and each is a round trip.
  const [isThere] = await allEnded([
    lookAtProxy(work, host, run),
    ensureNetwork(work, host),
    logIn(work, host),
    runCommand(work, host, makeAppsConfigDirectory()),
  ]);
  await runCommand(work, host, isThere ? boot(run) : inHome(await formerHome(work, host), boot(run)));
}

/** A reboot that was killed half-way has left no proxy: what comes in its place sees the files of all apps as it did. */
async function formerHome(work: Work, host: string): Promise<string> {
  const options = { reads: true, tolerate: true, level: "debug" } as const;
  return (await runCommand(work, host, foreignHome(PROXY_CONTAINER), options)).stdout.trim();
}

/**
 * A proxy that is there is not touched: requests of other apps may go through it.
 * @returns whether there is one @throws WorkError `proxy-outdated`
 */
async function lookAtProxy(work: Work, host: string, run: ProxyRun | undefined): Promise<boolean> {
  const seen = await runCommand(work, host, inspectProxy(), { reads: true, tolerate: true, level: "debug" });
  const container = parseProxyContainer(seen.stdout);
  if (container === undefined) return false;
  if (isOutdated(container)) {
    throw new WorkError("proxy-outdated", `${host}: the proxy ${container.image} is too old.`, {
      host,
      hint: "kdeploy proxy reboot --rolling starts the one that is wanted",
    });
  }
  const found = differences(run, container);
  if (found.length === 0) return true;
  const what = `The proxy that runs is not as proxy.run says, which wants: ${found.join("; ")}.`;
  say(work, "notice", `${what} kdeploy proxy reboot --rolling applies it.`, host);
  return true;
}
