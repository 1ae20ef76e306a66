/** 1 MB bodies from 16 clients to an upstream that reads them whole before it answers. */
import { largeBody } from "../upstream/upstream.ts";
import { cpuPerGigabyteColumn, transferConnections, withCpuPerGigabyte } from "./download.ts";
import { ask, expectBody, sha256 } from "./expected-answer.ts";
import { loadColumns, measuredWrk } from "./measured-load.ts";
import type { Scenario } from "./scenario.ts";
import { clientHeaders } from "./small-get.ts";

export const upload: Scenario = {
  title: `upload: ${transferConnections} keep-alive connections, 1 MB request bodies`,
  upstream: "node",
  upstreams: 1,
  onlyDeployable: false,
  tls: false,
  freshEachRound: false,
  measuresTime: true,
  main: cpuPerGigabyteColumn,
  columns: loadColumns,
  validate: async (port) => {
    const question = { path: "/upload", method: "POST", headers: { "x-hash-body": "1" }, body: largeBody };
    const [first, second] = await ask(port, [question, question]);
    const expected = `${largeBody.length} ${sha256(largeBody)}\n`;
    expectBody(first, expected, "POST /upload");
    expectBody(second, expected, "second POST /upload");
  },
  round: async (stage) =>
    withCpuPerGigabyte(
      await measuredWrk(stage, {
        path: "/upload",
        connections: transferConnections,
        headers: clientHeaders,
        script: "upload.lua",
      }),
    ),
};
