/** 64 clients that open a connection, fetch 1 KB, and close it, as a balancer without keep-alive in front would. */
import { connect } from "node:net";
import { smallBody } from "../upstream/upstream.ts";
import { cpuPerRequestColumn, loadColumns, measuredWrk } from "./measured-load.ts";
import type { Scenario } from "./scenario.ts";
import { clientHeaders, validateSmallGet } from "./small-get.ts";

const busyConnections = 64;
const closeTimeoutMs = 3_000;

export const newConnectionPerRequest: Scenario = {
  title: `new connection per request: ${busyConnections} at a time, 1 KB answers`,
  upstream: "files",
  upstreams: 1,
  onlyDeployable: false,
  tls: false,
  freshEachRound: false,
  measuresTime: true,
  main: cpuPerRequestColumn,
  columns: loadColumns,
  validate: async (port) => {
    await validateSmallGet(port);
    await expectClosed(port);
  },
  round: (stage) =>
    measuredWrk(stage, {
      path: "/small",
      connections: busyConnections,
      headers: [...clientHeaders, "Connection: close"],
    }),
};

/** A proxy that answered and kept the connection open would be spared the work this scenario is about. */
async function expectClosed(port: number): Promise<void> {
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let received = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      received += chunk;
    });
    socket.once("end", () => resolve(received));
    socket.once("error", reject);
    socket.setTimeout(closeTimeoutMs, () => socket.destroy(new Error("does not close after Connection: close")));
    socket.write("GET /small HTTP/1.1\r\nHost: app.example.com\r\nConnection: close\r\n\r\n");
  });
  if (!text.startsWith("HTTP/1.1 200 ") || !text.endsWith(smallBody("app"))) {
    throw new Error(`wrong answer before close: ${text.slice(0, 60)}`);
  }
}
