/** Runs one HTTP/1 vector through a proxy with three recording targets and keeps what each side saw. */
import { pause } from "./eventually.ts";
import type { Message, RequestMessage, ResponseMessage } from "./http-messages.ts";
import { get, RawClient } from "./raw-client.ts";
import { type RecordedRequest, RecordingUpstream } from "./recording-upstream.ts";
import { type RunningProxy, runProxy, service } from "./running-proxy.ts";
import { stepsOf } from "./vector-script.ts";

export type Vector = {
  readonly id: string;
  readonly group: string;
  readonly raw: string;
  readonly why: string;
  readonly expect: {
    readonly status: readonly (number | string)[];
    readonly upstream?: "none" | "one";
    readonly close?: boolean;
    readonly assert?: readonly string[];
    readonly responses?: number;
    readonly second?: readonly (number | string)[];
    readonly noTunnel?: boolean;
    readonly within_ms?: number;
  };
};

/** Where a request arrived: `/` or `/api` of a.test, or b.test. */
export type Route = "root" | "api" | "other";
export type Forwarded = RequestMessage & { readonly route: Route; readonly aborted: boolean };

export type VectorRun = {
  /** Expanded bytes that the client sent. */
  readonly sent: string;
  readonly received: string;
  readonly informational: readonly Message[];
  readonly responses: readonly ResponseMessage[];
  /** Requests that targets saw, whole or not. */
  readonly forwarded: readonly Forwarded[];
  /** First status, `close` or `timeout`. */
  readonly outcome: number | string;
  /** The proxy closed the connection. */
  readonly closed: boolean;
  /** Milliseconds until the outcome. */
  readonly tookMs: number;
  /** Answers to what was sent over the same connection afterwards, if it was still open. */
  readonly afterwards: readonly ResponseMessage[];
  /** A target received bytes that were sent after the vector outside any request. */
  readonly tunnelled: boolean;
};

const PROBE = "GET /still-in-step HTTP/1.1\r\nHost: a.test\r\n\r\n";

/** Nothing comes any more after this long: every limit that a vector can run into is shorter. */
const QUIET_MS = 1_500;

export class VectorBed {
  readonly proxy: RunningProxy;
  readonly targets: Readonly<Record<Route, RecordingUpstream>>;

  private constructor(proxy: RunningProxy, targets: Record<Route, RecordingUpstream>) {
    this.proxy = proxy;
    this.targets = targets;
  }

  static async start(): Promise<VectorBed> {
    const limits = { headTimeoutMs: 500, bodyTimeoutMs: 500, lingerTimeoutMs: 1_000 };
    const proxy = await runProxy({ limits });
    const targets = {
      root: await RecordingUpstream.start("root"),
      api: await RecordingUpstream.start("api"),
      other: await RecordingUpstream.start("other"),
    };
    const changes = { forwardHeaders: true };
    const bed = new VectorBed(proxy, targets);
    await bed.serve(changes.forwardHeaders);
    return bed;
  }

  /** a.test with `/` and `/api`, b.test with `/`. */
  async serve(forwardHeaders: boolean): Promise<void> {
    const { root, api, other } = this.targets;
    await this.proxy.serve(
      service("root", [root.port], { hosts: ["a.test"], forwardHeaders }),
      service("api", [api.port], { hosts: ["a.test"], pathPrefixes: ["/api"], forwardHeaders }),
      service("other", [other.port], { hosts: ["b.test"], forwardHeaders }),
    );
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    for (const target of Object.values(this.targets)) await target.stop();
  }

  async run(vector: Vector): Promise<VectorRun> {
    for (const target of Object.values(this.targets)) target.forget();
    const startedAt = performance.now();
    const client = await RawClient.connect(this.proxy.port);
    const methods = methodsOf(vector.raw);
    try {
      let sent = "";
      for (const step of stepsOf(vector.raw)) {
        if (step.kind === "bytes") client.send(step.text);
        else if (step.kind === "fin") client.fin();
        else await pause(step.durationMs);
        if (step.kind === "bytes") sent += step.text;
      }
      const wanted = vector.expect.responses ?? 1;
      await client.until(() => client.closed || client.ended || whole(client, methods) >= wanted, QUIET_MS);
      const tookMs = performance.now() - startedAt;
      if (vector.expect.close) await client.until(() => client.closed || client.ended, QUIET_MS);
      await pause(10);
      const responses = client.responses(methods);
      const forwarded = this.#forwarded();
      const received = client.text;
      const closed = client.closed || client.ended;
      const afterwards = closed ? [] : await this.#probe(client, methods, responses.length);
      const tunnelled = this.#targetList().some(([, target]) => strayBytes(target));
      const informational = responses.flatMap((response) => response.informational);
      const outcome = outcomeOf(responses, closed);
      return { sent, received, informational, responses, forwarded, outcome, closed, tookMs, afterwards, tunnelled };
    } finally {
      client.destroy();
    }
  }

  /** A plain request over a connection of its own, to see that nothing has stuck. */
  async clean(path: string): Promise<ResponseMessage> {
    const client = await RawClient.connect(this.proxy.port);
    const response = await client.ask(get(path));
    client.destroy();
    return response;
  }

  async #probe(client: RawClient, methods: readonly string[], before: number): Promise<readonly ResponseMessage[]> {
    if (client.socket.writableEnded) return [];
    client.send(PROBE);
    await client.until(() => client.closed || client.ended || client.responses(methods).length > before, QUIET_MS);
    return client.responses(methods).slice(before);
  }

  #targetList(): [Route, RecordingUpstream][] {
    return Object.entries(this.targets) as [Route, RecordingUpstream][];
  }

  #forwarded(): Forwarded[] {
    return this.#targetList().flatMap(([route, target]) =>
      target.requests.map((request: RecordedRequest) => ({ ...request, route, aborted: request.connection.aborted })),
    );
  }
}

function outcomeOf(responses: readonly ResponseMessage[], closed: boolean): number | string {
  const first = responses[0];
  if (!first) return closed ? "close" : "timeout";
  const informational = first.informational[0];
  return informational ? Number(informational.startLine.split(" ")[1]) : first.status;
}

function whole(client: RawClient, methods: readonly string[]): number {
  return client.responses(methods).filter((response) => response.complete).length;
}

/** The requests' methods as a lenient reader sees them: only HEAD matters. */
function methodsOf(raw: string): string[] {
  return raw.startsWith("HEAD ") ? ["HEAD"] : [];
}

/** Something reached the target that is no part of a request with a known method and path. */
function strayBytes(target: RecordingUpstream): boolean {
  return target.connections.some(({ received, requests }) => {
    const understood = requests.reduce((sum, request) => sum + request.wire.length, 0);
    return received.length > understood && requests.every((request) => request.complete);
  });
}
