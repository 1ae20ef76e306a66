/** 5,000 WebSockets that stay open: what each holds in memory after one echo, and what a round trip costs. */
import { setTimeout as sleep } from "node:timers/promises";
import { startLoad } from "../load/load-program.ts";
import type { Opened, Talked } from "../load/websocket-clients.ts";
import { cpuMicroseconds, residentBytes } from "../process/process-figures.ts";
import { kilobytes, megabytes } from "./measured-load.ts";
import type { Scenario } from "./scenario.ts";

const sockets = 5_000;
const talking = 64;
const openTimeoutMs = 120_000;
const settleMs = 2_000;
const validationTimeoutMs = 10_000;

export const webSocketEcho: Scenario = {
  title: `WebSocket: ${sockets.toLocaleString("en")} open, then ${talking} of them echo without pause`,
  upstream: "node",
  upstreams: 1,
  onlyDeployable: false,
  tls: false,
  freshEachRound: true,
  measuresTime: false,
  main: { key: "bytesPerSocket", heading: "KB each", format: kilobytes },
  columns: [
    { key: "openBytes", heading: "RSS open MB", format: megabytes },
    { key: "cpuPerRoundTrip", heading: "CPU µs/echo", format: (value) => value.toFixed(1) },
    { key: "perSecond", heading: "echo/s", format: (value) => value.toFixed(0) },
    { key: "p50Ms", heading: "p50 ms", format: (value) => value.toFixed(2) },
    { key: "p99Ms", heading: "p99 ms", format: (value) => value.toFixed(1) },
  ],
  validate,
  round: async ({ port, pids, idleBytes, cores, seconds }) => {
    const load = startLoad("websocket-clients.ts", [port, sockets], cores.load);
    try {
      const opened = await load.report<Opened>(openTimeoutMs);
      await sleep(settleMs);
      const openBytes = residentBytes(pids);
      const before = cpuMicroseconds(pids);
      load.send(JSON.stringify({ talkers: talking, seconds }));
      const talk = await load.report<Talked>(seconds * 1_000 + openTimeoutMs);
      return {
        bytesPerSocket: (openBytes - idleBytes) / sockets,
        openBytes,
        cpuPerRoundTrip: (cpuMicroseconds(pids) - before) / talk.roundTrips,
        perSecond: talk.roundTrips / talk.seconds,
        p50Ms: talk.p50Ms,
        p99Ms: talk.p99Ms,
        failures: opened.failures + talk.failures,
      };
    } finally {
      await load.stop();
    }
  },
};

/** Text, and binary that needs several frames' worth of buffers, each back byte for byte. */
async function validate(port: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`);
  socket.binaryType = "arraybuffer";
  try {
    await nextEvent(socket, "open");
    const binary = Buffer.alloc(70_000, "binary ");
    for (const message of ["grüße", binary]) {
      const answer = nextEvent(socket, "message");
      socket.send(message);
      const { data } = (await answer) as Event & { data: string | ArrayBuffer };
      const same = typeof data === "string" ? data === message : Buffer.from(data).equals(binary);
      if (!same) throw new Error("the WebSocket echo is not what was sent");
    }
  } finally {
    socket.close();
  }
}

async function nextEvent(socket: WebSocket, name: "open" | "message"): Promise<Event> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no WebSocket ${name}`)), validationTimeoutMs);
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      settle();
    };
    socket.addEventListener(name, (event) => finish(() => resolve(event)), { once: true });
    socket.addEventListener("error", () => finish(() => reject(new Error(`WebSocket refused before ${name}`))), {
      once: true,
    });
  });
}
