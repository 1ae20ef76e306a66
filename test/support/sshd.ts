/** A real OpenSSH server of the test's own: on a free loopback port, with keys and files in a temporary folder. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { accessSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ConnectionPool, type PoolWays } from "../../cli/ssh/connection-pool.ts";
import { DEFAULT_SSH_OPTIONS, type SshOptions } from "../../cli/ssh/ssh-settings.ts";
import { unusedPort } from "./unused-port.ts";

const SSHD = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"].find((path) => existsSync(path));

/** On a machine without a server the tests are skipped, but never in CI. */
export const sshdMissing = SSHD === undefined && process.env["CI"] !== "true";
export const SSHD_TITLE = sshdMissing ? " (skipped: no sshd; apt-get install openssh-server)" : "";

export type Sshd = {
  readonly folder: string;
  readonly port: number;
  /** A private key that may log in. */
  readonly identity: string;
  readonly knownHosts: string;
  /** Everything the server logged. */
  readonly log: () => string;
  /** Process ids of the server processes of connections, children of the listening one. */
  readonly sessions: () => number[];
  /** A client's options that lead here. */
  readonly options: (more?: Partial<SshOptions>) => SshOptions;
  readonly pool: (more?: Partial<SshOptions>, ways?: PoolWays) => ConnectionPool;
  /** The server with other configuration and a new key on the same port. Resolves with the path of the key. */
  readonly restart: (lines?: readonly string[], hostKeyType?: HostKeyType) => Promise<string>;
  readonly end: () => Promise<void>;
};

export type HostKeyType = "ed25519" | "ecdsa" | "rsa";

/** @param lines of sshd_config */
export async function startSshd(lines: readonly string[] = [], clientLines: readonly string[] = []): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), "kdeploy-sshd-"));
  const port = await unusedPort();
  const identity = join(folder, "identity");
  const knownHosts = join(folder, "known_hosts");
  const clientConfig = join(folder, "ssh_config");
  makeKey(identity, "ed25519");
  writeFileSync(join(folder, "authorized_keys"), readFileSync(`${identity}.pub`));
  writeFileSync(
    clientConfig,
    [
      ...clientLines,
      "Host *",
      `UserKnownHostsFile ${knownHosts}`,
      "GlobalKnownHostsFile none",
      "IdentityAgent none",
      "",
    ].join("\n"),
  );
  const pools = new Set<ConnectionPool>();
  let child: ChildProcess | undefined;
  let log = "";
  let keys = 0;

  const start = async (configured: readonly string[], type: HostKeyType): Promise<string> => {
    const hostKey = join(folder, `host_key_${++keys}`);
    makeKey(hostKey, type);
    const config = join(folder, "sshd_config");
    writeFileSync(
      config,
      [
        ...configured,
        `Port ${port}`,
        "ListenAddress 127.0.0.1",
        `HostKey ${hostKey}`,
        `AuthorizedKeysFile ${join(folder, "authorized_keys")}`,
        `PidFile ${join(folder, "pid")}`,
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin yes",
        "UseDNS no",
        // A bash below another shell leaves the user's ~/.bashrc unread: slow, and killed half-way it may leave locks.
        "SetEnv SHLVL=2",
        "",
      ].join("\n"),
    );
    if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    accessSync(SSHD ?? "sshd");
    const server = spawn(SSHD ?? "sshd", ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
    child = server;
    server.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
    for (let attempt = 0; !(await answers(port)); attempt++) {
      if (attempt > 200 || server.exitCode !== null) throw new Error(`sshd did not start: ${log}`);
      await pause(25);
    }
    return hostKey;
  };
  const stop = async (): Promise<void> => {
    const server = child;
    child = undefined;
    if (server === undefined || server.exitCode !== null) return;
    for (const pid of childrenOf(server.pid ?? 0)) endProcess(pid);
    const ended = new Promise((resolve) => server.once("close", resolve));
    server.kill("SIGKILL");
    await ended;
  };
  await start(lines, "ed25519");

  const options = (more: Partial<SshOptions> = {}): SshOptions => ({
    ...DEFAULT_SSH_OPTIONS,
    user: userInfo().username,
    port,
    keys: [identity],
    config: [clientConfig],
    ...more,
  });
  return {
    folder,
    port,
    identity,
    knownHosts,
    log: () => log,
    sessions: () => childrenOf(child?.pid ?? 0),
    options,
    pool: (more, ways) => {
      const pool = new ConnectionPool(options(more), ways);
      pools.add(pool);
      return pool;
    },
    restart: async (configured = lines, type = "ed25519") => {
      await stop();
      return start(configured, type);
    },
    end: async () => {
      await Promise.all([...pools].map((pool) => pool.close()));
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function makeKey(path: string, type: HostKeyType, passphrase = ""): void {
  rmSync(path, { force: true });
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", "test key", "-f", path]);
}

/** The processes whose parent is `pid`, from /proc. */
export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return text === "" ? [] : text.split(" ").map(Number);
  } catch {
    return [];
  }
}

/** `pid` and all below it. */
export function processTree(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(processTree)];
}

function endProcess(pid: number): void {
  for (const one of processTree(pid).toReversed()) {
    try {
      process.kill(one, "SIGKILL");
    } catch {
      // Gone already.
    }
  }
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: "127.0.0.1" });
    socket.once("data", () => {
      resolve(true);
      socket.destroy();
    });
    socket.once("error", () => resolve(false));
  });
}
