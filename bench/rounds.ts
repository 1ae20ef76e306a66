/** Runs one scenario: starts the field, lets every contender prove that it does the task, then interleaves the rounds. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ScenarioName } from "./scenario/catalogue.ts";
import type { Scenario } from "./scenario/scenario.ts";
import { type Entrant, type Round, type Run, Scene } from "./scene.ts";
import { type RunningUpstream, startUpstream } from "./upstream/upstream.ts";

export interface ContenderResult {
  name: string;
  rounds: Round[];
}

export interface ScenarioResult {
  name: ScenarioName;
  scenario: Scenario;
  contenders: ContenderResult[];
  /** Why some of the field are not in the table, in words. */
  absent: string[];
}

export async function runScenario(name: ScenarioName, scenario: Scenario, run: Run): Promise<ScenarioResult> {
  // Short names: a proxy's unix socket lies somewhere below, and the path of such a socket has room for 100 bytes.
  const directory = mkdtempSync(join(run.directory, "s-"));
  const upstreams: RunningUpstream[] = [];
  const scene = new Scene(scenario, run, directory, upstreams);
  try {
    for (const title of scenario.upstreams === 2 ? ["app", "next"] : ["app"]) {
      upstreams.push(await startUpstream(scenario.upstream, join(directory, title), run.cores.load, title));
    }
    const entrants = await scene.examine();
    for (let round = 1; round <= run.options.rounds; round += 1) {
      // Who failed in an earlier round stays out: a proxy that breaks is not a fast one.
      for (const entrant of entrants.filter(({ rounds }) => rounds.length === round - 1)) {
        await scene.runRound(entrant);
        run.progress(`${name} round ${round}/${run.options.rounds} ${progressText(scenario, entrant)}`);
      }
    }
    const contenders = entrants.filter(({ rounds }) => rounds.length > 0);
    return {
      name,
      scenario,
      contenders: contenders.map((entrant) => ({ name: entrant.name, rounds: entrant.rounds })),
      absent: scene.absent,
    };
  } finally {
    await scene.stopAll();
    await Promise.all(upstreams.map(({ program }) => program.stop()));
    rmSync(directory, { recursive: true, force: true });
  }
}

function progressText({ main }: Scenario, { name, rounds }: Entrant): string {
  const last = rounds.at(-1);
  if (!last) return `${name}: failed`;
  const figure = main.format(last.figures[main.key] ?? Number.NaN);
  return `${name}: ${figure} ${main.heading}, other work ${(last.otherWork * 100).toFixed(0)} % of a core`;
}
