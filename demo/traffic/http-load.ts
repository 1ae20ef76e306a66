/** Drives the proxy with autocannon in three ways at once and enters every request, answered or not, in the ledger. */

import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import autocannon from "autocannon";
import { readPage } from "../app/wire.ts";
import type { Ledger } from "./ledger.ts";

/** One kind of load: a fixed number of connections that each make a fixed number of requests, over and over. */
interface Pattern {
  name: string;
  connections: number;
  requestsPerConnection: number;
  path: string;
  body?: Buffer;
}

export interface HttpLoad {
  /** Lets the runs under way finish, so that not one request is cut by the demo itself. */
  finish: () => Promise<void>;
}

const uploadBytes = 32 * 1024;
const timeoutSeconds = 15;
/** How often autocannon looks whether its run is over. */
const sampleMs = 20;

const patterns: Pattern[] = [
  { name: "keep-alive GET", connections: 24, requestsPerConnection: 120, path: "/" },
  // autocannon ignores answers when told to reconnect after each request, so each run makes one request per connection.
  { name: "new-connection GET", connections: 12, requestsPerConnection: 1, path: "/" },
  {
    name: "POST",
    connections: 8,
    requestsPerConnection: 150,
    path: "/echo",
    body: Buffer.alloc(uploadBytes, "upload "),
  },
];

export function startHttpLoad(port: number, ledger: Ledger): HttpLoad {
  const finishing = new AbortController();
  const loops = patterns.map(async (pattern) => {
    while (!finishing.signal.aborted) await run(port, pattern, ledger);
  });
  return {
    finish: async () => {
      finishing.abort();
      await Promise.all(loops);
    },
  };
}

async function run(port: number, pattern: Pattern, ledger: Ledger): Promise<void> {
  const { connections, requestsPerConnection, path, body } = pattern;
  const watch = new Watch(pattern, ledger);
  const request: autocannon.Request = { method: body ? "POST" : "GET", path, onResponse: watch.answer };
  if (body) request.body = body;
  try {
    await autocannon({
      url: `http://127.0.0.1:${port}`,
      connections,
      amount: connections * requestsPerConnection,
      timeout: timeoutSeconds,
      sampleInt: sampleMs,
      requests: [request],
      setupClient: watch.client,
    });
  } catch (error) {
    ledger.failed(`${pattern.name}: autocannon gave up: ${String(error)}`);
    await sleep(100);
  }
}

/**
 * autocannon's own counts are not enough: when a connection ends before the answer came, it reconnects without a word.
 * So each request is followed from the moment it is made; one that is followed by another without an answer is lost.
 */
class Watch {
  readonly #pattern: Pattern;
  readonly #ledger: Ledger;
  readonly #bodyHash: string | undefined;
  #answer: { status: number; body: string; versionHeader: unknown } | undefined;

  constructor(pattern: Pattern, ledger: Ledger) {
    this.#pattern = pattern;
    this.#ledger = ledger;
    this.#bodyHash = pattern.body && createHash("sha256").update(pattern.body).digest("hex");
  }

  /** Called with each complete answer, just before its client's "response" event. */
  readonly answer = (status: number, body: string, _context: object, headers: autocannon.Request["headers"]): void => {
    this.#answer = { status, body, versionHeader: headers?.["x-app-version"] };
  };

  readonly client = (client: autocannon.Client): void => {
    const events: NodeJS.EventEmitter = client;
    let startedAtMs: number | undefined;
    let lastError = "the connection ended without an answer";
    events.on("request", () => {
      if (startedAtMs !== undefined) this.#fail(lastError);
      startedAtMs = performance.now();
    });
    events.on("response", () => {
      if (startedAtMs !== undefined) this.#check(startedAtMs);
      startedAtMs = undefined;
    });
    events.on("connError", (error: Error) => {
      lastError = error.message;
    });
    events.on("timeout", () => {
      lastError = `no answer within ${timeoutSeconds} s`;
    });
    events.on("done", () => {
      if (startedAtMs !== undefined) this.#fail("never answered");
    });
  };

  #check(startedAtMs: number): void {
    const answer = this.#answer;
    if (!answer) return this.#fail("an answer without content");
    if (answer.status !== 200) return this.#fail(`status ${answer.status}: ${answer.body.slice(0, 80)}`);
    try {
      const page = readPage(answer.body);
      if (page.version !== answer.versionHeader) throw new Error("head and body are of different versions");
      if (page.sha256 !== this.#bodyHash) throw new Error("the application received another body than was sent");
      this.#ledger.replied({ ...page, startedAtMs, endedAtMs: performance.now() });
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #fail(words: string): void {
    this.#ledger.failed(`${this.#pattern.name}: ${words}`);
  }
}
