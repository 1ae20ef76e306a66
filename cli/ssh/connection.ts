/** One live SSH connection: command lines and forwardings in, channels out; and what is known when it breaks. */
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { Client, ClientChannel } from "ssh2";
import { cancelled, forwardRefused, HostError, shortened } from "../execute/host-error.ts";
import { settledWithin } from "../execute/spawned-command.ts";
import { type BackDoor, backDoor } from "./back-forward.ts";
import {
  CHANNEL_PAUSE_MS,
  CLOSE_TIMEOUT_MS,
  END_ON_CLOSE_MS,
  FORWARD_CLOSE_TIMEOUT_MS,
  MAX_CHANNEL_REFUSALS,
  MAX_CHANNELS,
  REMOTE_END_TIMEOUT_MS,
} from "./limits.ts";
import { endLine, NO_PROC, OTHER_COUNT } from "./remote-end.ts";
import { Slots } from "./slots.ts";

/**
 * A command's channel. Of a short command all packets may come in one piece, and its events with them, before whoever
 * waited for the channel goes on: so they are noted from the first moment.
 */
export type CommandChannel = {
  readonly channel: ClientChannel;
  /** What the server said of its end, once it did. */
  readonly exit: () => { readonly exitCode: number | null; readonly signal: string | null } | undefined;
  readonly closed: Promise<void>;
};

/** A command that the server runs for us; in the order of their starts. */
type Running = { readonly channel: ClientChannel; readonly gone: Promise<void> };

/** The connection ended before a command was sent over it: another connection may run it. */
export class ConnectionGone extends Error {}

export class Connection {
  readonly host: string;
  readonly #client: Client;
  readonly #transport: Duplex;
  readonly #slots = new Slots(MAX_CHANNELS);
  readonly #running = new Set<Running>();
  readonly #closed = Promise.withResolvers<void>();
  /** By the server's port. */
  readonly #backDoors = new Map<number, BackDoor>();
  #why: Error | undefined;
  #isClosed = false;
  readonly #ended = Promise.withResolvers<void>();
  #isEnding = false;
  #uses = 0;
  #lastUsedAt = performance.now();
  /** Those that are on their way. They are sent, and started by the server, in the order in which they were wanted: nobody waits for the one before. */
  #starting: Promise<unknown> = Promise.resolve();
  #toEnd: Running[] = [];
  #ending: Promise<void> | undefined;

  /** `transport` is what the client runs over. */
  constructor(host: string, client: Client, transport: Duplex) {
    this.host = host;
    this.#client = client;
    this.#transport = transport;
    // As many as there are visitors wait for it at a time.
    transport.setMaxListeners(0);
    client.on("error", (error) => {
      this.#why ??= error;
    });
    client.on("end", () => this.#endBegins());
    client.on("close", () => {
      this.#endBegins();
      this.#isClosed = true;
      this.#closed.resolve();
      for (const door of this.#backDoors.values()) door.hangUp();
      this.#backDoors.clear();
    });
    client.on("tcp connection", ({ destPort }, accept, reject) => {
      const door = this.#backDoors.get(destPort);
      if (door === undefined) reject();
      else door.admit(accept, reject);
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Fulfilled when the connection has ended, for whatever reason. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Fulfilled as soon as nothing new should be run over it. */
  get ending(): Promise<void> {
    return this.#ended.promise;
  }

  /** For how long nothing has used it, in milliseconds; 0 while something does. */
  get idleMs(): number {
    return this.#uses > 0 || this.#backDoors.size > 0 ? 0 : performance.now() - this.#lastUsedAt;
  }

  /**
   * Opens a channel in which the server runs `command`; waits while eight are open.
   * @throws ConnectionGone, HostError `cancelled`, `host-unreachable` (channel refused: not run), `connection-lost`
   */
  async exec(command: string, signal?: AbortSignal): Promise<CommandChannel> {
    for (let refusals = 0; ; refusals++) {
      const release = await this.#slots.take(signal).catch(() => {
        throw cancelled(this.host, command);
      });
      const free = this.#use(release);
      try {
        if (this.#isEnding) throw new ConnectionGone();
        const started = await this.#start(command);
        this.#track(started, free);
        return started;
      } catch (error) {
        free();
        // Refused for the number of channels: the server allows fewer than we thought, and has not run anything.
        const others = this.#running.size;
        if (!(error instanceof HostError && error.reason === "channel-refused")) throw error;
        if (others > 0) this.#slots.lower(others);
        // It may still be clearing away those that have just ended.
        else if (refusals < MAX_CHANNEL_REFUSALS) await pause(CHANNEL_PAUSE_MS);
        else throw error;
      }
    }
  }

  /** A stream to an address as the server sees it. */
  async forwardOut(address: string, port: number): Promise<Duplex> {
    const free = this.#use(() => {});
    try {
      const channel = await this.#settled<ClientChannel>((done) =>
        this.#client.forwardOut("127.0.0.1", 0, address, port, done),
      );
      channel.on("error", () => {});
      const close = (): void => {
        free();
        channel.destroy();
      };
      channel.once("close", close);
      this.closed.then(() => {
        free();
        // The library leaves forwarded streams open when their connection breaks.
        channel.push(null);
        channel.emit("close");
      }, close);
      return channel;
    } catch (error) {
      free();
      throw error;
    }
  }

  /**
   * Lets the server's loopback `remotePort` lead to this machine's loopback `localPort`, until the closer is called.
   * @throws ConnectionGone, HostError `forward-refused`
   */
  async forwardBack(remotePort: number, localPort: number): Promise<() => Promise<void>> {
    const free = this.#use(() => {});
    const door = backDoor(localPort, this.#transport);
    try {
      if (this.#isEnding || this.#backDoors.has(remotePort)) throw new Error("not possible");
      // Before the server says yes: visitors may come along with its answer.
      this.#backDoors.set(remotePort, door);
      await this.#settled<number>((done) => this.#client.forwardIn("127.0.0.1", remotePort, done));
    } catch (error) {
      if (this.#backDoors.get(remotePort) === door) this.#backDoors.delete(remotePort);
      throw this.#isEnding ? new ConnectionGone() : forwardRefused(this.host, remotePort, error);
    } finally {
      free();
    }
    return async () => {
      if (this.#backDoors.get(remotePort) !== door) return;
      this.#backDoors.delete(remotePort);
      door.hangUp();
      if (this.#isClosed) return;
      const ended = this.#settled<void>((done) =>
        this.#client.unforwardIn("127.0.0.1", remotePort, (error) => done(error ?? undefined, undefined)),
      );
      await settledWithin(ended, FORWARD_CLOSE_TIMEOUT_MS);
    };
  }

  /** Tells a command to end, and insists. Fulfilled within seconds: did its channel close? */
  async end(channel: ClientChannel): Promise<boolean> {
    const running = [...this.#running].find((one) => one.channel === channel);
    if (running === undefined) return true;
    this.#toEnd.push(running);
    // Several that are cancelled at the same time are ended by one command.
    this.#ending ??= this.#endAll();
    await this.#ending;
    const ended = await settledWithin(running.gone, 500);
    if (!ended) channel.close();
    return ended && !this.#isClosed;
  }

  /** Says goodbye, and hangs up when that takes too long. Commands that are being ended get a second for it. */
  async close(): Promise<void> {
    this.#endBegins();
    if (this.#ending !== undefined) await settledWithin(this.#ending, END_ON_CLOSE_MS);
    if (this.#isClosed) return;
    this.#client.end();
    if (!(await settledWithin(this.closed, CLOSE_TIMEOUT_MS))) this.#client.destroy();
  }

  /** What to tell of a command that was under way when the connection broke. */
  lost(command: string): HostError {
    const why = this.#why === undefined ? "" : ` (${this.#why.message})`;
    return new HostError(
      this.host,
      "connection-lost",
      "lost",
      `The connection to ${this.host} broke off${why} during: ${shortened(command)} Whether it ran to its end is not known.`,
      { cause: this.#why },
    );
  }

  #start(command: string): Promise<CommandChannel> {
    const start = async (): Promise<CommandChannel> => {
      if (this.#isClosed) throw new ConnectionGone();
      try {
        return await this.#settled<CommandChannel>((settle) => this.#client.exec(command, notedFor(settle)));
      } catch (error) {
        if (this.#isClosed || !isRefusal(error)) throw this.lost(command);
        const forwarding = isForwardingRefusal(error);
        const message = `${this.host} refuses to ${forwarding ? "use this machine's agent" : "run commands"}: ${(error as Error).message}`;
        throw new HostError(this.host, "host-unreachable", forwarding ? "configuration" : "channel-refused", message, {
          cause: error,
          hint: forwarding ? "Its sshd says AllowAgentForwarding no: switch ssh/forward_agent off." : undefined,
        });
      }
    };
    const started = start();
    this.#starting = Promise.allSettled([this.#starting, started]);
    return started;
  }

  #track({ channel, closed }: CommandChannel, free: () => void): void {
    const gone = Promise.withResolvers<void>();
    const running = { channel, gone: gone.promise };
    this.#running.add(running);
    const over = (): void => {
      this.#running.delete(running);
      free();
      gone.resolve();
    };
    closed.then(over, over);
    // Channels of a connection that breaks need not close.
    this.closed.then(over, over);
  }

  /** Settles with the callback or with the end of the connection, which may come without one. */
  async #settled<Value>(begin: (done: (error: Error | undefined, value: Value) => void) => void): Promise<Value> {
    const answer = Promise.withResolvers<Value>();
    try {
      begin((error, value) => (error ? answer.reject(error) : answer.resolve(value)));
    } catch (error) {
      answer.reject(error);
    }
    const gone = this.closed.then(() => {
      throw new Error("the connection is closed");
    });
    return Promise.race([answer.promise, gone]);
  }

  #endBegins(): void {
    this.#isEnding = true;
    this.#ended.resolve();
  }

  #use(release: () => void): () => void {
    this.#uses += 1;
    let done = false;
    return () => {
      if (done) return;
      done = true;
      this.#uses -= 1;
      this.#lastUsedAt = performance.now();
      release();
    };
  }

  async #endAll(): Promise<void> {
    await new Promise(setImmediate);
    // The numbers differ for a moment while a command ends by itself: looked at anew each time.
    for (let attempt = 0; attempt < 4 && !this.#isClosed; attempt++) {
      await this.#starting;
      const batch = this.#toEnd.filter((one) => this.#running.has(one));
      if (batch.length === 0) break;
      const places = [...this.#running].flatMap((one, at) => (batch.includes(one) ? [at + 1] : []));
      const code = await this.#exitCode(endLine(places, this.#running.size));
      if (code === 0) await settledWithin(Promise.all(batch.map((one) => one.gone)), 500);
      if (code === NO_PROC) break;
      if (code === OTHER_COUNT) await settledWithin(Promise.race(batch.map((one) => one.gone)), 200);
    }
    this.#toEnd = [];
    this.#ending = undefined;
  }

  async #exitCode(command: string): Promise<number | undefined> {
    const ran = this.#start(command).then(async ({ channel, exit, closed }) => {
      channel.resume();
      channel.stderr.resume();
      channel.end();
      await closed;
      return exit()?.exitCode ?? undefined;
    });
    const ended = await settledWithin(Promise.race([ran, this.closed]), REMOTE_END_TIMEOUT_MS);
    return ended && !this.#isClosed ? ran.catch(() => undefined) : undefined;
  }
}

function notedFor(settle: (error: Error | undefined, value: CommandChannel) => void) {
  return (error: Error | undefined, channel: ClientChannel): void => {
    if (error) settle(error, undefined as never);
    else settle(undefined, noted(channel));
  };
}

function noted(channel: ClientChannel): CommandChannel {
  const closed = Promise.withResolvers<void>();
  let exit: ReturnType<CommandChannel["exit"]>;
  channel.on("exit", (code: number | null, signal?: string) => {
    exit = { exitCode: code, signal: code === null ? (signal ?? null) : null };
  });
  channel.on("close", () => closed.resolve());
  channel.on("error", () => {});
  return { channel, exit: () => exit, closed: closed.promise };
}

/** The server said no; all other failures leave open what it did. RFC 4254 §5.1 */
function isRefusal(error: unknown): boolean {
  const { reason, message } = error as { reason?: unknown; message?: unknown };
  return typeof reason === "number" || message === "Unable to exec" || isForwardingRefusal(error);
}

function isForwardingRefusal(error: unknown): boolean {
  return /agent forwarding/i.test(String((error as { message?: unknown }).message));
}
