/** Connections of the built-in SSH client, against real sshds. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createConnection, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { HostError } from "../../cli/execute/host-error.ts";
import { Secret } from "../../cli/secret/secret.ts";
import type { SshNotice } from "../../cli/ssh/host-keys.ts";
import { makeKey, SSHD_TITLE, type Sshd, sshdMissing, startSshd } from "../support/sshd.ts";

const failure = (promise: Promise<unknown>): Promise<HostError> =>
  promise.then(
    () => Promise.reject(new Error("no failure")),
    (error: HostError) => error,
  );

describe.skipIf(sshdMissing)(`connections over SSH${SSHD_TITLE}`, () => {
  let server: Sshd;
  beforeAll(async () => {
    server = await startSshd();
  });
  afterAll(() => server.end());
  const hello = (pool = server.pool()) => pool.host("127.0.0.1").run("echo hello");

  describe("host keys [CLI-16]", () => {
    afterEach(() => rmSync(server.knownHosts, { force: true }));

    test("an unknown one is stored once, with its fingerprint told, by many connections at a time", async () => {
      const notices: SshNotice[] = [];
      const pools = Array.from({ length: 6 }, () => server.pool({}, { onNotice: (notice) => notices.push(notice) }));
      await Promise.all(pools.map(hello));
      expect(readFileSync(server.knownHosts, "utf8").split("\n")).toHaveLength(2);
      expect(statSync(server.knownHosts).mode & 0o777).toBe(0o600);
      expect(notices[0]?.message).toMatch(/ssh-ed25519 SHA256:[A-Za-z0-9+/]{43} is trusted/);
      await hello(server.pool({}, { onNotice: () => expect.unreachable("known now") }));
    });

    test("a changed one is refused, with both fingerprints, the file and the line", async () => {
      const own = await startSshd();
      try {
        writeFileSync(own.knownHosts, "# a comment without an end of line");
        await hello(own.pool());
        await own.restart([], "ed25519");
        const error = await failure(hello(own.pool()));
        expect(error).toMatchObject({ code: "host-key-changed", reason: "host-key" });
        expect(error.message).toMatch(
          /shows another host key than the known one: ssh-ed25519 SHA256:\S+\. Known is ssh-ed25519 SHA256:\S+ \(.*known_hosts, line 2\)/,
        );
        expect(error.hint).toContain(`ssh-keygen -R '[127.0.0.1]:${own.port}'`);
        await own.restart([], "ecdsa");
        expect(await failure(hello(own.pool()))).toMatchObject({
          code: "host-key-changed",
          message: expect.stringContaining("no host key of the types"),
        });
      } finally {
        await own.end();
      }
    });

    test("a known one of another type than the preferred is no change", async () => {
      const own = await startSshd();
      try {
        for (const type of ["rsa", "ecdsa"] as const) {
          makeKey(join(own.folder, "preferred"), "ed25519");
          const key = await own.restart([`HostKey ${join(own.folder, "preferred")}`], type);
          writeFileSync(own.knownHosts, `[127.0.0.1]:${own.port} ${readFileSync(`${key}.pub`, "utf8")}`);
          expect((await hello(own.pool({}, { onNotice: () => expect.unreachable("known") }))).stdout).toBe("hello\n");
        }
      } finally {
        await own.end();
      }
    });

    test("with StrictHostKeyChecking an unknown one is refused", async () => {
      const strict = await startSshd([], ["StrictHostKeyChecking yes"]);
      try {
        const error = await failure(hello(strict.pool()));
        expect(error).toMatchObject({ code: "host-key-unknown", message: expect.stringContaining("SHA256:") });
        expect(existsSync(strict.knownHosts)).toBe(false);
      } finally {
        await strict.end();
      }
    });

    test("HashKnownHosts is kept to", async () => {
      const hashing = await startSshd([], ["HashKnownHosts yes"]);
      try {
        await hello(hashing.pool());
        expect(readFileSync(hashing.knownHosts, "utf8")).toMatch(/^\|1\|\S+\|\S+ ssh-ed25519 /);
        await hello(hashing.pool({}, { onNotice: () => expect.unreachable("known now") }));
      } finally {
        await hashing.end();
      }
    });

    test("where it cannot be stored, the notice says so", async () => {
      mkdirSync(server.knownHosts);
      const notices: string[] = [];
      await hello(server.pool({}, { onNotice: ({ message }) => notices.push(message) }));
      expect(notices.join()).toContain("It could not be stored");
      rmSync(server.knownHosts, { recursive: true });
    });
  });

  describe("logging in", () => {
    test("an encrypted key is named, with what to do", async () => {
      const key = join(server.folder, "encrypted");
      makeKey(key, "ed25519", "a passphrase");
      const error = await failure(hello(server.pool({ keys: [key, join(server.folder, "nothing")] })));
      expect(error).toMatchObject({ code: "ssh-authentication-failed", exitCode: 6 });
      expect(error.message).toContain(`${key} is encrypted: add it to an agent with ssh-add`);
      expect(error.message).toContain("nothing does not exist");
    });

    test("a refused key is named", async () => {
      const key = join(server.folder, "stranger");
      makeKey(key, "rsa");
      const error = await failure(hello(server.pool({ keys: [key] })));
      expect(error.message).toContain(`Offered: ${key}`);
    });

    test("keys come from secrets, too; what is no key is an error", async () => {
      const key = new Secret(readFileSync(server.identity, "utf8"));
      expect((await hello(server.pool({ keys: [], keyData: [key], keysOnly: true }))).stdout).toBe("hello\n");
      const error = await failure(hello(server.pool({ keyData: [new Secret("no-key-at-all")] })));
      expect(error).toMatchObject({ code: "ssh-key-unusable" });
      expect(JSON.stringify(error) + error.message).not.toContain("no-key-at-all");
    });

    test("an agent's key is used where the configured one is encrypted, and before a stranger's", async () => {
      const socket = join(server.folder, "agent");
      const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
      try {
        await untilExists(socket);
        for (let at = 0; at < 7; at++) {
          const other = join(server.folder, `other-${at}`);
          makeKey(other, "ed25519");
          await program("ssh-add", [other], { SSH_AUTH_SOCK: socket });
        }
        await program("ssh-add", [server.identity], { SSH_AUTH_SOCK: socket });
        const encrypted = join(server.folder, "locked");
        writeFileSync(encrypted, readFileSync(server.identity), { mode: 0o600 });
        await program("ssh-keygen", ["-p", "-q", "-P", "", "-N", "a passphrase", "-f", encrypted], {});
        const config = join(server.folder, "agent_config");
        writeFileSync(config, `IdentityAgent ${socket}\nUserKnownHostsFile ${server.knownHosts}\n`);
        // Eight keys are more than the six that the server lets us try: the named one has to come first.
        expect((await hello(server.pool({ keys: [encrypted], config: [config] }))).stdout).toBe("hello\n");
        const tooMany = await failure(hello(server.pool({ keys: [join(server.folder, "none")], config: [config] })));
        expect(tooMany.message).toMatch(/does not let \S+ log in/);
        expect(tooMany.hint).toContain("Too many keys");
        const pub = join(server.folder, "only.pub");
        writeFileSync(pub, readFileSync(`${server.identity}.pub`));
        expect((await hello(server.pool({ keys: [pub], keysOnly: true, config: [config] }))).stdout).toBe("hello\n");
      } finally {
        agent.kill();
      }
    });

    test("the agent is forwarded when asked for; a server that forbids it says so", async () => {
      const socket = join(server.folder, "agent-2");
      const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
      const forbidding = await startSshd(["AllowAgentForwarding no"]);
      try {
        await untilExists(socket);
        await program("ssh-add", [server.identity], { SSH_AUTH_SOCK: socket });
        const config = join(server.folder, "agent_2_config");
        writeFileSync(config, `IdentityAgent ${socket}\nUserKnownHostsFile ${server.knownHosts}\n`);
        const run = (one: Sshd, forwardAgent?: boolean) =>
          one
            .pool({ config: [config], forwardAgent })
            .host("127.0.0.1")
            .run("ssh-add -l");
        expect((await run(server, true)).stdout).toContain("test key");
        expect((await run(server)).exitCode).not.toBe(0);
        expect((await failure(run(forbidding, true))).hint).toContain("forward_agent");
      } finally {
        agent.kill();
        await forbidding.end();
      }
    });

    test("a new login is made after disconnect", async () => {
      const pool = server.pool();
      const login = async () => (await pool.host("127.0.0.1").run("echo $SSH_CONNECTION")).stdout;
      const first = await login();
      expect(await login()).toBe(first);
      await pool.disconnect("127.0.0.1");
      expect(await login()).not.toBe(first);
    });

    test("a server that takes passwords only says so", async () => {
      const own = await startSshd(["PubkeyAuthentication no", "PasswordAuthentication yes"]);
      try {
        expect((await failure(hello(own.pool()))).message).toContain("The server accepts only password");
      } finally {
        await own.end();
      }
    });
  });

  describe("unreachable servers [CLI-01]", () => {
    test.each([
      ["a name without an address", "no-such-host.invalid", {}, "dns"],
      ["a port where nobody listens", "127.0.0.1", { port: 1 }, "refused"],
    ] as const)("%s", async (_, name, more, reason) => {
      const error = await failure(
        server
          .pool({ dnsRetries: 1, ...more })
          .host(name)
          .run("true"),
      );
      expect(error).toMatchObject({ code: "host-unreachable", reason, exitCode: 6, host: name });
    });

    test("a listener that says nothing, one that hangs up, and one that is no SSH server", async () => {
      const silent = createServer(() => {}).listen(0, "127.0.0.1");
      const closing = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
      const web = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(0, "127.0.0.1");
      const config = join(server.folder, "short");
      writeFileSync(config, "ConnectTimeout 1\n");
      try {
        await Promise.all([silent, closing, web].map(async (one) => (one.listening ? [] : once(one, "listening"))));
        const at = (listener: typeof silent) =>
          server.pool({ port: (listener.address() as AddressInfo).port, config: [config] });
        expect(await failure(hello(at(silent)))).toMatchObject({ code: "host-unreachable", reason: "timeout" });
        expect(await failure(hello(at(web)))).toMatchObject({ code: "host-unreachable" });
        const slow = join(server.folder, "slow");
        writeFileSync(slow, "ConnectTimeout 10\n");
        const hangsUp = server.pool({ port: (closing.address() as AddressInfo).port, config: [slow] });
        expect(await failure(hello(hangsUp))).toMatchObject({ code: "host-unreachable", reason: "handshake" });
      } finally {
        for (const one of [silent, closing, web]) one.close();
      }
    });

    test("names that ssh would take for options are refused [CLI-12]", () => {
      const pool = server.pool();
      for (const name of ["-oProxyCommand=touch /tmp/x", "user@-x", "a b", "host\nother", "", "-", "$(id)", "a;b"]) {
        expect(() => pool.host(name), name).toThrow(expect.objectContaining({ code: "host-name-invalid" }));
      }
    });

    test("connections that a busy server drops are made again (MaxStartups)", async () => {
      const busy = await startSshd(["MaxStartups 1:100:1"]);
      try {
        const holding = createConnection({ port: busy.port, host: "127.0.0.1" });
        await once(holding, "connect");
        const connecting = hello(busy.pool());
        setTimeout(() => holding.destroy(), 500);
        expect((await connecting).stdout).toBe("hello\n");
        expect(busy.log()).toMatch(/MaxStartups|drop connection/i);
      } finally {
        await busy.end();
      }
    });

    test("cancelling ends the wait for a connection", async () => {
      const silent = createServer(() => {}).listen(0, "127.0.0.1");
      try {
        if (!silent.listening) await once(silent, "listening");
        const stop = new AbortController();
        const waiting = failure(
          server
            .pool({ port: (silent.address() as AddressInfo).port })
            .host("127.0.0.1")
            .run("true", { signal: stop.signal }),
        );
        setTimeout(() => stop.abort(), 100);
        expect(await waiting).toMatchObject({ code: "cancelled" });
      } finally {
        silent.close();
      }
    });
  });

  describe("ways there", () => {
    test("jump hosts, one behind the other, each over one connection", async () => {
      const [first, second] = [await startSshd(), await startSshd()];
      try {
        for (const hop of [first, second])
          appendFileSync(join(hop.folder, "authorized_keys"), readFileSync(`${server.identity}.pub`));
        const user = server.options().user;
        const pool = server.pool({ proxy: `${user}@127.0.0.1:${first.port},${user}@127.0.0.1:${second.port}` });
        expect((await hello(pool)).stdout).toBe("hello\n");
        const port = (await pool.host("127.0.0.1").run("echo $SSH_CONNECTION")).stdout;
        expect(port).toContain(String(server.port));
        expect(first.log().match(/Accepted publickey/g)).toHaveLength(1);
        expect(second.log().match(/Accepted publickey/g)).toHaveLength(1);
        const behind = await failure(
          server
            .pool({ port: 1, proxy: `${user}@127.0.0.1:${first.port}` })
            .host("127.0.0.1")
            .run("true"),
        );
        expect(behind).toMatchObject({ code: "host-unreachable", reason: "proxy" });
        const lost = failure(pool.host("127.0.0.1").run("sleep 340"));
        await new Promise((resolve) => setTimeout(resolve, 300));
        await first.end();
        expect(await lost).toMatchObject({ code: "connection-lost" });
      } finally {
        await Promise.all([first.end(), second.end()]);
      }
    });

    test("ProxyJump and HostName of the user's own configuration", async () => {
      const config = join(server.folder, "jump_config");
      const user = server.options().user;
      writeFileSync(
        config,
        `Host inner\nHostName 127.0.0.1\nProxyJump middle\nHost middle\nHostName 127.0.0.1\nUser ${user}\nPort ${server.port}\nHost *\nUserKnownHostsFile ${server.knownHosts}\n`,
      );
      expect(
        (
          await server
            .pool({ config: [config] })
            .host("inner")
            .run("echo hello")
        ).stdout,
      ).toBe("hello\n");
    });

    test("a proxy command, whose complaint is told when it fails", async () => {
      const proxyCommand = `exec 3<>/dev/tcp/%h/%p; cat <&3 & cat >&3`;
      const bash = `bash -c '${proxyCommand}'`;
      expect((await hello(server.pool({ proxyCommand: bash }))).stdout).toBe("hello\n");
      const error = await failure(hello(server.pool({ proxyCommand: "sh -c 'echo no way through >&2; exit 1'" })));
      expect(error).toMatchObject({ code: "host-unreachable", message: expect.stringContaining("no way through") });
    });

    test("an idle connection is closed, and the next command makes a new one", async () => {
      const own = await startSshd();
      try {
        const one = own.pool({ poolIdleTimeoutMs: 300 }).host("127.0.0.1");
        await one.run("true");
        for (let waited = 0; own.sessions().length > 0 && waited < 100; waited++)
          await new Promise((resolve) => setTimeout(resolve, 50));
        expect(own.sessions()).toEqual([]);
        expect((await one.run("echo again")).stdout).toBe("again\n");
      } finally {
        await own.end();
      }
    });
  });
});

async function program(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: "ignore" });
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`${file} ended with ${code}`);
}

async function untilExists(path: string): Promise<void> {
  for (let waited = 0; !existsSync(path); waited++) {
    if (waited > 200) throw new Error(`${path} never came`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
