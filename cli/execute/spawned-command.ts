/** A program of this machine as a supervised command: its arguments in; exit, output and the end of its whole process group out. */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { CommandStart, StartedCommand } from "./supervised-command.ts";

/** Between the polite signal and the one that cannot be refused. */
export const TERM_GRACE_MS = 2_000;
/** For output after the process is gone: somebody else may hold its pipes. */
const PIPE_GRACE_MS = 500;

export type SpawnOptions = { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv };

/** @throws the system's error (ENOENT) when the program cannot be started. */
export async function startProgram(
  file: string,
  args: readonly string[],
  how: CommandStart,
  options: SpawnOptions = {},
): Promise<StartedCommand> {
  // A group of its own, so that what the command started ends with it.
  const child = spawn(file, args, { ...options, stdio: ["pipe", "pipe", "pipe"], detached: true });
  const ended = Promise.withResolvers<{ exitCode: number | null; signal: string | null }>();
  ended.promise.catch(() => {});
  await spawned(child);
  child.on("error", ended.reject);
  child.on("close", (exitCode, signal) => ended.resolve({ exitCode, signal }));
  for (const stream of ["stdout", "stderr"] as const) {
    const pipe = child[stream];
    pipe.on("error", () => {});
    pipe.on("data", (bytes: Buffer) => {
      try {
        const wait = how.onOutput(stream, bytes);
        if (wait === undefined) return;
        pipe.pause();
        wait.then(() => pipe.resume(), ended.reject);
      } catch (error) {
        ended.reject(error);
      }
    });
  }
  // EPIPE: a command need not read its input.
  child.stdin.on("error", () => {});
  child.stdin.end(how.input);
  const end = async (): Promise<boolean> => {
    signalGroup(child, "SIGTERM");
    if (await settledWithin(ended.promise, TERM_GRACE_MS)) return true;
    signalGroup(child, "SIGKILL");
    if (await settledWithin(ended.promise, PIPE_GRACE_MS)) return true;
    for (const pipe of [child.stdout, child.stderr, child.stdin]) pipe.destroy();
    return child.exitCode !== null || child.signalCode !== null;
  };
  return { ended: ended.promise, end };
}

/** Runs a program with this terminal as its own. Resolves with its exit code, as a shell counts it: 128 + signal. */
export async function runInTerminal(
  file: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<number> {
  const child = spawn(file, args, { ...options, stdio: "inherit" });
  const ended = Promise.withResolvers<number>();
  // The terminal sends Ctrl-C to the whole foreground group; this process has to outlive the program to report its end.
  const ignore = (): void => {};
  process.on("SIGINT", ignore);
  child.on("error", ended.reject);
  child.on("close", (code, signal) => ended.resolve(code ?? 128 + signalNumber(signal)));
  try {
    return await ended.promise;
  } finally {
    process.off("SIGINT", ignore);
  }
}

/** True when `promise` is settled in time. */
export async function settledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), ms);
  try {
    return await Promise.race([
      promise.then(
        () => true,
        () => true,
      ),
      late.promise,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Gone already.
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : (constants.signals[signal] ?? 0);
}
