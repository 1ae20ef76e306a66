/** The contenders of one scenario, the processes they currently have, and the rounds they have run. */
import { existsSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ContenderName, contenders } from "./contender/catalogue.ts";
import type { Certificate } from "./contender/certificate.ts";
import type { RunningContender } from "./contender/contender.ts";
import type { BenchOptions } from "./options.ts";
import { countLines } from "./process/count-lines.ts";
import type { Cores } from "./process/machine.ts";
import { watchOtherWork } from "./process/other-work.ts";
import { processTree, residentBytes } from "./process/process-figures.ts";
import type { Figures, Scenario } from "./scenario/scenario.ts";
import type { RunningUpstream } from "./upstream/upstream.ts";

/** The parts of a run that do not change from scenario to scenario. */
export interface Run {
  names: ContenderName[];
  options: BenchOptions;
  cores: Cores;
  /** Emptied by the caller at the end. */
  directory: string;
  /** Undefined when none of the scenarios needs one. */
  certificate: Certificate | undefined;
  progress: (line: string) => void;
}

export interface Round {
  figures: Figures;
  /** What other programs used meanwhile, in cores. */
  otherWork: number;
  /** Lines in the access log per answered request; undefined where nothing is logged. */
  loggedShare: number | undefined;
}

export interface Entrant {
  name: ContenderName;
  rounds: Round[];
  running: RunningContender | undefined;
  logFile: string;
  idleBytes: number;
}

const settleMs = 1_000;
const warmUpSeconds = 3;
/** Longer than the slowest log buffer in the field takes to reach its file. */
const logFlushMs = 500;

export class Scene {
  readonly absent: string[] = [];
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
  async examine(): Promise<Entrant[]> {
    for (const name of this.#run.names) {
      const contender = contenders[name];
      if (this.#scenario.onlyDeployable && !contender.canDeploy) continue;
      if (this.#scenario.tls && !contender.speaksTls) {
        this.absent.push(`${name} takes no part: it has no HTTPS here`);
        continue;
      }
      if (contender.version() === undefined) {
        this.absent.push(`${name} is not installed`);
        continue;
      }
      const logFile = join(this.#directory, `${name}.log`);
      const entrant: Entrant = { name, rounds: [], running: undefined, logFile, idleBytes: 0 };
      try {
        await this.#scenario.validate(this.#portOf(await this.#started(entrant)), this.#certificate?.pem);
        if (!this.#scenario.freshEachRound) await this.#warmUp(entrant);
        this.#entrants.push(entrant);
      } catch (error) {
        this.absent.push(`${name} left out: ${wordsOf(error)}`);
        this.#run.progress(`${name} left out: ${wordsOf(error)}`);
        await stop(entrant);
      }
      if (this.#scenario.freshEachRound) await stop(entrant);
    }
    return this.#entrants;
  }

  async runRound(entrant: Entrant): Promise<void> {
    try {
      await this.#started(entrant);
      const loggedBefore = countLines(entrant.logFile);
      const otherWork = watchOtherWork();
      const figures = await this.#measure(entrant, this.#run.options.secondsPerRound);
      const round = { figures, otherWork: otherWork() };
      entrant.rounds.push({ ...round, loggedShare: await loggedShare(entrant, figures, loggedBefore) });
    } catch (error) {
      this.absent.push(`${entrant.name} stopped in round ${entrant.rounds.length + 1}: ${wordsOf(error)}`);
      await stop(entrant);
    }
    if (this.#scenario.freshEachRound) await stop(entrant);
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#entrants.map(stop));
  }

  get #certificate(): Certificate | undefined {
    return this.#scenario.tls ? this.#run.certificate : undefined;
  }

  #portOf({ port, httpsPort }: RunningContender): number {
    if (!this.#scenario.tls) return port;
    if (httpsPort === undefined) throw new Error("has no HTTPS port");
    return httpsPort;
  }

  async #started(entrant: Entrant): Promise<RunningContender> {
    const [upstream] = this.#upstreams;
    if (!upstream) throw new Error("the upstream has to be started first");
    if (entrant.running) return entrant.running;
    // What an earlier process wrote would be taken for this one's.
    rmSync(entrant.logFile, { force: true });
    const running = await contenders[entrant.name].start({
      upstreamPort: upstream.port,
      directory: mkdtempSync(join(this.#directory, "c-")),
      logFile: entrant.logFile,
      core: this.#run.cores.proxy,
      controlCore: this.#run.cores.load,
      certificate: this.#certificate,
    });
    entrant.running = running;
    await sleep(settleMs);
    entrant.idleBytes = residentBytes(processTree(running.program.pid));
    return running;
  }

  /** Just-in-time compilers need a few seconds of the real work; nothing of it is counted. */
  async #warmUp(entrant: Entrant): Promise<void> {
    await this.#measure(entrant, Math.min(warmUpSeconds, this.#run.options.secondsPerRound));
    emptyLog(entrant);
  }

  async #measure(entrant: Entrant, seconds: number): Promise<Figures> {
    const contender = await this.#started(entrant);
    return this.#scenario.round({
      contender,
      port: this.#portOf(contender),
      pids: processTree(contender.program.pid),
      idleBytes: entrant.idleBytes,
      seconds,
      cores: this.#run.cores,
      upstreams: this.#upstreams,
    });
  }
}

/** A log that drops lines under load is cheaper than one that does not, so lines are counted against requests. */
async function loggedShare(entrant: Entrant, figures: Figures, loggedBefore: number): Promise<number | undefined> {
  if (!contenders[entrant.name].logs || figures.requests === undefined) return undefined;
  await sleep(logFlushMs);
  const logged = countLines(entrant.logFile) - loggedBefore;
  emptyLog(entrant);
  return logged / figures.requests;
}

/** Everybody appends, so cutting the file to nothing between rounds keeps it from filling the disk. */
function emptyLog(entrant: Entrant): void {
  if (existsSync(entrant.logFile)) truncateSync(entrant.logFile);
}

async function stop(entrant: Entrant): Promise<void> {
  await entrant.running?.program.stop();
  entrant.running = undefined;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
