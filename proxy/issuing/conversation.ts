/** Lines from the proxy → the job, and the word that a challenge is in place; events → the proxy. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type IssueEvent, type IssueJob, parseIssueJob } from "../certificate/issue-protocol.ts";
import type { Challenge } from "../challenge/challenge-table.ts";

export class Conversation {
  /** Resolves when the proxy has closed its side: it has ended, or wants this process to end. */
  readonly left: Promise<void>;
  readonly #lines: string[] = [];
  readonly #say: (event: IssueEvent) => Promise<void>;
  #wake: (() => void) | undefined;
  #over = false;
  #latestStep = "";

  constructor(input: Readable, say: (event: IssueEvent) => Promise<void>) {
    this.#say = say;
    const reader = createInterface({ input });
    reader.on("line", (line) => {
      this.#lines.push(line);
      this.#wake?.();
    });
    // A broken pipe is an end like any other; "close" follows.
    input.on("error", () => reader.close());
    this.left = new Promise((resolve) => {
      reader.on("close", () => {
        this.#over = true;
        this.#wake?.();
        resolve();
      });
    });
  }

  get latestStep(): string {
    return this.#latestStep;
  }

  /** The first line; undefined when it is no job, or when none comes. */
  async job(): Promise<IssueJob | undefined> {
    const line = await this.#line();
    return line === undefined ? undefined : parseIssueJob(line);
  }

  async say(event: IssueEvent): Promise<void> {
    if (event.event === "step") this.#latestStep = event.text;
    await this.#say(event);
  }

  async step(text: string): Promise<void> {
    await this.say({ event: "step", text });
  }

  /** Resolves when the proxy has put the challenge in place. @throws the signal's reason */
  async place(challenge: Challenge, signal: AbortSignal): Promise<void> {
    await this.say({ event: "challenge", challenge });
    const aborted = new Promise<undefined>((resolve) => {
      if (signal.aborted) resolve(undefined);
      signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    await Promise.race([this.#line(), aborted]);
    signal.throwIfAborted();
  }

  async #line(): Promise<string | undefined> {
    while (this.#lines.length === 0 && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#lines.shift();
  }
}
