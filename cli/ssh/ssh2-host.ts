/** The port over the built-in SSH client: one host's connection in, commands run and files put there out. */
import type {
  BackForward,
  BackPorts,
  ForwardOptions,
  Host,
  RunOptions,
  RunResult,
  UploadedFile,
  UploadOptions,
} from "../execute/host.ts";
import { type CommandStart, inputBytes, type StartedCommand, supervise } from "../execute/supervised-command.ts";
import { type CommandChannel, type Connection, ConnectionGone } from "./connection.ts";
import { MAX_RECONNECTIONS } from "./limits.ts";
import { uploadFailure, uploadLine } from "./upload-command.ts";

export type Ssh2HostWays = {
  /** The live connection, made when there is none. */
  readonly connection: (signal: AbortSignal | undefined) => Promise<Connection>;
  /** A terminal needs this machine's own ssh. */
  readonly interactive: (command: string) => Promise<number>;
  /** Ends everything, whatever the caller's own signal says. */
  readonly signal: AbortSignal;
};

export class Ssh2Host implements Host {
  readonly name: string;
  readonly #ways: Ssh2HostWays;

  constructor(name: string, ways: Ssh2HostWays) {
    this.name = name;
    this.#ways = ways;
  }

  run(command: string, options: RunOptions = {}): Promise<RunResult> {
    const signal =
      options.signal === undefined ? this.#ways.signal : AbortSignal.any([options.signal, this.#ways.signal]);
    return supervise(this.name, command, { ...options, signal }, async (how) => {
      for (let attempt = 1; ; attempt++) {
        const connection = await this.#ways.connection(how.signal);
        try {
          return follow(connection, await connection.exec(command, how.signal), command, how);
        } catch (error) {
          if (!(error instanceof ConnectionGone)) throw error;
          if (attempt === MAX_RECONNECTIONS) throw connection.lost(command);
        }
      }
    });
  }

  async upload(file: UploadedFile, options: UploadOptions = {}): Promise<void> {
    const content = inputBytes(file.content) ?? Buffer.alloc(0);
    const result = await this.run(uploadLine(file, content.length), { ...options, input: content });
    if (result.exitCode !== 0) throw uploadFailure(this.name, file.path, result);
  }

  interactive(command: string): Promise<number> {
    return this.#ways.interactive(command);
  }

  async forwardBack({ remotePort, localPort }: BackPorts, { signal }: ForwardOptions = {}): Promise<BackForward> {
    const all = signal === undefined ? this.#ways.signal : AbortSignal.any([signal, this.#ways.signal]);
    for (let attempt = 1; ; attempt++) {
      const connection = await this.#ways.connection(all);
      try {
        return { close: await connection.forwardBack(remotePort, localPort) };
      } catch (error) {
        if (!(error instanceof ConnectionGone)) throw error;
        if (attempt === MAX_RECONNECTIONS) throw connection.lost(`forwarding of port ${remotePort}`);
      }
    }
  }
}

function follow(
  connection: Connection,
  { channel, exit, closed }: CommandChannel,
  command: string,
  how: CommandStart,
): StartedCommand {
  const ended = Promise.withResolvers<{ exitCode: number | null; signal: string | null }>();
  ended.promise.catch(() => {});
  const read = (stream: "stdout" | "stderr"): Promise<void> => {
    const source = stream === "stdout" ? channel : channel.stderr;
    const done = Promise.withResolvers<void>();
    source.on("end", done.resolve);
    source.on("close", done.resolve);
    source.on("error", () => {});
    source.on("data", (bytes: Buffer) => {
      try {
        const wait = how.onOutput(stream, bytes);
        if (wait === undefined) return;
        source.pause();
        wait.then(() => source.resume(), ended.reject);
      } catch (error) {
        ended.reject(error);
      }
    });
    return done.promise;
  };
  const settle = (): void => {
    const how = exit();
    // Without a status the server did not say what became of it.
    if (how === undefined) ended.reject(connection.lost(command));
    else ended.resolve(how);
  };
  void Promise.all([read("stdout"), read("stderr"), closed]).then(settle);
  // After a keepalive timeout the channel itself never closes.
  void connection.closed.then(settle);
  channel.end(how.input);
  return { ended: ended.promise, end: () => connection.end(channel) };
}
