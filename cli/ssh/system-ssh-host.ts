/** The port through the `ssh` program of this machine, for what only OpenSSH can do: FIDO keys, certificates, Kerberos. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
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
import { cancelled, forwardRefused, HostError, shortened } from "../execute/host-error.ts";
import { runInTerminal, settledWithin, startProgram } from "../execute/spawned-command.ts";
import { inputBytes, type StartedCommand, supervise } from "../execute/supervised-command.ts";
import { parseHostAddress } from "./host-address.ts";
import {
  CLOSE_TIMEOUT_MS,
  CONNECT_TIMEOUT_MS,
  FORWARD_CLOSE_TIMEOUT_MS,
  MAX_CHANNELS,
  REMOTE_END_TIMEOUT_MS,
} from "./limits.ts";
import type { PrivateFolder } from "./private-folder.ts";
import { endLine } from "./remote-end.ts";
import { Slots } from "./slots.ts";
import { forwardArguments, interactiveArguments, masterArguments, sharedArguments } from "./ssh-arguments.ts";
import type { SshOptions } from "./ssh-settings.ts";
import { uploadFailure, uploadLine } from "./upload-command.ts";

export type SystemSshHow = {
  readonly options: SshOptions;
  readonly folder: PrivateFolder;
  /** Bounds connections that are starting, over all hosts. */
  readonly starts: Slots;
  /** False where StrictHostKeyChecking says that unknown hosts are refused. */
  readonly acceptNew: () => Promise<boolean>;
  /** A short name for the control socket, of which the system allows about 100 characters. */
  readonly socketName: string;
  readonly signal: AbortSignal;
};

type Master = { readonly process: ChildProcess; readonly controlPath: string; readonly gone: Promise<unknown> };

/** @throws HostError `ssh-program-missing` */
export async function interactiveSession(
  name: string,
  command: string,
  options: SshOptions,
  folder: PrivateFolder,
): Promise<number> {
  const { keyFiles, configFile } = await folder.files();
  try {
    const hasTerminal = process.stdin.isTTY;
    return await runInTerminal("ssh", interactiveArguments(name, command, options, keyFiles, configFile, hasTerminal));
  } catch (error) {
    throw programFailure(name, error);
  }
}

export class SystemSshHost implements Host {
  readonly name: string;
  readonly #how: SystemSshHow;
  readonly #slots = new Slots(MAX_CHANNELS);
  #master: Promise<Master> | undefined;
  #running = 0;
  /** Ports that lead here. Asked a second time for one, ssh just says yes. */
  readonly #forwarded = new Set<number>();

  constructor(name: string, how: SystemSshHow) {
    this.name = name;
    this.#how = how;
  }

  run(command: string, options: RunOptions = {}): Promise<RunResult> {
    const signal =
      options.signal === undefined ? this.#how.signal : AbortSignal.any([options.signal, this.#how.signal]);
    return supervise(this.name, command, { ...options, signal }, async (how) => {
      const release = await this.#slots.take(signal).catch(() => {
        throw cancelled(this.name, command);
      });
      try {
        const master = await this.#connected(signal);
        const started = await startProgram(
          "ssh",
          sharedArguments(this.name, master.controlPath, this.#how.options, command),
          how,
        );
        this.#running += 1;
        const free = (): void => {
          this.#running -= 1;
          release();
        };
        started.ended.then(free, free);
        return this.#withFate(started, master, command);
      } catch (error) {
        release();
        throw error instanceof HostError ? error : programFailure(this.name, error);
      }
    });
  }

  async upload(file: UploadedFile, options: UploadOptions = {}): Promise<void> {
    const content = inputBytes(file.content) ?? Buffer.alloc(0);
    const result = await this.run(uploadLine(file, content.length), { ...options, input: content });
    if (result.exitCode !== 0) throw uploadFailure(this.name, file.path, result);
  }

  interactive(command: string): Promise<number> {
    return interactiveSession(this.name, command, this.#how.options, this.#how.folder);
  }

  /** Closing it turns new visitors away; those that are in stay until they leave, or the connection ends. */
  async forwardBack(ports: BackPorts, { signal }: ForwardOptions = {}): Promise<BackForward> {
    const all = signal === undefined ? this.#how.signal : AbortSignal.any([signal, this.#how.signal]);
    if (all.aborted) throw cancelled(this.name, "forwarding");
    const { remotePort } = ports;
    if (this.#forwarded.has(remotePort)) throw forwardRefused(this.name, remotePort);
    this.#forwarded.add(remotePort);
    try {
      const { controlPath } = await this.#connected(all);
      const refusal = await this.#forward("forward", controlPath, ports, CONNECT_TIMEOUT_MS);
      if (refusal !== undefined) throw forwardRefused(this.name, remotePort, new Error(refusal));
      let closed = false;
      const close = async (): Promise<void> => {
        if (closed) return;
        closed = true;
        await this.#forward("cancel", controlPath, ports, FORWARD_CLOSE_TIMEOUT_MS).catch(() => {});
        this.#forwarded.delete(remotePort);
      };
      return { close };
    } catch (error) {
      this.#forwarded.delete(remotePort);
      throw error instanceof HostError ? error : programFailure(this.name, error);
    }
  }

  async close(): Promise<void> {
    const master = await this.#master?.catch(() => undefined);
    if (master === undefined) return;
    master.process.kill("SIGTERM");
    if (!(await settledWithin(master.gone, CLOSE_TIMEOUT_MS))) master.process.kill("SIGKILL");
  }

  /** 255 is the command's own code or that of ssh: it is ssh's when the master connection is gone. */
  #withFate(started: StartedCommand, master: Master, command: string): StartedCommand {
    const ended = started.ended.then(async (result) => {
      if (result.exitCode !== 255 || !(await settledWithin(master.gone, 200))) return result;
      throw new HostError(
        this.name,
        "connection-lost",
        "lost",
        `The connection to ${this.name} broke off during: ${shortened(command)} Whether it ran to its end is not known.`,
      );
    });
    ended.catch(() => {});
    const end = async (): Promise<boolean> => {
      // The order in which the server started several is not known here, so one is ended only when it is alone.
      const endedThere = this.#running === 1 && (await this.#endThere(master));
      return (await started.end()) && endedThere;
    };
    return { ended, end };
  }

  /** Resolves with what ssh said when it could not. */
  async #forward(
    verb: "forward" | "cancel",
    controlPath: string,
    ports: BackPorts,
    timeoutMs: number,
  ): Promise<string | undefined> {
    let said = "";
    const onOutput = (_stream: unknown, bytes: Uint8Array): undefined => {
      said += Buffer.from(bytes).toString();
    };
    const args = forwardArguments(verb, this.name, controlPath, ports);
    const told = await startProgram("ssh", args, { input: undefined, onOutput, signal: undefined });
    if (await settledWithin(told.ended, timeoutMs)) return (await told.ended).exitCode === 0 ? undefined : said;
    await told.end();
    return `no answer within ${timeoutMs} ms`;
  }

  async #endThere(master: Master): Promise<boolean> {
    const started = await startProgram(
      "ssh",
      sharedArguments(this.name, master.controlPath, this.#how.options, endLine([1], 1)),
      {
        input: undefined,
        onOutput: () => undefined,
        signal: undefined,
      },
    );
    if (!(await settledWithin(started.ended, REMOTE_END_TIMEOUT_MS))) return false;
    return (await started.ended.catch(() => undefined))?.exitCode === 0;
  }

  #connected(signal: AbortSignal): Promise<Master> {
    if (this.#master !== undefined) return this.#master;
    const made = this.#connect(signal);
    this.#master = made;
    const forget = (): void => {
      if (this.#master === made) this.#master = undefined;
    };
    made.then((master) => master.gone.then(forget), forget);
    return made;
  }

  async #connect(signal: AbortSignal): Promise<Master> {
    const release = await this.#how.starts.take(signal);
    try {
      const { folder, keyFiles, configFile } = await this.#how.folder.files();
      const controlPath = join(folder, this.#how.socketName);
      const acceptNew = await this.#how.acceptNew();
      const args = masterArguments(this.name, controlPath, this.#how.options, keyFiles, configFile, acceptNew);
      const child = spawn("ssh", args, { stdio: ["ignore", "ignore", "pipe"], detached: true });
      let said = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        said = (said + text).slice(-4000);
      });
      const gone = new Promise<void>((resolve) => {
        child.on("close", () => resolve());
        child.on("error", (error) => {
          said = error.message;
          resolve();
        });
      });
      const deadline = performance.now() + CONNECT_TIMEOUT_MS + 5_000;
      // The control socket answers when the connection is ready for commands.
      while (!(await this.#answers(controlPath))) {
        if (signal.aborted || performance.now() > deadline) child.kill("SIGKILL");
        if (await settledWithin(gone, 0))
          throw signal.aborted ? cancelled(this.name, "connecting") : refusedBySsh(this.name, said);
        await pause(20);
      }
      return { process: child, controlPath, gone };
    } finally {
      release();
    }
  }

  async #answers(controlPath: string): Promise<boolean> {
    const child = spawn(
      "ssh",
      ["-F", "/dev/null", "-S", controlPath, "-O", "check", "--", parseHostAddress(this.name).host],
      { stdio: "ignore" },
    );
    return new Promise((resolve) => {
      child.on("error", () => resolve(false));
      child.on("close", (code) => resolve(code === 0));
    });
  }
}

const SAID: readonly (readonly [
  RegExp,
  ConstructorParameters<typeof HostError>[1],
  ConstructorParameters<typeof HostError>[2],
])[] = [
  [/REMOTE HOST IDENTIFICATION HAS CHANGED|REVOKED HOST KEY/i, "host-key-changed", "host-key"],
  [/Host key verification failed/i, "host-key-unknown", "host-key"],
  [/Permission denied|Too many authentication failures/i, "ssh-authentication-failed", "authentication"],
  [/Could not resolve hostname/i, "host-unreachable", "dns"],
  [/Connection refused/i, "host-unreachable", "refused"],
  [/timed out/i, "host-unreachable", "timeout"],
  [/No route to host|Network is unreachable/i, "host-unreachable", "unreachable"],
  [/Bad configuration option|terminating, \d+ bad configuration/i, "ssh-config-invalid", "configuration"],
];

function refusedBySsh(name: string, said: string): HostError {
  if (/ENOENT/.test(said)) return programFailure(name, { code: "ENOENT" });
  const found = SAID.find(([pattern]) => pattern.test(said));
  const words = said
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim()
    .slice(-600);
  return new HostError(
    name,
    found?.[1] ?? "host-unreachable",
    found?.[2] ?? "handshake",
    `${name} cannot be reached with ssh: ${words || "it ended without a word"}`,
  );
}

function programFailure(name: string, error: unknown): HostError {
  if ((error as { code?: unknown }).code !== "ENOENT") throw error;
  return new HostError(
    name,
    "ssh-program-missing",
    "configuration",
    `To reach ${name} like this, the program ssh is needed, and this machine has none.`,
    {
      hint: "It is part of OpenSSH's client.",
    },
  );
}
