/** The small GET over TLS 1.3: 64 clients on keep-alive connections fetch 1 KB by HTTP/1.1. */
import { ask } from "./expected-answer.ts";
import { cpuPerRequestColumn, h2loadColumns, measuredH2load } from "./measured-load.ts";
import type { Scenario } from "./scenario.ts";
import { clientHeaders, expectSmallAnswers, smallGetQuestions } from "./small-get.ts";

const busyConnections = 64;

export const tlsSmallGet: Scenario = {
  title: `small GET, TLS 1.3: ${busyConnections} keep-alive connections, HTTP/1.1, 1 KB answers (h2load)`,
  upstream: "files",
  upstreams: 1,
  onlyDeployable: false,
  tls: true,
  freshEachRound: false,
  measuresTime: true,
  main: cpuPerRequestColumn,
  columns: h2loadColumns,
  validate: validateTlsSmallGet,
  round: (stage) =>
    measuredH2load(stage, {
      path: "/small",
      protocol: "http/1.1",
      connections: busyConnections,
      streams: 1,
      headers: clientHeaders,
    }),
};

export async function validateTlsSmallGet(port: number, trustedPem: string | undefined): Promise<void> {
  expectSmallAnswers(await ask(port, smallGetQuestions, trustedPem), "https");
}
