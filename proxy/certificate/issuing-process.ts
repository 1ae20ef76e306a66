/** A job → a process of its own that does it, its events one after the other, and always an end. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { ISSUING_LIMITS } from "../limits.ts";
import {
  type IssueEvent,
  type IssueJob,
  type IssueProblemKind,
  isLastEvent,
  parseIssueEvent,
} from "./issue-protocol.ts";

export type IssuingOptions = {
  /**
   * Called for each event, the next one only when the promise of the one before has resolved. The challenge is in
   * place when the promise of its event resolves. Should it reject, the job is given up with a "failed" event.
   */
  readonly onEvent: (event: IssueEvent) => Promise<void> | void;
  /** Gives the job up: the process is ended and no further event comes. */
  readonly signal?: AbortSignal;
  /** Path of the program; that of this version by default. */
  readonly program?: string;
  /** That of this process by default; `NODE_EXTRA_CA_CERTS` and what the DNS hook wants are in it. */
  readonly environment?: NodeJS.ProcessEnv;
};

/**
 * Resolves when the process has ended and all events are dealt with; never rejects. Unless aborted, exactly one last
 * event has come by then: one of `issued`, `renewal-info` and `failed`.
 */
export async function runIssueJob(job: IssueJob, options: IssuingOptions): Promise<void> {
  if (options.signal?.aborted) return;
  const run = new IssuingRun(job, options);
  await run.ended;
}

/** Beside the chunk in a bundle, where all files lie flat; one folder up in the source. */
export function issuingProgram(moduleUrl: string): string {
  return fileURLToPath(new URL(moduleUrl.endsWith(".ts") ? "../kdeploy-acme.mjs" : "./kdeploy-acme.mjs", moduleUrl));
}

const NEWLINE = 0x0a;
/** stdin, stdout and stderr. */
const STREAMS = 3;

class IssuingRun {
  readonly ended: Promise<void>;
  readonly #job: IssueJob;
  readonly #options: IssuingOptions;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #streams: readonly (Readable | Writable)[];
  readonly #timer: NodeJS.Timeout;
  readonly #finish = Promise.withResolvers<void>();
  #line: Buffer[] = [];
  #lineBytes = 0;
  #events = 0;
  #stderr = Buffer.alloc(0);
  /** Events in their order; each waits for the one before. */
  #queue: Promise<void> = Promise.resolve();
  /** A last event has been accepted, or there is to be none. */
  #over = false;

  constructor(job: IssueJob, options: IssuingOptions) {
    this.#job = job;
    this.#options = options;
    this.ended = this.#finish.promise;
    const program = options.program ?? issuingProgram(import.meta.url);
    const child = spawn(process.execPath, [`--max-old-space-size=${ISSUING_LIMITS.heapMegabytes}`, program], {
      stdio: ["pipe", "pipe", "pipe"],
      ...(options.environment === undefined ? {} : { env: options.environment }),
    });
    this.#child = child;
    // Where no file descriptor is left there are none, whatever the types say; "error" tells why.
    this.#streams = [child.stdin, child.stdout, child.stderr].filter((stream: unknown) => stream !== undefined);
    this.#timer = setTimeout(
      () =>
        this.#fail("timed-out", `not finished after ${job.timeoutMs / 1000}s, and the process did not say so itself`),
      job.timeoutMs + ISSUING_LIMITS.endTimeoutMs,
    );
    let gone = false;
    const onGone = (how: string): void => {
      if (gone) return;
      gone = true;
      this.#onGone(how);
    };
    child.on("error", (error) => {
      // It could not be started, or not be signalled; only in the first case there will be no "close".
      if (child.pid === undefined) onGone(`could not be started: ${error.message}`);
    });
    if (this.#streams.length < STREAMS) return;
    for (const stream of this.#streams) stream.on("error", () => undefined);
    child.stdout.on("data", (chunk: Buffer) => this.#read(chunk));
    child.stderr.on("data", (chunk: Buffer) => {
      this.#stderr = Buffer.concat([this.#stderr, chunk]).subarray(-ISSUING_LIMITS.maxStderrBytes);
    });
    child.on("exit", (code, signal) => {
      // A program that the DNS hook left behind may hold the pipes open: the rest is read for a moment only.
      const how = code === null ? `was ended by ${signal}` : `exited with ${code}`;
      child.once("close", () => onGone(how));
      setTimeout(() => onGone(how), LAST_WORDS_MS).unref();
    });
    options.signal?.addEventListener("abort", this.#abort, { once: true });
    child.stdin.write(`${JSON.stringify(job)}\n`);
  }

  #read(chunk: Buffer): void {
    let rest = chunk;
    while (!this.#over) {
      const end = rest.indexOf(NEWLINE);
      const part = end === -1 ? rest : rest.subarray(0, end);
      this.#lineBytes += part.length;
      if (this.#lineBytes > ISSUING_LIMITS.maxEventBytes) return this.#fail("internal", "its line is too long");
      this.#line.push(part);
      if (end === -1) return;
      const line = Buffer.concat(this.#line).toString();
      this.#line = [];
      this.#lineBytes = 0;
      this.#take(line);
      rest = rest.subarray(end + 1);
    }
  }

  #take(line: string): void {
    const event = parseIssueEvent(line);
    this.#events += 1;
    if (event === undefined) return this.#fail("internal", `it said what is no event: ${line.slice(0, 200)}`);
    if (this.#events > ISSUING_LIMITS.maxEvents) return this.#fail("internal", "it says too much");
    if (isLastEvent(event)) this.#over = true;
    this.#tell(event);
    // It ends by itself; one that does not is helped.
    if (this.#over) this.#endSoon();
  }

  #tell(event: IssueEvent): void {
    this.#queue = this.#queue.then(async () => {
      if (this.#options.signal?.aborted) return;
      try {
        await this.#options.onEvent(event);
        if (event.event === "challenge" && this.#child.stdin.writable) this.#child.stdin.write('{"ready":true}\n');
      } catch (error) {
        this.#fail("internal", `the proxy could not use it: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
  }

  /** Ends the process, and says why there is no certificate unless a last word has been said. */
  #fail(kind: IssueProblemKind, reason: string): void {
    this.#child.kill("SIGKILL");
    if (this.#over) return;
    this.#over = true;
    const what = this.#job.kind === "certificate" ? `the certificate for ${this.#job.name}` : "renewal information";
    const tail = this.#stderr.toString().replace(/\s+/g, " ").trim();
    const detail = `the process for ${what}: ${reason}${tail === "" ? "" : ` (${tail})`}`;
    this.#tell({ event: "failed", problem: { kind, detail, type: "", retryAfterSeconds: null } });
  }

  /** By its stdin the process notices, and takes a DNS record back before it ends. */
  readonly #abort = (): void => {
    this.#over = true;
    this.#endSoon();
  };

  #endSoon(): void {
    this.#child.stdin.end();
    setTimeout(() => this.#child.kill("SIGKILL"), ISSUING_LIMITS.endTimeoutMs).unref();
  }

  #onGone(how: string): void {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#abort);
    for (const stream of this.#streams) stream.destroy();
    this.#fail("internal", how);
    void this.#queue.then(() => this.#finish.resolve());
  }
}

/** For what a process said just before it ended to arrive. */
const LAST_WORDS_MS = 500;
