/** Visitors who stay: each asks over one HTTPS connection again and again, and reports what it did not like. */
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { Agent, request } from "node:https";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";

export type VisitedSite = { readonly host: string; readonly port: number; readonly ca: string };

export type VisitReport = { readonly asked: number; readonly failures: readonly string[] };

const PAUSE_MS = 100;
const ANSWER_TIMEOUT_MS = 20_000;
const MAX_FAILURES_KEPT = 20;

/** HTTP/1.1. A second connection is a failure: the first was not to end. */
export async function http1Visitor({ host, port, ca }: VisitedSite, signal: AbortSignal): Promise<VisitReport> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let first: Socket | undefined;
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      const asking = request({ host: "127.0.0.1", port, agent, ca, servername: host, headers: { host } });
      asking.setTimeout(ANSWER_TIMEOUT_MS, () => asking.destroy(new Error("no answer in time")));
      asking.on("error", reject);
      asking.on("socket", (socket) => {
        first ??= socket;
        if (socket !== first) reject(new Error("the connection had ended"));
      });
      asking.on("response", (response) => {
        response.on("error", reject);
        response.on("end", () => settle(response.statusCode, resolve, reject));
        response.resume();
      });
      asking.end();
    });
  try {
    return await repeat(signal, ask);
  } finally {
    agent.destroy();
  }
}

/** HTTP/2 on one session. */
export async function http2Visitor({ host, port, ca }: VisitedSite, signal: AbortSignal): Promise<VisitReport> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca, servername: host });
  session.on("error", () => undefined);
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      const stream = session.request({ ":path": "/", ":authority": host });
      let status: number | undefined;
      stream.setTimeout(ANSWER_TIMEOUT_MS, () => stream.destroy(new Error("no answer in time")));
      stream.on("response", (fields) => {
        status = fields[":status"];
      });
      stream.on("error", reject);
      stream.on("close", () => reject(new Error("the stream was closed")));
      stream.on("end", () => settle(status, resolve, reject));
      stream.resume();
      stream.end();
    });
  try {
    return await repeat(signal, ask);
  } finally {
    session.destroy();
  }
}

export type NewcomersReport = VisitReport & {
  /** Serial numbers of the certificates that were shown, in order. */
  readonly serials: readonly string[];
};

/** A new handshake each time, which checks the chain, the name and the dates. */
export async function newcomers(
  { host, port, ca }: VisitedSite,
  signal: AbortSignal,
  onSerial: (serials: readonly string[]) => void,
): Promise<NewcomersReport> {
  const serials: string[] = [];
  const report = await repeat(signal, async () => {
    const socket = connect({ host: "127.0.0.1", port, ca, servername: host });
    try {
      // Rejects with the socket's error.
      await once(socket, "secureConnect", { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
      const { serialNumber } = socket.getPeerCertificate();
      if (serials.includes(serialNumber)) return;
      serials.push(serialNumber);
      onSerial(serials);
    } finally {
      socket.on("error", () => undefined);
      socket.destroy();
    }
  });
  return { ...report, serials };
}

function settle(status: number | undefined, resolve: () => void, reject: (error: Error) => void): void {
  if (status === 200) resolve();
  else reject(new Error(`status ${status}`));
}

/** Until `signal` aborts; a rejection is a failure. */
async function repeat(signal: AbortSignal, ask: () => Promise<void>): Promise<VisitReport> {
  const failures: string[] = [];
  let asked = 0;
  while (!signal.aborted && failures.length < MAX_FAILURES_KEPT) {
    await ask().catch((error: unknown) => failures.push(error instanceof Error ? error.message : String(error)));
    asked++;
    await sleep(PAUSE_MS);
  }
  return { asked, failures };
}
