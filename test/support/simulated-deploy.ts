/** Deploys of version v2 to the simulated fleet, and what is to be true of the fleet afterwards, whatever went wrong. */
import { executePlan } from "../../cli/execute/executor.ts";
import type { Work } from "../../cli/execute/work.ts";
import { deployPlan } from "../../cli/plan/deploy.ts";
import type { SimulatedFleet } from "./simulated-fleet.ts";

export function deploy(fleet: SimulatedFleet, more: Partial<Work> = {}): Promise<void> {
  const work = fleet.work(more);
  const options = { version: work.version, skipPush: true, noCache: false };
  return executePlan(work, deployPlan(fleet.config, work.selection, options));
}

/** The error, or undefined when it went well. */
export async function failureOf(fleet: SimulatedFleet, more: Partial<Work> = {}) {
  return deploy(fleet, more).then(
    () => undefined,
    (error: Error & { code: string; exitCode: number; details: string[] }) => error,
  );
}

/** What a command does, without ids and options. */
export function gist(command: string): string {
  const known: [RegExp, string][] = [
    [/audit\.log$/, "audit"],
    [/^upload (\S+)/, "upload $1"],
    [/container start kamal-proxy/, "boot proxy"],
    [/docker run .*--name (\S+)/, "run $1"],
    [/kamal-proxy deploy (\S+) .*--prepare/, "prepare $1"],
    [/deploy --help/, "ask proxy"],
    [/kamal-proxy (commit|abort|revert|deploy \S+)/, "$1"],
    [/^docker (login|pull|rename|stop|tag|version|container rm)/, "$1"],
    [/\{ mkdir/, "take lock"],
    [/^touch -c/, "beat"],
    [/released-/, "release lock"],
    [/releases\.new/, "record release"],
    [/while read line; do echo/, "current version"],
    [/--type container .* (\S+)$/, "look at $1"],
    [/ls --all --filter 'name=/, "find container"],
  ];
  const found = known.find(([pattern]) => pattern.test(command));
  if (found === undefined) return "";
  const match = found[0].exec(command);
  return found[1].replace("$1", match?.[1] ?? "");
}

export const OLD = [
  "one app-web → app-web-v1",
  "one runs app-web-v1",
  "two app-web → app-web-v1",
  "two runs app-web-v1",
  "three app-web → app-web-v1",
  "three runs app-jobs-v1 app-web-v1",
];
export const NEW = OLD.map((line) => line.replaceAll("v1", "v2"));

/** New containers that are left over, whether they run or not. */
export function leftOver(fleet: SimulatedFleet): string[] {
  return [...fleet.servers].flatMap(([host, { containers }]) =>
    containers.filter(({ name }) => /-v2$|_replaced_/.test(name)).map(({ name }) => `${name} on ${host}`),
  );
}

/**
 * What is wrong: all hosts serve one version, with nothing beside it, and after a failure nothing new is left over unless all have
 * switched. `gone` is a host that cannot be reached any more.
 */
export function complaints(fleet: SimulatedFleet, failed: boolean, gone?: string): string[] {
  const reachable = (line: string) => gone === undefined || !line.startsWith(`${gone} `);
  const state = stateWithoutTold(fleet).filter(reachable);
  const is = (wanted: readonly string[]) => JSON.stringify(state) === JSON.stringify(wanted.filter(reachable));
  if (is(NEW)) return [];
  if (!is(OLD)) return ["neither all old nor all new:", ...state];
  if (!failed) return ["it went well, and all is old"];
  return leftOver(fleet).filter((one) => gone === undefined || !one.endsWith(` on ${gone}`));
}

/** A container that could not be stopped is told of, and does not count. */
export function stateWithoutTold(fleet: SimulatedFleet): string[] {
  const told = fleet.said().flatMap((line) => /(\S+) could not be stopped/.exec(line)?.[1] ?? []);
  return fleet.state().map((line) => told.reduce((rest, name) => rest.replace(` ${name}`, ""), line));
}
