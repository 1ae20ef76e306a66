/** All checks before a deploy: a work in, an event for each thing looked at out. Changes nothing, anywhere. */
import { KdeployError } from "../../errors.ts";
import { resolveName, survey } from "../../remote/doctor.ts";
import { parseSurvey, type Survey } from "../../remote/survey.ts";
import { inStep } from "../in-step.ts";
import { proxyRunOn } from "../job/boot-proxy.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import { onHosts } from "../on-hosts.ts";
import { throwIfCancelled } from "../pause.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { isCancelled } from "../work-error.ts";
import { checkArchitecture, checkDocker } from "./docker.ts";
import { type Finding, problem, skipped } from "./finding.ts";
import { DOCTOR_LIMITS } from "./limits.ts";
import { checkLock } from "./lock.ts";
import { checkClock, checkDisks, checkLogin } from "./machine.ts";
import { checkName, checkReach, isDoubtful, servedNames } from "./names.ts";
import { machineName, type Network, plainAddress } from "./network.ts";
import { checkProxy, checkPublished, portsOf, proxyRuns } from "./proxy.ts";
import { checkLogins, type RegistryLogin, registryLogins } from "./registry.ts";
import { checkSecrets } from "./secrets.ts";

export type Counts = { readonly problems: number; readonly warnings: number };

type Examined = { readonly survey: Survey | undefined; readonly findings: readonly Finding[] };

/** @throws KdeployError for what keeps it from looking at all: the pre-connect hook, or a cancellation */
export async function examine(work: Work, network: Network): Promise<Counts> {
  const { hosts } = work.selection;
  const counts = { problems: 0, warnings: 0 };
  const tell = (findings: readonly Finding[], host?: string): void => {
    for (const { check, hint, text, verdict } of findings) {
      if (verdict === "problem") counts.problems += 1;
      if (verdict === "warning") counts.warnings += 1;
      const safe = work.redactor.redact(text);
      work.report({ event: "checked", check, host, verdict, text: safe, hint });
    }
  };
  await runPreConnectHook(work);
  const { findings, logins } = await registryLogins(work);
  tell([...findings, ...(await checkSecrets(work))]);
  const examined = await inStep(work, "Examine the servers", hosts, () =>
    onHosts(work, hosts, (host) => examineHost(work, host, logins, network)),
  );
  throwIfCancelled(work.signal);
  for (const host of hosts) tell(examined.get(host)?.findings ?? [], host);
  tell(await checkNames(work, examined, network));
  return counts;
}

async function examineHost(
  work: Work,
  host: string,
  logins: readonly RegistryLogin[],
  network: Network,
): Promise<Examined> {
  const asked = await ask(work, host);
  if ("finding" in asked) return { survey: undefined, findings: [asked.finding] };
  const { config, selection, state } = work;
  const seen = asked.survey;
  const run = proxyRunOn(config, host);
  const needsProxy = selection.proxyHosts.includes(host);
  const accessories = config.accessories.filter((accessory) => accessory.hosts.includes(host));
  const isLockHost = host === selection.lockHost;
  const hasDocker = "version" in seen.docker;
  const [registry, reach] = await Promise.all([
    hasDocker ? checkLogins(work, host, logins) : [],
    needsProxy ? checkPorts(work, host, seen, network) : [],
  ]);
  const findings = [
    checkLogin(seen),
    ...checkDocker(seen),
    ...(selection.appHosts.includes(host) ? checkArchitecture(seen, config.builder.arches) : []),
    ...checkDisks(seen),
    ...checkClock(seen, asked),
    ...(needsProxy && hasDocker ? checkProxy(seen, run) : []),
    ...(hasDocker ? checkPublished(seen, accessories) : []),
    ...checkLock(seen, config, { isLockHost, ttlSeconds: state.limits.lockTtlSeconds }),
    ...registry,
    ...reach,
  ];
  return { survey: seen, findings };
}

type Asked = { readonly survey: Survey; readonly fromMs: number; readonly toMs: number };

async function ask(work: Work, host: string): Promise<Asked | { readonly finding: Finding }> {
  const { surveyTimeoutMs: timeoutMs } = DOCTOR_LIMITS;
  const fromMs = Date.now();
  try {
    const options = { reads: true, tolerate: true, level: "debug", timeoutMs } as const;
    const { stdout } = await runCommand(work, host, survey(work.config), options);
    const seen = parseSurvey(stdout);
    if (seen !== undefined) return { survey: seen, fromMs, toMs: Date.now() };
    const hint = "does the user have a POSIX shell there, and does ssh HOST true print nothing?";
    return { finding: problem("login", "The host's answers broke off.", hint) };
  } catch (error) {
    if (!(error instanceof KdeployError) || isCancelled(error)) throw error;
    return { finding: problem("login", error.message, error.hint) };
  }
}

/** For names with certificates: they are fetched through these ports. */
async function checkPorts(work: Work, host: string, seen: Survey, network: Network): Promise<Finding[]> {
  const { ssh } = work.config;
  const hasSsl = servedNames(work.config).some((served) => served.ssl && served.hosts.includes(host));
  if (!hasSsl) return [];
  if (ssh.jumpHosts.length > 0 || ssh.proxyCommand !== undefined) {
    return [skipped("reach", "The host is reached by way of another, so its ports were not tried from here.")];
  }
  const [address] = (await network.addressesOf(machineName(host))) ?? [];
  if (address === undefined) {
    return [skipped("reach", "Only ssh knows where the host is, so its ports were not tried from here.")];
  }
  const ports = portsOf(seen, proxyRunOn(work.config, host));
  return Promise.all(
    ports.map(async (port) => checkReach(address, port, await network.reach(address, port), proxyRuns(seen))),
  );
}

async function checkNames(work: Work, examined: ReadonlyMap<string, Examined>, network: Network): Promise<Finding[]> {
  const all = servedNames(work.config).filter(({ hosts }) => hosts.some((host) => examined.has(host)));
  return Promise.all(
    all.map(async (served) => {
      const hosts = new Map<string, readonly string[]>();
      for (const host of served.hosts) {
        const here = (await network.addressesOf(machineName(host))) ?? [];
        const own = examined.get(host)?.survey?.addresses ?? [];
        hosts.set(host, [...new Set([...here, ...own].map(plainAddress))]);
      }
      const found = served.name.includes("*") ? undefined : await network.addressesOf(served.name);
      const finding = checkName(served, { found, hosts });
      const asked = served.hosts.find((host) => examined.get(host)?.survey !== undefined);
      if (!isDoubtful(finding) || asked === undefined) return finding;
      return checkName(served, { found, hosts, onServer: await resolvedOn(work, asked, served.name) });
    }),
  );
}

/** Undefined where the host cannot say. */
async function resolvedOn(work: Work, host: string, name: string) {
  const { resolveTimeoutMs: timeoutMs } = DOCTOR_LIMITS;
  try {
    const options = { reads: true, tolerate: true, level: "debug", timeoutMs } as const;
    const { stderr, stdout } = await runCommand(work, host, resolveName(name), options);
    if (stderr.trim() !== "") return undefined;
    return { host, addresses: stdout.split("\n").filter((line) => line !== "") };
  } catch (error) {
    if (!(error instanceof KdeployError) || isCancelled(error)) throw error;
    return undefined;
  }
}
