/** Keeps account of all traffic: what was asked, who answered, how long it took, and everything that went wrong. */
import type { Identity } from "../app/wire.ts";
import { quantile } from "./quantile.ts";

export interface Reply extends Identity {
  /** When the request was made, from `performance.now()`. */
  startedAtMs: number;
  endedAtMs: number;
}

export interface Interval {
  requests: number;
  p50Ms: number;
  p99Ms: number;
}

export interface Waited {
  requests: number;
  longestMs: number;
  /** Answers that came although the service was paused. */
  leaked: number;
}

export interface Switching {
  firstReplyAtMs: number | undefined;
}

interface Pause {
  askedAtMs: number;
  /** From here until `resumingAtMs` nothing may be answered. */
  closedAtMs: number;
  resumingAtMs: number;
  waited: Waited;
}

const keptFailures = 200;
/** An answer may lie in our own socket for a moment before we read it. */
const readDelayMs = 100;

export class Ledger {
  readonly failures: string[] = [];
  readonly repliesByVersion = new Map<string, number>();
  #failureCount = 0;
  #requests = 0;
  #all: number[] = [];
  #interval: number[] = [];
  #firstReplies = new Map<number, Switching>();
  /** By process: when the deploy that replaced it returned. No later request may reach it. */
  #retiredAtMs = new Map<number, number>();
  #pause: Pause | undefined;

  get requests(): number {
    return this.#requests;
  }

  get failureCount(): number {
    return this.#failureCount;
  }

  /** A whole, correct answer. Checks that its version was allowed to answer a request of that moment. */
  replied(reply: Reply): void {
    this.#requests += 1;
    this.repliesByVersion.set(reply.version, (this.repliesByVersion.get(reply.version) ?? 0) + 1);
    this.checkRelease(reply, reply.startedAtMs, "a request");
    const switching = this.#firstReplies.get(reply.pid);
    if (switching) switching.firstReplyAtMs ??= reply.endedAtMs;
    if (this.#countAsWaited(reply)) return;
    const latency = reply.endedAtMs - reply.startedAtMs;
    this.#all.push(latency);
    this.#interval.push(latency);
  }

  /** The rule of the house: what starts after a deploy has returned is answered by the new version. */
  checkRelease({ version, pid }: Identity, startedAtMs: number, what: string): void {
    const retiredAtMs = this.#retiredAtMs.get(pid) ?? Number.POSITIVE_INFINITY;
    if (startedAtMs <= retiredAtMs) return;
    this.failed(`${what} made after the deploy had returned was answered by the old ${version} (pid ${pid})`);
  }

  failed(words: string): void {
    this.#failureCount += 1;
    if (this.failures.length < keptFailures) this.failures.push(words);
  }

  /** Watches for the first answer of a release that is about to be deployed. */
  expect({ pid }: { pid: number }): Switching {
    const switching: Switching = { firstReplyAtMs: undefined };
    this.#firstReplies.set(pid, switching);
    return switching;
  }

  retire({ pid }: { pid: number }, atMs: number): void {
    this.#retiredAtMs.set(pid, atMs);
  }

  pauseAsked(): void {
    const never = Number.POSITIVE_INFINITY;
    const waited = { requests: 0, longestMs: 0, leaked: 0 };
    this.#pause = { askedAtMs: performance.now(), closedAtMs: never, resumingAtMs: never, waited };
  }

  pauseTookEffect(): void {
    if (this.#pause) this.#pause.closedAtMs = performance.now() + readDelayMs;
  }

  resuming(): void {
    if (this.#pause) this.#pause.resumingAtMs = performance.now();
  }

  /** Who waited, once all of them have been answered. */
  pauseOver(): Waited {
    const waited = this.#pause?.waited ?? { requests: 0, longestMs: 0, leaked: 0 };
    this.#pause = undefined;
    return waited;
  }

  /** Requests and latency since the last call; requests that waited in a pause are counted but not timed. */
  takeInterval(): Interval {
    const latencies = this.#interval;
    this.#interval = [];
    return { requests: latencies.length, p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) };
  }

  total(): Interval {
    return { requests: this.#requests, p50Ms: quantile(this.#all, 0.5), p99Ms: quantile(this.#all, 0.99) };
  }

  #countAsWaited(reply: Reply): boolean {
    const pause = this.#pause;
    if (!pause || reply.startedAtMs > pause.resumingAtMs) return false;
    const leaked = reply.endedAtMs > pause.closedAtMs && reply.endedAtMs < pause.resumingAtMs;
    if (leaked) pause.waited.leaked += 1;
    if (reply.endedAtMs < pause.resumingAtMs) return false;
    pause.waited.requests += 1;
    pause.waited.longestMs = Math.max(pause.waited.longestMs, reply.endedAtMs - reply.startedAtMs);
    return true;
  }
}
