/** A host for tests: records every command, answers as it is told, and fails, hangs or loses its connection at the n-th one. */
import type {
  BackForward,
  BackPorts,
  ForwardOptions,
  Host,
  RunOptions,
  RunResult,
  UploadedFile,
  UploadOptions,
} from "../../cli/execute/host.ts";
import { cancelled, forwardRefused, HostError } from "../../cli/execute/host-error.ts";
import { Secret } from "../../cli/secret/secret.ts";

export type Answer = { readonly exitCode?: number; readonly stdout?: string; readonly stderr?: string };

/** What goes wrong with a command: `lost` means that it ran, and nobody heard of it; `unreachable` that it never did. */
export type Trouble = "fails" | "hangs" | "lost" | "unreachable" | "gone-for-good";

export type Recorded = { readonly host: string; readonly command: string; readonly input: string | undefined };

/** Commands of several hosts in the order in which they began. */
export class Recording {
  readonly all: Recorded[] = [];
  /** Called before each command, with its number from 0. */
  onCommand: (number: number, recorded: Recorded) => void = () => {};

  add(recorded: Recorded): void {
    this.all.push(recorded);
    this.onCommand(this.all.length - 1, recorded);
  }

  on(host: string): string[] {
    return this.all.filter((one) => one.host === host).map(({ command }) => command);
  }
}

export class RecordingHost implements Host {
  readonly name: string;
  readonly #recording: Recording;
  readonly #answer: (command: string, input: string | undefined) => Answer;
  #troubles: { readonly matches: (command: string, number: number) => boolean; readonly trouble: Trouble }[] = [];
  #number = 0;
  #gone = false;

  constructor(
    name: string,
    recording: Recording = new Recording(),
    answer: (command: string, input: string | undefined) => Answer = () => ({}),
  ) {
    this.name = name;
    this.#recording = recording;
    this.#answer = answer;
  }

  /** The n-th command from 0, or the first that matches; each once. */
  trouble(at: number | RegExp, trouble: Trouble): void {
    let over = false;
    const matches = (command: string, number: number): boolean => {
      if (over) return false;
      over = typeof at === "number" ? number === at : at.test(command);
      return over;
    };
    this.#troubles.push({ matches, trouble });
  }

  async run(command: string, options: RunOptions = {}): Promise<RunResult> {
    const input = options.input instanceof Secret ? options.input.reveal() : options.input?.toString();
    this.#recording.add({ host: this.name, command, input });
    const trouble = this.#troubleAt(command);
    if (options.signal?.aborted === true) throw cancelled(this.name, command);
    if (trouble === "hangs") return this.#hang(command, options);
    if (this.#gone || trouble === "unreachable") throw this.#lost("host-unreachable", command);
    // What happens on a server takes a moment.
    await new Promise((resolve) => setImmediate(resolve));
    if (trouble === "fails") return resultOf({ exitCode: 1, stderr: "scripted failure" });
    const answer = this.#answer(command, input);
    if (trouble === "lost") throw this.#lost("connection-lost", command);
    if (options.onStdout !== undefined) await options.onStdout(Buffer.from(answer.stdout ?? ""));
    for (const stream of ["stdout", "stderr"] as const) {
      for (const line of (answer[stream] ?? "").split("\n")) if (line !== "") options.onLine?.(line, stream);
    }
    return resultOf(answer);
  }

  async upload(file: UploadedFile, options: UploadOptions = {}): Promise<void> {
    const content = file.content instanceof Secret ? file.content : file.content.toString();
    const mode = file.mode.toString(8).padStart(4, "0");
    const { exitCode } = await this.run(`upload ${file.path} ${mode}`, { ...options, input: content });
    if (exitCode !== 0) throw new HostError(this.name, "upload-failed", "upload", `Could not write ${file.path}`);
  }

  interactive(command: string): Promise<number> {
    return this.run(command).then(({ exitCode }) => exitCode ?? 1);
  }

  /** Beginning and end are recorded like commands. */
  async forwardBack({ remotePort, localPort }: BackPorts, options: ForwardOptions = {}): Promise<BackForward> {
    const { exitCode } = await this.run(`forward ${remotePort} back to ${localPort}`, options);
    if (exitCode !== 0) throw forwardRefused(this.name, remotePort);
    let closed = false;
    const close = async (): Promise<void> => {
      if (closed) return;
      closed = true;
      await this.run(`forward ${remotePort} no more`).catch(() => {});
    };
    return { close };
  }

  #troubleAt(command: string): Trouble | undefined {
    const number = this.#number++;
    const trouble = this.#troubles.find(({ matches }) => matches(command, number))?.trouble;
    if (trouble === "gone-for-good") this.#gone = true;
    return trouble;
  }

  #hang(command: string, { signal, timeoutMs }: RunOptions): Promise<RunResult> {
    const end = Promise.withResolvers<RunResult>();
    signal?.addEventListener("abort", () => end.reject(cancelled(this.name, command, true)), { once: true });
    const late = () => end.reject(new HostError(this.name, "command-timed-out", "deadline", `No end: ${command}`));
    if (timeoutMs !== undefined) setTimeout(late, timeoutMs).unref();
    return end.promise;
  }

  #lost(code: "connection-lost" | "host-unreachable", command: string): HostError {
    return new HostError(this.name, code, "lost", `${this.name}: ${code} at ${command}`);
  }
}

function resultOf({ exitCode = 0, stderr = "", stdout = "" }: Answer): RunResult {
  return { exitCode, signal: null, stdout, stderr, truncated: false, durationMs: 1 };
}
