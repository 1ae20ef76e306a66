/** Registries: are there credentials, and do they let a host in? Tried with a login that leaves nothing behind. */
import type { Registry } from "../../config/config.ts";
import { KdeployError } from "../../errors.ts";
import { tryLogin } from "../../remote/doctor.ts";
import type { RemoteCommand } from "../../remote/remote-command.ts";
import { loginCommand } from "../registry-login.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { isCancelled } from "../work-error.ts";
import { type Finding, ok, problem, skipped } from "./finding.ts";
import { DOCTOR_LIMITS } from "./limits.ts";

export type RegistryLogin = {
  readonly server: string;
  readonly hosts: ReadonlySet<string>;
  readonly login: RemoteCommand | undefined;
};

/**
 * The registries of the selection, each once, with their logins; a finding for each whose credentials are not to be had.
 * Here passwords may be asked for, so it comes before everything that goes on side by side.
 */
export async function registryLogins(work: Work): Promise<{ logins: RegistryLogin[]; findings: Finding[] }> {
  const { config, selection } = work;
  const places: { readonly registry: Registry; readonly hosts: readonly string[] }[] = [
    { registry: config.registry, hosts: [...selection.appHosts, ...selection.proxyHosts] },
    ...config.accessories.map((accessory) => ({
      registry: accessory.registry ?? config.registry,
      hosts: selection.accessoryHosts(accessory),
    })),
  ];
  const logins: RegistryLogin[] = [];
  const findings: Finding[] = [];
  for (const [registry, all] of Map.groupBy(places, (place) => place.registry)) {
    const server = registry.server ?? "Docker Hub";
    const hosts = new Set(all.flatMap((place) => place.hosts));
    try {
      const login = await loginCommand(work, registry);
      if (login === undefined) findings.push(skipped("registry", `${server} asks for no login.`));
      else logins.push({ server, hosts, login: tryLogin(login) });
    } catch (error) {
      if (!(error instanceof KdeployError) || isCancelled(error)) throw error;
      findings.push(problem("registry", `No credentials for ${server}: ${error.message}`, error.hint));
    }
  }
  return { logins, findings };
}

export async function checkLogins(work: Work, host: string, logins: readonly RegistryLogin[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { hosts, login, server } of logins) {
    if (login !== undefined && hosts.has(host)) findings.push(await checkLogin(work, host, server, login));
  }
  return findings;
}

async function checkLogin(work: Work, host: string, server: string, login: RemoteCommand): Promise<Finding> {
  const hint = "are registry.server, username and password right, and may the host reach the registry?";
  const timeoutMs = DOCTOR_LIMITS.loginTimeoutMs;
  try {
    const result = await runCommand(work, host, login, { reads: true, tolerate: true, level: "debug", timeoutMs });
    if (result.exitCode === 0) return ok("registry", `${server} lets the host in.`);
    const said = result.stderr.trim().split("\n").at(-1) ?? "";
    return problem("registry", `${server} does not let the host in: ${said || `exit code ${result.exitCode}`}`, hint);
  } catch (error) {
    if (!(error instanceof KdeployError) || isCancelled(error)) throw error;
    return problem("registry", `${server} could not be asked: ${error.message}`, hint);
  }
}
