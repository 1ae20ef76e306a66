/** 1 MB bodies from the upstream to 16 clients. */
import { largeBody, megabyte } from "../upstream/upstream.ts";
import { ask, expectBody } from "./expected-answer.ts";
import { type LoadFigures, loadColumns, measuredWrk } from "./measured-load.ts";
import type { Column, Figures, Scenario } from "./scenario.ts";
import { clientHeaders } from "./small-get.ts";

export const transferConnections = 16;

export const cpuPerGigabyteColumn: Column = {
  key: "cpuPerGigabyte",
  heading: "CPU ms/GB",
  format: (value) => (value / 1_000).toFixed(0),
};

export const download: Scenario = {
  title: `download: ${transferConnections} keep-alive connections, 1 MB answers`,
  upstream: "files",
  upstreams: 1,
  onlyDeployable: false,
  tls: false,
  freshEachRound: false,
  measuresTime: true,
  main: cpuPerGigabyteColumn,
  columns: loadColumns,
  validate: async (port) => {
    const [first, second] = await ask(port, [{ path: "/large" }, { path: "/large" }]);
    expectBody(first, largeBody, "GET /large");
    expectBody(second, largeBody, "second GET /large");
  },
  round: async (stage) =>
    withCpuPerGigabyte(
      await measuredWrk(stage, { path: "/large", connections: transferConnections, headers: clientHeaders }),
    ),
};

/** Adds CPU µs per 10⁹ body bytes, every request having carried one megabyte. */
export function withCpuPerGigabyte(figures: LoadFigures): Figures {
  return { ...figures, cpuPerGigabyte: (figures.cpuPerRequest * 1e9) / megabyte };
}
