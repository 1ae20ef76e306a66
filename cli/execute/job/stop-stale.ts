/** Containers that an interrupted run left running beside the ones that serve are stopped. */
import { containerPrefix } from "../../config/names.ts";
import type { StepOf } from "../../plan/step.ts";
import { currentVersion, stopContainer } from "../../remote/app.ts";
import { list } from "../../remote/proxy.ts";
import { type ListedContainer, listContainers, parseContainers } from "../../remote/prune.ts";
import { allEnded } from "../all-ended.ts";
import { inStep, say } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { byHost, placed, type RoleOnHost } from "../place.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";

const RUNNING: ReadonlySet<string> = new Set(["running", "restarting"]);

export async function stopStale(work: Work, { places }: StepOf<"stop-stale">): Promise<void> {
  const hosts = byHost(places);
  await inStep(work, "Stop stale containers", [...hosts.keys()], () =>
    onHosts(work, [...hosts.keys()], async (host) => {
      await allEnded((hosts.get(host) ?? []).map((place) => stopStaleOf(work, placed(work, place))));
    }),
  );
}

async function stopStaleOf(work: Work, place: RoleOnHost): Promise<void> {
  const { host, role } = place;
  for (const { id, name } of await findStale(work, place)) {
    say(work, "notice", `Stops ${name}, which serves nothing.`, host);
    await runCommand(work, host, stopContainer(role, id), { tolerate: true });
  }
}

/** Running, but neither the current one of its role nor one that the proxy sends requests to. */
export async function findStale(work: Work, { host, role }: RoleOnHost): Promise<ListedContainer[]> {
  const read = async (line: string): Promise<string> =>
    (await runCommand(work, host, line, { reads: true, tolerate: true, level: "debug" })).stdout;
  const running = parseContainers(await read(listContainers(work.config, role))).filter(({ state }) =>
    RUNNING.has(state),
  );
  if (running.length < 2) return [];
  const current = (await read(currentVersion(work.config, role))).trim();
  // A run that ended between the switch and the tag leaves the new container serving and the old one tagged.
  const served = role.proxy === undefined ? "" : await read(list());
  const prefix = containerPrefix(work.config, role);
  return running.filter(({ id, name }) => name !== `${prefix}-${current}` && !served.includes(id));
}
