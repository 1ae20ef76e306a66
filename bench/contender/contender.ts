/** What the benchmark needs of a proxy under test: start it in front of an upstream, know its process, stop it. */
import type { Program } from "../process/program.ts";

export interface ContenderSetting {
  upstreamPort: number;
  /** Empty and its own; removed after the run. */
  directory: string;
  /** Where the access log goes, one line per request. */
  logFile: string;
  core: number | undefined;
  /** Where its own command line runs, off the proxy's core. */
  controlCore: number | undefined;
}

export interface RunningContender {
  port: number;
  program: Program;
  /** Switches all traffic to another upstream without dropping a request; returns when the old one is drained. */
  switchTo?: (upstreamPort: number) => Promise<void>;
}

export interface Contender {
  /** False for the variants that show what the log costs. */
  logs: boolean;
  canDeploy: boolean;
  /** What is installed, for the report, or undefined when it is not. */
  version: () => string | undefined;
  start: (setting: ContenderSetting) => Promise<RunningContender>;
}
