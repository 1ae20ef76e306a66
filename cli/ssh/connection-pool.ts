/** All servers of one process: names in, hosts out; each reached over one connection, made when first wanted. */
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { Host } from "../execute/host.ts";
import { cancelled, HostError } from "../execute/host-error.ts";
import { settledWithin } from "../execute/spawned-command.ts";
import { connect } from "./connect.ts";
import { Connection } from "./connection.ts";
import { parseHostAddress } from "./host-address.ts";
import { HostKeys, type SshNotice } from "./host-keys.ts";
import { CLOSE_TIMEOUT_MS, END_ON_CLOSE_MS, MAX_JUMPS, START_RETRIES } from "./limits.ts";
import { type AskOpenssh, askSsh, cachedOpenssh } from "./openssh-config.ts";
import { PrivateFolder } from "./private-folder.ts";
import { Slots } from "./slots.ts";
import { type HostSettings, hostSettings, jumpSettings, type SshOptions } from "./ssh-settings.ts";
import { Ssh2Host } from "./ssh2-host.ts";
import { interactiveSession, SystemSshHost } from "./system-ssh-host.ts";
import { openProxyCommand, openTcp, retryPauseMs } from "./transport-stream.ts";

export type PoolWays = {
  /** A first connection to an unknown server, and the like. */
  readonly onNotice?: (notice: SshNotice) => void;
  readonly ask?: AskOpenssh;
  /** Shorter in tests. */
  readonly keepaliveIntervalMs?: number;
};

export class ConnectionPool {
  readonly #options: SshOptions;
  readonly #ways: PoolWays;
  readonly #ask: AskOpenssh;
  readonly #hostKeys: HostKeys;
  readonly #folder: PrivateFolder;
  readonly #starts: Slots;
  readonly #ending = new AbortController();
  readonly #hosts = new Map<string, Ssh2Host | SystemSshHost>();
  /** By user, address, port and way there. */
  readonly #connections = new Map<string, Promise<Connection>>();
  #sweeper: NodeJS.Timeout | undefined;

  constructor(options: SshOptions, ways: PoolWays = {}) {
    this.#options = options;
    this.#ways = ways;
    this.#ask = cachedOpenssh(ways.ask ?? askSsh);
    this.#hostKeys = new HostKeys(ways.onNotice ?? (() => {}));
    this.#folder = new PrivateFolder(options);
    this.#starts = new Slots(options.maxConcurrentStarts);
  }

  /** @throws HostError `host-name-invalid` */
  host(name: string): Host {
    parseHostAddress(name);
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const made = this.#options.transport === "system" ? this.#systemHost(name) : this.#builtInHost(name);
    this.#hosts.set(name, made);
    return made;
  }

  /** The live connection to a host of the built-in transport, for forwardings. */
  async connection(name: string, signal?: AbortSignal): Promise<Connection> {
    const all = signal === undefined ? this.#ending.signal : AbortSignal.any([signal, this.#ending.signal]);
    if (all.aborted) throw cancelled(name, "connecting");
    // Whoever gives up waiting does not take the connection from those who wait on.
    return abandonable(this.#shared(await hostSettings(name, this.#options, this.#ask), 0), all, name);
  }

  /** Hangs up on a host, so that the next command logs in anew (a user's new groups count only then). */
  async disconnect(name: string): Promise<void> {
    const host = this.#hosts.get(name);
    if (host instanceof SystemSshHost) return host.close();
    const key = connectionKey(await hostSettings(name, this.#options, this.#ask), []);
    const made = await this.#connections.get(key)?.catch(() => undefined);
    await made?.close();
  }

  /** Cancels what is under way and ends all connections, within two seconds. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    this.#ending.abort();
    // The commands under way hear of it first.
    await new Promise(setImmediate);
    const closing = [
      ...[...this.#connections.values()].map(async (made) => (await made.catch(() => undefined))?.close()),
      ...[...this.#hosts.values()].map(async (host) => (host instanceof SystemSshHost ? host.close() : undefined)),
    ];
    await settledWithin(Promise.allSettled(closing), END_ON_CLOSE_MS + CLOSE_TIMEOUT_MS + 100);
    await this.#folder.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #builtInHost(name: string): Ssh2Host {
    return new Ssh2Host(name, {
      connection: (signal) => this.connection(name, signal),
      interactive: (command) => interactiveSession(name, command, this.#options, this.#folder),
      signal: this.#ending.signal,
    });
  }

  #systemHost(name: string): SystemSshHost {
    return new SystemSshHost(name, {
      options: this.#options,
      folder: this.#folder,
      starts: this.#starts,
      acceptNew: async () => !(await hostSettings(name, this.#options, this.#ask)).knownHosts.strict,
      socketName: String(this.#hosts.size + 1),
      signal: this.#ending.signal,
    });
  }

  #shared(settings: HostSettings, depth: number, hops: readonly string[] = []): Promise<Connection> {
    const key = connectionKey(settings, hops);
    const known = this.#connections.get(key);
    if (known !== undefined) return known;
    const made = this.#make(settings, depth, hops);
    this.#connections.set(key, made);
    const forget = (): void => {
      if (this.#connections.get(key) === made) this.#connections.delete(key);
    };
    made.then((connection) => connection.ending.then(forget), forget);
    this.#sweeper ??= setInterval(
      () => void this.#closeIdle(),
      Math.max(1_000, this.#options.poolIdleTimeoutMs / 4),
    ).unref();
    return made;
  }

  async #make(settings: HostSettings, depth: number, hops: readonly string[]): Promise<Connection> {
    const { signal } = this.#ending;
    if (depth > MAX_JUMPS) {
      throw new HostError(
        settings.name,
        "ssh-config-invalid",
        "configuration",
        `The way to ${settings.name} has more than ${MAX_JUMPS} jump hosts.`,
      );
    }
    const via = await this.#lastHop(settings, depth, hops);
    for (let attempt = 0; ; attempt++) {
      const release = await this.#starts.take(signal).catch(() => {
        throw cancelled(settings.name, "connecting");
      });
      try {
        let transport: Duplex | undefined;
        const client = await connect(settings, {
          hostKeys: this.#hostKeys,
          open: async (signal, onProxyOutput) => {
            transport = await this.#open(settings, via, signal, onProxyOutput);
            return transport;
          },
          signal,
          keepaliveIntervalMs: this.#ways.keepaliveIntervalMs,
        });
        return new Connection(settings.name, client, transport as Duplex);
      } catch (error) {
        // A busy server drops connections at random before the handshake (MaxStartups); nothing has run yet.
        const again =
          error instanceof HostError && error.reason === "handshake" && attempt < START_RETRIES && !signal.aborted;
        if (!again) throw error;
      } finally {
        release();
      }
      await pause(retryPauseMs(attempt + 1), undefined, { signal }).catch(() => {});
    }
  }

  async #open(
    settings: HostSettings,
    via: Connection | undefined,
    signal: AbortSignal,
    onProxyOutput: (text: string) => void,
  ): Promise<Duplex> {
    if (settings.route.kind === "command" && via === undefined)
      return openProxyCommand(settings.route.command, onProxyOutput);
    if (via === undefined) return openTcp(settings, this.#options.dnsRetries, signal);
    try {
      return await via.forwardOut(settings.address, settings.port);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new HostError(
        settings.name,
        "host-unreachable",
        "proxy",
        `${settings.name} cannot be reached from the jump host ${via.host}: ${why}`,
        {
          cause: error,
        },
      );
    }
  }

  /** The connection to the last jump host on the way, each hop reached over the one before. */
  async #lastHop(settings: HostSettings, depth: number, before: readonly string[]): Promise<Connection | undefined> {
    // A hop in the middle of a list is reached over the list, whatever its own configuration says.
    const { hops, defaultUser } =
      before.length > 0
        ? { hops: before, defaultUser: undefined }
        : settings.route.kind === "jump"
          ? settings.route
          : { hops: [], defaultUser: undefined };
    const last = hops.at(-1);
    if (last === undefined) return undefined;
    const withUser = hops.map((hop) =>
      hop.includes("@") || defaultUser === undefined ? hop : `${defaultUser}@${hop}`,
    );
    const hop = await jumpSettings(withUser.at(-1) as string, undefined, this.#options, this.#ask);
    return this.#shared(hop, depth + 1, withUser.slice(0, -1));
  }

  async #closeIdle(): Promise<void> {
    for (const made of this.#connections.values()) {
      const connection = await made.catch(() => undefined);
      if (connection !== undefined && connection.idleMs >= this.#options.poolIdleTimeoutMs) await connection.close();
    }
  }
}

function connectionKey(settings: HostSettings, hops: readonly string[]): string {
  return JSON.stringify([settings.user, settings.address, settings.port, settings.route, hops]);
}

async function abandonable(made: Promise<Connection>, signal: AbortSignal, name: string): Promise<Connection> {
  const gaveUp = Promise.withResolvers<never>();
  const abort = (): void => gaveUp.reject(cancelled(name, "connecting"));
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([made, gaveUp.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
