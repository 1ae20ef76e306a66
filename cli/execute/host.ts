/** The port through which work reaches a machine: run a command there, put a file there. Implemented over SSH and locally. */
import type { Secret } from "../secret/secret.ts";

export interface Host {
  /** As configured; what people know the machine by. */
  readonly name: string;

  /**
   * Runs one line of POSIX shell in the user's home and resolves with what came of it, whatever its exit code.
   * @throws KdeployError `host-unreachable`, `connection-lost` (whether the command ran on is not known),
   *   `command-timed-out` (it was told to end), `cancelled`
   */
  run(command: string, options?: RunOptions): Promise<RunResult>;

  /**
   * Puts a file in place of whatever was there, in one step: a reader sees the old or the new one. Its directory exists.
   * @throws KdeployError as `run`, and `upload-failed`
   */
  upload(file: UploadedFile, options?: UploadOptions): Promise<void>;

  /** Runs a command with this terminal as its own, and resolves with its exit code. */
  interactive(command: string): Promise<number>;

  /**
   * From now on, 127.0.0.1:`remotePort` on the machine leads to 127.0.0.1:`localPort` on this one, until it is closed; closing
   * never fails, and ends within seconds.
   * @throws KdeployError `forward-refused` (the port is taken there, or forwarding is forbidden), `host-unreachable` and its
   *   like, `cancelled`
   */
  forwardBack(ports: BackPorts, options?: ForwardOptions): Promise<BackForward>;
}

export type BackPorts = { readonly remotePort: number; readonly localPort: number };

export type ForwardOptions = { readonly signal?: AbortSignal };

export type BackForward = { close(): Promise<void> };

export type RunOptions = {
  /** From its start on the host to its end; none by default, because pulls and drains take as long as they take. */
  readonly timeoutMs?: number;
  /** Given to the command on stdin, which then ends; without it stdin is empty. */
  readonly input?: string | Uint8Array | Secret;
  /** Output kept, bytes for stdout and stderr each; what is beyond is dropped from the middle. Default 1 MiB. */
  readonly keepBytes?: number;
  /** Told of each line as it comes, without its newline and without control characters. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** For `--raw`: stdout as it is, byte for byte; nothing of it is kept. A promise holds the command's output back. */
  readonly onStdout?: (bytes: Uint8Array) => Promise<void> | undefined;
  readonly signal?: AbortSignal;
};

export type RunResult = {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** UTF-8; what is not, is replaced. */
  readonly stdout: string;
  readonly stderr: string;
  /** Something of the output was dropped. */
  readonly truncated: boolean;
  readonly durationMs: number;
};

export type UploadedFile = {
  /** Relative to the user's home, or absolute. */
  readonly path: string;
  /** Permission bits, `0o600`. */
  readonly mode: number;
  readonly content: string | Uint8Array | Secret;
};

export type UploadOptions = { readonly signal?: AbortSignal };
