/**
 * Opens a TLS connection for every request, never resumed, until time is up, and counts the whole answers.
 * Arguments: port, connections at a time, seconds. h2load will not do: it resumes its sessions.
 */
import { connect, createSecureContext } from "node:tls";
import { siteName } from "../contender/certificate.ts";
import { numberArgument } from "../process/arguments.ts";
import { quantile } from "../report/statistics.ts";
import { smallBody } from "../upstream/upstream.ts";
import type { LoadResult } from "./wrk.ts";

const port = numberArgument(0);
const atATime = numberArgument(1);
const seconds = numberArgument(2);
const answerTimeoutMs = 5_000;
const body = smallBody("app");
const request = `GET /small HTTP/1.1\r\nHost: ${siteName}\r\nUser-Agent: bench\r\nConnection: close\r\n\r\n`;

/** The same suite and group for all: by default, Node 26 and a server on it agree on a post-quantum group as well. */
const secureContext = createSecureContext({
  minVersion: "TLSv1.3",
  ciphers: "TLS_AES_128_GCM_SHA256",
  ecdhCurve: "X25519",
});
const latenciesMs: number[] = [];
const failed = new Map<string, number>();

process.once("SIGTERM", () => process.exit(0));

const startedAt = performance.now();
await Promise.all(Array.from({ length: atATime }, askUntilTheEnd));
const result: LoadResult = {
  requests: latenciesMs.length,
  seconds: (performance.now() - startedAt) / 1_000,
  p50Ms: quantile(latenciesMs, 0.5),
  p99Ms: quantile(latenciesMs, 0.99),
  failures: [...failed.values()].reduce((total, count) => total + count, 0),
  failureWords: Array.from(failed, ([words, count]) => `${words} ${count}`).join(", "),
};
console.log(JSON.stringify(result));

async function askUntilTheEnd(): Promise<void> {
  while (performance.now() - startedAt < seconds * 1_000) {
    const sentAt = performance.now();
    const failure = await askOnce();
    if (failure === undefined) latenciesMs.push(performance.now() - sentAt);
    else failed.set(failure, (failed.get(failure) ?? 0) + 1);
  }
}

/** Undefined when all went well, else what went wrong. The examination before has checked the certificate. */
async function askOnce(): Promise<string | undefined> {
  return new Promise((resolve) => {
    let received = "";
    let failure: string | undefined;
    const socket = connect({
      port,
      host: "127.0.0.1",
      servername: siteName,
      secureContext,
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
    });
    socket.setTimeout(answerTimeoutMs, () => socket.destroy(new Error("timeout")));
    socket.setEncoding("latin1");
    socket.once("secureConnect", () => {
      if (socket.isSessionReused()) failure = "resumed";
      socket.write(request);
    });
    socket.on("data", (text: string) => {
      received += text;
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      failure = error.code ?? error.message;
    });
    socket.once("close", () => {
      const complete = received.startsWith("HTTP/1.1 200 ") && received.endsWith(body);
      resolve(failure ?? (complete ? undefined : "incomplete"));
    });
  });
}
