/** What a scenario is: a task that every contender must first do correctly, and the figures that a round of it gives. */
import type { RunningContender } from "../contender/contender.ts";
import type { Cores } from "../process/machine.ts";
import type { RunningUpstream, UpstreamKind } from "../upstream/upstream.ts";

/** Named numbers; the keys are the scenario's column keys, plus `requests` and `failures` where it has them. */
export type Figures = Record<string, number>;

export interface Stage {
  contender: RunningContender;
  /** The one of its ports that the scenario is about. */
  port: number;
  /** Its process and its children, as found before the round. */
  pids: number[];
  /** Resident bytes before its first request. */
  idleBytes: number;
  seconds: number;
  cores: Cores;
  upstreams: RunningUpstream[];
}

export interface Column {
  key: string;
  heading: string;
  format: (value: number) => string;
}

export interface Scenario {
  title: string;
  upstream: UpstreamKind;
  /** Two, where traffic switches between them. */
  upstreams: 1 | 2;
  onlyDeployable: boolean;
  /** Asks over HTTPS; the certificate is for app.example.com. */
  tls: boolean;
  /** Memory does not shrink again, so such rounds each start a new process; the others keep a warm one. */
  freshEachRound: boolean;
  /** The main figure is a time, so rounds in which other programs used the machine are set aside. */
  measuresTime: boolean;
  /** The figure that counts: it gets its spread and the ratios. */
  main: Column;
  columns: Column[];
  /** Throws with a sentence when this proxy does not do the task correctly. */
  validate: (port: number, trustedPem: string | undefined) => Promise<void>;
  round: (stage: Stage) => Promise<Figures>;
}
