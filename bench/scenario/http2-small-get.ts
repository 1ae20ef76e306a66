/** The small GET over HTTP/2: 8 browsers with 32 requests each under way, 1 KB answers. */
import { askByHttp2 } from "./http2-answer.ts";
import { cpuPerRequestColumn, h2loadColumns, measuredH2load } from "./measured-load.ts";
import type { Scenario } from "./scenario.ts";
import { clientHeaders, expectSmallAnswers, smallGetQuestions } from "./small-get.ts";

const busyConnections = 8;
const streams = 32;

export const http2SmallGet: Scenario = {
  title: `small GET, HTTP/2 over TLS 1.3: ${busyConnections} connections, ${streams} streams each, 1 KB answers (h2load)`,
  upstream: "files",
  upstreams: 1,
  onlyDeployable: false,
  tls: true,
  freshEachRound: false,
  measuresTime: true,
  main: cpuPerRequestColumn,
  columns: h2loadColumns,
  validate: async (port, trustedPem) => {
    expectSmallAnswers(await askByHttp2(port, smallGetQuestions, trustedPem), "https");
  },
  round: (stage) =>
    measuredH2load(stage, {
      path: "/small",
      protocol: "h2",
      connections: busyConnections,
      streams,
      headers: clientHeaders,
    }),
};
