/** A program of this machine and its arguments, no shell between → what it printed and how it ended. Prompts work: stdin stays the terminal's. */
import { spawn } from "node:child_process";
import { KdeployError } from "../errors.ts";
import { SECRET_LIMITS } from "./limits.ts";

export interface ProgramOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What it says on stderr while it runs: its prompts are there. */
  readonly onStderr?: ((text: string) => void) | undefined;
  /** Stderr is this terminal's own, so that the program sees a terminal; `onStderr` hears nothing then. */
  readonly ownTerminal?: boolean;
  /** For people too: shown like stderr, and in the result. */
  readonly showStdout?: boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ProgramEnd {
  /** As UTF-8, byte for byte. */
  readonly stdout: string;
  /** The last lines of stderr, for an error. */
  readonly lastWords: string;
  /** `ended with status 7`; undefined when it ended well. */
  readonly failure: string | undefined;
}

/** @throws KdeployError `command-failed` when there is no end that it came to itself, `cancelled` @throws the system's error (ENOENT) when it cannot be started */
export function runProgram(file: string, args: readonly string[], options: ProgramOptions): Promise<ProgramEnd> {
  const { cwd, env, onStderr, signal } = options;
  if (signal?.aborted === true) return Promise.reject(cancelled());
  const { promise, resolve, reject } = Promise.withResolvers<ProgramEnd>();
  const stderr = options.ownTerminal === true ? "inherit" : "pipe";
  // In this process's group: another one could not read the terminal.
  const child = spawn(file, args, { cwd, env, stdio: ["inherit", "pipe", stderr] });
  const output: Buffer[] = [];
  let outputBytes = 0;
  let errorTail = "";
  let stopped: KdeployError | undefined;
  const stop = (why: KdeployError, signalName: NodeJS.Signals): void => {
    stopped ??= why;
    child.kill(signalName);
    // A grandchild may hold the pipes open for as long as it likes.
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  const timeoutMs = options.timeoutMs ?? SECRET_LIMITS.commandTimeoutMs;
  const timer = setTimeout(() => stop(failed(`took longer than ${timeoutMs / 1000} s`), "SIGKILL"), timeoutMs);
  let graceTimer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    stop(cancelled(), "SIGTERM");
    graceTimer = setTimeout(() => child.kill("SIGKILL"), SECRET_LIMITS.killGraceMs);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  const settle = (): void => {
    clearTimeout(timer);
    clearTimeout(graceTimer);
    signal?.removeEventListener("abort", onAbort);
  };
  child.stdout?.on("data", (chunk: Buffer) => {
    outputBytes += chunk.length;
    if (outputBytes > SECRET_LIMITS.maxOutputBytes)
      stop(failed(`printed more than ${SECRET_LIMITS.maxOutputBytes} bytes`), "SIGKILL");
    else output.push(chunk);
    if (options.showStdout === true) onStderr?.(chunk.toString());
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errorTail = (errorTail + text).slice(-4096);
    onStderr?.(text);
  });
  child.on("error", (error) => {
    settle();
    reject(error);
  });
  child.on("close", (status, endedBy) => {
    settle();
    if (stopped !== undefined) {
      reject(stopped);
      return;
    }
    const failure =
      endedBy !== null ? `was ended by ${endedBy}` : status === 0 ? undefined : `ended with status ${status}`;
    try {
      const stdout = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(output));
      resolve({ stdout, lastWords: lastLines(errorTail), failure });
    } catch {
      if (failure === undefined) reject(failed("printed something that is not UTF-8 text"));
      else resolve({ stdout: "", lastWords: lastLines(errorTail), failure });
    }
  });
  return promise;
}

function lastLines(text: string): string {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return lines.slice(-SECRET_LIMITS.maxErrorLines).join("\n  ");
}

function failed(how: string): KdeployError {
  return new KdeployError("command-failed", how);
}

function cancelled(): KdeployError {
  return new KdeployError("cancelled", "was interrupted", { exitClass: "interrupted" });
}
