/** What the benchmark needs of a proxy under test: start it in front of an upstream, know its process, stop it. */
import type { Program } from "../process/program.ts";
import type { Certificate } from "./certificate.ts";

export interface ContenderSetting {
  upstreamPort: number;
  /** Empty and its own; removed after the run. */
  directory: string;
  /** Where the access log goes, one line per request. */
  logFile: string;
  core: number | undefined;
  /** Where its own command line runs, off the proxy's core. */
  controlCore: number | undefined;
  /** With one, an HTTPS listener is wanted besides: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1, tickets as by default. */
  certificate: Certificate | undefined;
}

export interface RunningContender {
  port: number;
  /** Where it serves HTTPS, when it was given a certificate. */
  httpsPort?: number;
  program: Program;
  /** Switches all traffic to another upstream without dropping a request; returns when the old one is drained. */
  switchTo?: (upstreamPort: number) => Promise<void>;
}

export interface Contender {
  /** False for the variants that show what the log costs. */
  logs: boolean;
  canDeploy: boolean;
  speaksTls: boolean;
  /** What is installed, for the report, or undefined when it is not. */
  version: () => string | undefined;
  start: (setting: ContenderSetting) => Promise<RunningContender>;
}
