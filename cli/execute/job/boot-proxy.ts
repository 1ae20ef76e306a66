/** The network of all containers, and a proxy that runs on every host that needs one. Source: cli-docker-commands §4. */
import type { Config, ProxyRun } from "../../config/config.ts";
import type { StepOf } from "../../plan/step.ts";
import { differences, inspectProxy, isOutdated, parseProxyContainer } from "../../remote/proxy-drift.ts";
import { boot, createNetwork, makeAppsConfigDirectory, networkExists } from "../../remote/proxy-run.ts";
import { inStep, say } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { logIn } from "../registry-login.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";

export async function bootProxy(work: Work, { networkHosts, hosts }: StepOf<"boot-proxy">): Promise<void> {
  await inStep(work, "Start the proxy", hosts, async () => {
    await onHosts(work, networkHosts, (host) => ensureNetwork(work, host));
    await onHosts(work, hosts, (host) => bootOn(work, host));
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
  await logIn(work, host);
  const run = proxyRunOn(work.config, host);
  await lookAtProxy(work, host, run);
  await runCommand(work, host, makeAppsConfigDirectory());
  await runCommand(work, host, boot(run));
}

/** A proxy that is there is not touched: requests of other apps may go through it. @throws WorkError `proxy-outdated` */
async function lookAtProxy(work: Work, host: string, run: ProxyRun | undefined): Promise<void> {
  const seen = await runCommand(work, host, inspectProxy(), { reads: true, tolerate: true, level: "debug" });
  const container = parseProxyContainer(seen.stdout);
  if (container === undefined) return;
  if (isOutdated(container)) {
    throw new WorkError("proxy-outdated", `${host}: the proxy ${container.image} is too old.`, {
      host,
      hint: "kdeploy proxy reboot --rolling starts the one that is wanted",
    });
  }
  const found = differences(run, container);
  if (found.length === 0) return;
  const what = `The proxy that runs is not as proxy.run says, which wants: ${found.join("; ")}.`;
  say(work, "notice", `${what} kdeploy proxy reboot --rolling applies it.`, host);
}
