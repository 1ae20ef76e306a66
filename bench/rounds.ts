/** Runs one scenario: starts the field, lets every contender prove that it does the task, then interleaves the rounds. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { contenders } from "./contender/catalogue.ts";
import type { RunningContender } from "./contender/contender.ts";
import type { BenchOptions } from "./options.ts";
import { countLines } from "./process/count-lines.ts";
import type { Cores } from "./process/machine.ts";
import { watchOtherWork } from "./process/other-work.ts";
import { processTree, residentBytes } from "./process/process-figures.ts";
import type { Figures, Scenario } from "./scenario/scenario.ts";
import { type RunningUpstream, startUpstream } from "./upstream/upstream.ts";

export interface ContenderResult {
  name: string;
  rounds: Figures[];
}

export interface ScenarioResult {
  name: string;
  scenario: Scenario;
  contenders: ContenderResult[];
  /** Why some of the field are not in the table, in words. */
  absent: string[];
}

interface Entrant extends ContenderResult {
  running: RunningContender | undefined;
  logFile: string;
  idleBytes: number;
}

/** The parts of a run that do not change from scenario to scenario. */
export interface Run {
  names: string[];
  options: BenchOptions;
  cores: Cores;
  /** Emptied by the caller at the end. */
  directory: string;
  progress: (line: string) => void;
}

const settleMs = 1_000;
const warmUpSeconds = 3;
/** Longer than the slowest log buffer in the field takes to reach its file. */
const logFlushMs = 500;

export async function runScenario(name: string, scenario: Scenario, run: Run): Promise<ScenarioResult> {
  const directory = mkdtempSync(join(run.directory, `${name}-`));
  const result: ScenarioResult = { name, scenario, contenders: [], absent: [] };
  const upstreams: RunningUpstream[] = [];
  const scene = new Scene(scenario, run, directory, upstreams);
  try {
    for (const title of scenario.upstreams === 2 ? ["app", "next"] : ["app"]) {
      upstreams.push(await startUpstream(scenario.upstream, join(directory, title), run.cores.load, title));
    }
    const entrants = await scene.examine(result.absent);
    for (let round = 1; round <= run.options.rounds; round += 1) {
      for (const entrant of entrants.filter((candidate) => candidate.rounds.length === round - 1)) {
        await scene.runRound(entrant, result.absent);
        run.progress(`${name} round ${round}/${run.options.rounds} ${progressText(scenario, entrant)}`);
      }
    }
    result.contenders = entrants
      .filter(({ rounds }) => rounds.length > 0)
      .map(({ name, rounds }) => ({ name, rounds }));
    return result;
  } finally {
    await scene.stopAll();
    await Promise.all(upstreams.map(({ program }) => program.stop()));
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The contenders of one scenario and the processes they currently have. */
class Scene {
  readonly #scenario: Scenario;
  readonly #run: Run;
  readonly #directory: string;
  readonly #upstreams: RunningUpstream[];
  readonly #entrants: Entrant[] = [];

  constructor(scenario: Scenario, run: Run, directory: string, upstreams: RunningUpstream[]) {
    this.#scenario = scenario;
    this.#run = run;
    this.#directory = directory;
    this.#upstreams = upstreams;
  }

  /** Starts everyone, reads their idle memory, checks their answers; who fails is named in `absent` and left out. */
  async examine(absent: string[]): Promise<Entrant[]> {
    const { names, progress } = this.#run;
    for (const name of names) {
      const contender = contenders[name];
      if (this.#scenario.onlyDeployable && !contender.canDeploy) continue;
      if (contender.version() === undefined) {
        absent.push(`${name} is not installed`);
        continue;
      }
      const logFile = join(this.#directory, `${name}.log`);
      const entrant: Entrant = { name, rounds: [], running: undefined, logFile, idleBytes: 0 };
      try {
        await this.#start(entrant);
        await this.#scenario.validate(runningOf(entrant).port);
        if (!this.#scenario.freshEachRound) await this.#warmUp(entrant);
        this.#entrants.push(entrant);
      } catch (error) {
        absent.push(`${name} left out: ${wordsOf(error)}`);
        progress(`${name} left out: ${wordsOf(error)}`);
        await stop(entrant);
      }
      if (this.#scenario.freshEachRound) await stop(entrant);
    }
    return this.#entrants;
  }

  async runRound(entrant: Entrant, absent: string[]): Promise<void> {
    try {
      if (!entrant.running) await this.#start(entrant);
      const loggedBefore = countLines(entrant.logFile);
      const otherWork = watchOtherWork();
      const figures = await this.#measure(entrant, this.#run.options.secondsPerRound);
      figures.otherWork = otherWork();
      await this.#checkLog(entrant, figures, loggedBefore);
      entrant.rounds.push(figures);
    } catch (error) {
      absent.push(`${entrant.name} stopped in round ${entrant.rounds.length + 1}: ${wordsOf(error)}`);
      await stop(entrant);
    }
    if (this.#scenario.freshEachRound) await stop(entrant);
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#entrants.map(stop));
  }

  async #start(entrant: Entrant): Promise<void> {
    const directory = mkdtempSync(join(this.#directory, `${entrant.name}-`));
    mkdirSync(directory, { recursive: true });
    entrant.running = await contenders[entrant.name].start({
      upstreamPort: this.#upstreams[0].port,
      directory,
      logFile: entrant.logFile,
      core: this.#run.cores.proxy,
      controlCore: this.#run.cores.load,
    });
    await sleep(settleMs);
    entrant.idleBytes = residentBytes(processTree(entrant.running.program.pid));
  }

  /** Just-in-time compilers need a few seconds of the real work; nothing of it is counted. */
  async #warmUp(entrant: Entrant): Promise<void> {
    await this.#measure(entrant, Math.min(warmUpSeconds, this.#run.options.secondsPerRound));
    emptyLog(entrant);
  }

  async #measure(entrant: Entrant, seconds: number): Promise<Figures> {
    const contender = runningOf(entrant);
    return this.#scenario.round({
      contender,
      pids: processTree(contender.program.pid),
      idleBytes: entrant.idleBytes,
      seconds,
      cores: this.#run.cores,
      upstreams: this.#upstreams,
    });
  }

  /** A log that drops lines under load is cheaper than one that does not, so lines are counted against requests. */
  async #checkLog(entrant: Entrant, figures: Figures, loggedBefore: number): Promise<void> {
    if (!contenders[entrant.name].logs || figures.requests === undefined) return;
    await sleep(logFlushMs);
    figures.loggedShare = (countLines(entrant.logFile) - loggedBefore) / figures.requests;
    emptyLog(entrant);
  }
}

function runningOf(entrant: Entrant): RunningContender {
  if (!entrant.running) throw new Error(`${entrant.name} is not running`);
  return entrant.running;
}

async function stop(entrant: Entrant): Promise<void> {
  await entrant.running?.program.stop();
  entrant.running = undefined;
}

/** Everybody appends, so cutting the file to nothing between rounds keeps it from filling the disk. */
function emptyLog(entrant: Entrant): void {
  if (existsSync(entrant.logFile)) truncateSync(entrant.logFile);
}

function progressText(scenario: Scenario, { name, rounds }: Entrant): string {
  const [main] = scenario.columns;
  const last = rounds.at(-1);
  if (!last) return `${name}: failed`;
  const other = `other work ${(last.otherWork * 100).toFixed(0)} % of a core`;
  return `${name}: ${main.format(last[main.key])} ${main.heading}, ${other}`;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
