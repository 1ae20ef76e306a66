/** One command on one machine: a line and how it is meant in, its result out, told to the reporters as it goes. */
import { randomBytes } from "node:crypto";
import { type RemoteCommand, shownOf } from "../remote/remote-command.ts";
import type { Host, RunResult, UploadedFile } from "./host.ts";
import { HostError } from "./host-error.ts";
import { throwIfCancelled } from "./pause.ts";
import { askSuspect } from "./suspect-host.ts";
import type { Work } from "./work.ts";
import { CommandError } from "./work-error.ts";

/** A connection that is lost may have been silent for a minute. */
const NOT_REACHED: ReadonlySet<string> = new Set(["connection-lost", "host-unreachable"]);

export const LOCALHOST = "localhost";

type Level = "info" | "debug";

export type CommandOptions = {
  /** It changes nothing: dry runs run it too. */
  readonly reads?: boolean;
  /** Exit codes other than 0 are the caller's to judge. */
  readonly tolerate?: boolean;
  /** How closely one has to look to see it; `info` unless given. */
  readonly level?: Level;
  /** The same for what it prints; `debug` unless given. */
  readonly outputLevel?: Level | ((line: string) => Level);
  readonly timeoutMs?: number;
  /** In place of the work's; null for a command that no cancellation may keep from running: it undoes something. */
  readonly signal?: AbortSignal | null;
  /** What a dry run takes for its output. */
  readonly placeholder?: string;
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** Of a line on standard error that only says how it goes on: its text. It is told as that, and no part of what was printed. */
  readonly progress?: (line: string) => string | undefined;
  /** As of `Host.run`. */
  readonly keepBytes?: number;
  /** Standard output goes here byte for byte, and nowhere else. */
  readonly onStdout?: (bytes: Uint8Array) => Promise<void> | undefined;
};

/** Of a command that a dry run only says. */
function notRun(stdout: string): RunResult {
  return { exitCode: 0, signal: null, stdout, stderr: "", truncated: false, durationMs: 0 };
}

/**
 * `host` is a host's name, or `localhost`.
 * @throws CommandError for an exit code other than 0, unless tolerated; what `Host.run` throws
 */
export async function runCommand(
  work: Work,
  host: string,
  command: string | RemoteCommand,
  options: CommandOptions = {},
): Promise<RunResult> {
  const shown = work.redactor.redact(shownOf(command));
  if (work.dryRun && options.reads !== true) {
    work.report({ event: "said", kind: "progress", text: `would run on ${host}: ${shown}`, host });
    return notRun(options.placeholder ?? "");
  }
  const machine = machineOf(work, host);
  const told = startTelling(work, host, shown, options.level ?? "info", options.outputLevel);
  const { line, input } =
    typeof command === "string" ? { line: command, input: undefined } : { line: command.command, input: command.input };
  const signal = options.signal === null ? undefined : (options.signal ?? work.signal);
  if (signal !== undefined) throwIfCancelled(signal);
  await askSuspect(work, machine, signal);
  told.started();
  const result = await machine
    .run(line, {
      ...(input === undefined ? {} : { input }),
      ...(signal === undefined ? {} : { signal }),
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
      ...(options.keepBytes === undefined ? {} : { keepBytes: options.keepBytes }),
      ...(options.onStdout === undefined ? {} : { onStdout: options.onStdout }),
      onLine: (text, stream) => {
        if (options.onStdout !== undefined && stream === "stdout") return;
        const safe = work.redactor.redact(text);
        const progress = stream === "stderr" ? options.progress?.(safe) : undefined;
        if (progress !== undefined) {
          work.report({ event: "progress", host, text: progress });
          return;
        }
        told.line(safe, stream);
        options.onLine?.(safe, stream);
      },
    })
    .catch((error: unknown) => {
      told.finished(null);
      if (error instanceof HostError && NOT_REACHED.has(error.code)) work.state.notReached(host);
      // A lock that was lost says so itself.
      if (signal !== undefined) throwIfCancelled(signal);
      throw error;
    });
  told.finished(result.exitCode);
  work.state.reached(host);
  if (result.exitCode === 0 || options.tolerate === true) return result;
  throw new CommandError(host, shown, result, lastLines(work, result, options.progress));
}

/** Its directory exists. A dry run says it. */
export async function uploadFile(work: Work, host: string, file: UploadedFile): Promise<void> {
  const shown = `upload ${file.path} (mode ${file.mode.toString(8).padStart(4, "0")})`;
  if (work.dryRun) {
    work.report({ event: "said", kind: "progress", text: `would run on ${host}: ${shown}`, host });
    return;
  }
  throwIfCancelled(work.signal);
  const told = startTelling(work, host, shown, "info");
  told.started();
  try {
    await machineOf(work, host).upload(file, { signal: work.signal });
    told.finished(0);
  } catch (error) {
    told.finished(null);
    throw error;
  }
}

function machineOf(work: Work, host: string): Host {
  return host === LOCALHOST ? work.local : work.host(host);
}

/** Standard error says what went wrong; programs that keep it empty say it on standard output. */
function lastLines(work: Work, { stdout, stderr }: RunResult, progress: CommandOptions["progress"]): string[] {
  const text = stderr.trim() === "" ? stdout : stderr;
  const lines = text.split("\n").filter((line) => line.trim() !== "" && progress?.(line) === undefined);
  return lines.slice(-work.state.limits.failureOutputLines).map((line) => work.redactor.redact(line));
}

function startTelling(
  work: Work,
  host: string,
  shown: string,
  level: Level,
  outputLevel: CommandOptions["outputLevel"] = "debug",
) {
  const id = randomBytes(4).toString("hex");
  const from = performance.now();
  return {
    started: () => work.report({ event: "command-started", id, host, shown, level }),
    line: (line: string, stream: "stdout" | "stderr") =>
      work.report({
        event: "command-output",
        id,
        host,
        stream,
        line,
        level: typeof outputLevel === "function" ? outputLevel(line) : outputLevel,
      }),
    finished: (exitCode: number | null) =>
      work.report({ event: "command-finished", id, host, exitCode, durationMs: performance.now() - from, level }),
  };
}
