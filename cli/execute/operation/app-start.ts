/** Containers of the app that were stopped run again, and the proxy knows them again. Source: cli-commands §5. */
import { containerName, containerPrefix } from "../../config/names.ts";
import { containerIdOfVersion, start } from "../../remote/app.ts";
import { runningId } from "../../remote/app-lookup.ts";
import { deployFlags } from "../../remote/proxy-flags.ts";
import { audit } from "../audit-line.ts";
import type { RoleOnHost } from "../place.ts";
import { ProxySwitch } from "../proxy-switch.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";
import { answer } from "./answers.ts";
import { deployedVersion } from "./deployed-version.ts";
import { onRoles, selectedPlaces } from "./on-roles.ts";
import { underLock } from "./under-lock.ts";

/** Without a version: on every host the one that was deployed last. @throws WorkError `nothing-deployed` */
export function startApp(work: Work, wanted: string | undefined): Promise<void> {
  return underLock(work, (locked) =>
    onRoles(locked, "Start the app", selectedPlaces(locked), (place) => startRole(locked, place, wanted)),
  );
}

async function startRole(work: Work, place: RoleOnHost, wanted: string | undefined): Promise<void> {
  const { host, role } = place;
  const { config } = work;
  const version = wanted ?? (await deployedVersion(work, host, role));
  const found = version === undefined ? "" : await answer(work, host, containerIdOfVersion(config, role, version));
  if (version === undefined || found === "") {
    const which = version === undefined ? "no container" : `no container of version ${version}`;
    throw new WorkError("nothing-deployed", `${host}: ${role.name} has ${which} to start.`, {
      host,
      hint: "kdeploy app containers lists those that are there; kdeploy app boot makes a new one",
    });
  }
  await audit(work, host, `Started app version ${version}`, role.name);
  await runCommand(work, host, start(config, role, version));
  await routeTo(work, place, version);
}

/** Ends when the proxy finds it healthy. */
async function routeTo(work: Work, { host, role }: RoleOnHost, version: string): Promise<void> {
  const { config } = work;
  const { proxy } = role;
  if (proxy === undefined) return;
  const id = await answer(work, host, runningId(containerName(config, role, version)));
  if (id === "" && !work.dryRun) {
    throw new WorkError("boot-failed", `${host}: ${role.name} ended as soon as it was started.`, {
      host,
      hint: `kdeploy app logs -h ${host} -r ${role.name} shows what it said`,
    });
  }
  const containerId = id === "" ? "CONTAINER_ID" : id;
  const peers = role.hosts.map(({ name }) => name).filter((name) => name !== host);
  const route = new ProxySwitch(work, host, {
    service: containerPrefix(config, role),
    twoPhase: false,
    flags: (target) => deployFlags(config, proxy, { containerId: target, owner: { role: role.name }, version, peers }),
  });
  await route.prepare(containerId, work.signal);
  await route.commit();
}
