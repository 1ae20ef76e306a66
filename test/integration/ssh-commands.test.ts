/** Commands and files over the built-in SSH client, against a real sshd. */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HostError } from "../../cli/execute/host-error.ts";
import { quote, quoteLive } from "../../cli/remote/shell.ts";
import { Secret } from "../../cli/secret/secret.ts";
import { printLine, STRINGS, shellText, wordsOf } from "../support/shell-words.ts";
import { childrenOf, processTree, SSHD_TITLE, type Sshd, sshdMissing, startSshd } from "../support/sshd.ts";

describe.skipIf(sshdMissing)(`commands over SSH${SSHD_TITLE}`, () => {
  let server: Sshd;
  beforeAll(async () => {
    server = await startSshd();
  });
  afterAll(() => server.end());
  const host = () => server.pool().host("127.0.0.1");
  const failure = (promise: Promise<unknown>): Promise<HostError> =>
    promise.then(
      () => Promise.reject(new Error("no failure")),
      (error: HostError) => error,
    );

  test("output, exit codes and signals come back", async () => {
    const one = host();
    expect(await one.run("echo out; echo err >&2; exit 7")).toMatchObject({
      exitCode: 7,
      signal: null,
      stdout: "out\n",
      stderr: "err\n",
      truncated: false,
    });
    expect(await one.run("kill -KILL $$")).toMatchObject({ exitCode: null, signal: "SIGKILL" });
    expect(await one.run("cat")).toMatchObject({ exitCode: 0, stdout: "" });
  });

  test("the exit code of a command that is over at once is not missed", async () => {
    const one = host();
    for (let at = 0; at < 150; at++) expect((await one.run(`exit ${at % 3}`)).exitCode).toBe(at % 3);
  });

  test("the server sees the command exactly as it was given", async () => {
    const recorder = join(server.folder, "record");
    writeFileSync(
      recorder,
      `#!/bin/sh\nprintf '%s' "$SSH_ORIGINAL_COMMAND" > ${server.folder}/recorded\nexec "$SHELL" -c "$SSH_ORIGINAL_COMMAND"\n`,
      { mode: 0o755 },
    );
    const recording = await startSshd([`ForceCommand ${recorder}`]);
    try {
      const command = `echo "a  b" 'c' \\$x; true # ü`;
      expect((await recording.pool().host("127.0.0.1").run(command, { timeoutMs: 20_000 })).exitCode).toBe(0);
      expect(readFileSync(join(server.folder, "recorded"), "utf8")).toBe(command);
    } finally {
      await recording.end();
    }
  });

  test("quoted strings of all kinds reach the server's shell as they are [CLI-09] [CLI-11]", async () => {
    const one = host();
    const texts = fc.sample(shellText, Math.min(STRINGS, 1_000)).map((text) => text.replaceAll("${", "$ {"));
    for (const quoting of [quote, quoteLive]) {
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < texts.length; at += 100) {
        await one.run(printLine(texts.slice(at, at + 100).map(quoting)), {
          onStdout: (bytes) => void chunks.push(bytes),
        });
      }
      expect(wordsOf(Buffer.concat(chunks))).toEqual(texts);
    }
  });

  test("a session for a person has the exit code of its command, and the keys of secrets", async () => {
    const key = new Secret(readFileSync(server.identity, "utf8"));
    const pool = server.pool({ keys: [], keyData: [key], keysOnly: true });
    await pool.host("127.0.0.1").run("true");
    expect(await pool.host("127.0.0.1").interactive("test it = 'it' && exit 42")).toBe(42);
  });

  test("input of a megabyte of any bytes arrives whole, and a command need not read it", async () => {
    const input = randomBytes(1_000_003);
    const one = host();
    const chunks: Uint8Array[] = [];
    await one.run("cat", { input, onStdout: (bytes) => void chunks.push(bytes) });
    expect(Buffer.concat(chunks).equals(input)).toBe(true);
    expect((await one.run("exec <&-; sleep 0.2; exit 3", { input })).exitCode).toBe(3);
    expect((await one.run("wc -c", { input: new Secret("ü".repeat(40_000)) })).stdout.trim()).toBe("80000");
  });

  test("40 commands at once on one host share its connection, which allows ten", async () => {
    const before = server.log().match(/Accepted publickey/g)?.length ?? 0;
    const one = host();
    const results = await Promise.all(Array.from({ length: 40 }, (_, at) => one.run(`sleep 0.1; echo ${at}`)));
    expect(results.map((result) => result.stdout.trim())).toEqual(Array.from({ length: 40 }, (_, at) => String(at)));
    expect((server.log().match(/Accepted publickey/g)?.length ?? 0) - before).toBe(1);
  });

  test("a server that allows two sessions gets two at a time", async () => {
    const narrow = await startSshd(["MaxSessions 2"]);
    try {
      const one = narrow.pool().host("127.0.0.1");
      const results = await Promise.all(Array.from({ length: 12 }, (_, at) => one.run(`sleep 0.05; echo ${at}`)));
      expect(results.map((result) => Number(result.stdout))).toEqual(Array.from({ length: 12 }, (_, at) => at));
    } finally {
      await narrow.end();
    }
  });

  test("a server that allows none says so [CLI-22]", async () => {
    const none = await startSshd(["MaxSessions 0"]);
    try {
      expect(await failure(none.pool().host("127.0.0.1").run("true"))).toMatchObject({
        code: "host-unreachable",
        reason: "channel-refused",
      });
    } finally {
      await none.end();
    }
  });

  describe("hostile output [CLI-15]", () => {
    test("1 GB is read, its ends are kept, memory stays", async () => {
      const one = host();
      const before = process.memoryUsage().rss;
      const result = await one.run("echo first; head -c 1000000000 /dev/zero; echo; echo last", { keepBytes: 10_000 });
      expect(result).toMatchObject({ exitCode: 0, truncated: true });
      expect(result.stdout.startsWith("first\n")).toBe(true);
      expect(result.stdout.endsWith("\nlast\n")).toBe(true);
      expect(result.stdout.length).toBeLessThan(10_100);
      expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
    });

    test("output without an end is ended at its deadline, on the server, too", async () => {
      const one = host();
      const error = await failure(one.run("yes deadline-marker", { timeoutMs: 500 }));
      expect(error).toMatchObject({ code: "command-timed-out" });
      expect(error.message).toContain("It was ended.");
      expect((await one.run("pgrep -fx 'yes deadline-marker'")).stdout).toBe("");
    });

    test("lines come without what drives a terminal", async () => {
      const lines: string[] = [];
      await host().run(
        `printf '\\033]0;title\\007a\\033[31mb\\033[0m\\n\\377\\300x\\r\\n\\033P1;2q\\033\\\\ü'; printf 'e\\000\\b' >&2`,
        {
          onLine: (line, stream) => void lines.push(`${stream}:${line}`),
        },
      );
      expect(lines.toSorted()).toEqual(["stderr:e", "stdout:ab", "stdout:ü", "stdout:\ufffd\ufffdx"].toSorted());
    });

    test("a slow reader of raw output holds the command back", async () => {
      let most = 0;
      let waiting = 0;
      await host().run("head -c 20000000 /dev/zero", {
        onStdout: async () => {
          most = Math.max(most, ++waiting);
          await pause(1);
          waiting -= 1;
        },
      });
      expect(most).toBeLessThan(300);
    });

    test("a failing reader fails its command only", async () => {
      const one = host();
      const broken = one.run("echo a", {
        onLine: () => {
          throw new Error("reader");
        },
      });
      await expect(broken).rejects.toThrow("reader");
      expect((await one.run("echo b")).stdout).toBe("b\n");
    });
  });

  describe("cancelling", () => {
    test("ends the right one of several commands on the server, and what it started [CLI-04]", async () => {
      const one = host();
      const stop = new AbortController();
      const marker = (at: number): string => `sleep 30${at}; true`;
      const others = [1, 2, 4].map((at) => failure(one.run(marker(at), { timeoutMs: 8_000 })));
      const cancelled = failure(one.run(marker(3), { signal: stop.signal }));
      await until(async () => (await one.run("pgrep -fx 'sleep 30[1-4]' | wc -l")).stdout.trim() === "4");
      stop.abort();
      expect(await cancelled).toMatchObject({
        code: "cancelled",
        exitCode: 130,
        message: expect.not.stringContaining("may still"),
      });
      expect(
        (await one.run("ps -eo args | grep -x 'sleep 30[1-4]' | grep -o '30.$'; true")).stdout
          .split("\n")
          .filter(Boolean)
          .toSorted(),
      ).toEqual(["301", "302", "304"]);
      for (const error of await Promise.all(others)) expect(error.message).toContain("It was ended.");
      expect((await one.run("pgrep -fx 'sleep 30[1-4]'; true")).stdout).toBe("");
    });

    test("all at once, a command that ignores the polite signal included", async () => {
      const one = host();
      const stop = new AbortController();
      const commands = [
        ...Array.from({ length: 5 }, (_, at) => `sleep 31${at}; true`),
        "trap '' TERM; sleep 319; sleep 318",
      ];
      const all = commands.map((command) => failure(one.run(command, { signal: stop.signal })));
      await until(async () => (await one.run("pgrep -fx 'sleep 31[0-9]' | wc -l")).stdout.trim() === "6");
      stop.abort();
      for (const error of await Promise.all(all))
        expect(error).toMatchObject({ code: "cancelled", message: expect.not.stringContaining("may still") });
      expect((await one.run("pgrep -afx 'sleep 31[0-9]'; true")).stdout).toBe("");
    });

    test("before the start nothing is run, and one that waits for its turn never starts", async () => {
      const one = host();
      const stop = new AbortController();
      const busy = Array.from({ length: 8 }, () => one.run("sleep 1"));
      const waiting = failure(one.run(`touch ${quote(join(server.folder, "ran"))}`, { signal: stop.signal }));
      await pause(200);
      stop.abort();
      expect(await waiting).toMatchObject({ code: "cancelled" });
      await Promise.all(busy);
      expect(existsSync(join(server.folder, "ran"))).toBe(false);
    });

    test("close ends everything within two seconds", async () => {
      const pool = server.pool();
      const running = failure(pool.host("127.0.0.1").run("sleep 320; true"));
      const other = host();
      const left = async () => (await other.run("pgrep -fx 'sleep 320' | wc -l")).stdout.trim();
      await until(async () => (await left()) === "1");
      const started = performance.now();
      await pool.close();
      expect(performance.now() - started).toBeLessThan(2_500);
      expect(["cancelled", "connection-lost"]).toContain((await running).code);
      expect(await left()).toBe("0");
      expect(await failure(pool.host("127.0.0.1").run("true"))).toMatchObject({ code: "cancelled" });
    });
  });

  describe("a connection that breaks [CLI-03]", () => {
    test("during a command: its fate is not known, and the next command connects anew", async () => {
      const own = await startSshd();
      try {
        const one = own.pool().host("127.0.0.1");
        const running = failure(one.run("sleep 330"));
        await until(() => own.sessions().length === 1 && processTree(own.sessions()[0] ?? 0).length > 1);
        await pause(200);
        for (const pid of own.sessions().flatMap((session) => [session, ...childrenOf(session)]))
          process.kill(pid, "SIGKILL");
        expect(await running).toMatchObject({
          code: "connection-lost",
          exitCode: 6,
          message: expect.stringContaining("is not known"),
        });
        expect((await one.run("echo again")).stdout).toBe("again\n");
      } finally {
        await own.end();
      }
    });

    test("commands that wait for their turn run over a new connection", async () => {
      const own = await startSshd();
      try {
        const one = own.pool().host("127.0.0.1");
        const under = Array.from({ length: 8 }, () => failure(one.run("sleep 332")));
        const waiting = one.run("echo later");
        await until(async () => own.sessions().flatMap(processTree).length > 8);
        await pause(300);
        // The server processes before the commands, whose ends they would report.
        for (const pid of own.sessions().flatMap(processTree)) process.kill(pid, "SIGKILL");
        for (const error of await Promise.all(under)) expect(error).toMatchObject({ code: "connection-lost" });
        expect((await waiting).stdout).toBe("later\n");
      } finally {
        await own.end();
      }
    });

    test("a server that falls silent is noticed by keepalives", async () => {
      const own = await startSshd();
      const stopped: number[] = [];
      try {
        const one = own.pool({}, { keepaliveIntervalMs: 200 }).host("127.0.0.1");
        const running = failure(one.run("sleep 331"));
        await until(() => own.sessions().length === 1 && processTree(own.sessions()[0] ?? 0).length > 1);
        await pause(200);
        for (const pid of own.sessions().flatMap((session) => [session, ...childrenOf(session)])) {
          process.kill(pid, "SIGSTOP");
          stopped.push(pid);
        }
        const started = performance.now();
        expect(await running).toMatchObject({ code: "connection-lost" });
        expect(performance.now() - started).toBeLessThan(10_000);
      } finally {
        for (const pid of stopped) process.kill(pid, "SIGCONT");
        await own.end();
      }
    });
  });

  describe("files", () => {
    const names = () => readdirSync(server.folder);

    test("arrive with their mode, whole, in one step, and leave nothing beside", async () => {
      const one = host();
      const path = join(server.folder, "it's a $file");
      const content = randomBytes(300_000);
      await one.upload({ path, mode: 0o640, content });
      expect(readFileSync(path).equals(content)).toBe(true);
      expect(statSync(path).mode & 0o777).toBe(0o640);
      const inode = statSync(path).ino;
      await one.upload({ path, mode: 0o600, content: new Secret("päss\n") });
      expect(readFileSync(path, "utf8")).toBe("päss\n");
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(statSync(path).ino).not.toBe(inode);
      await one.upload({ path, mode: 0o600, content: "" });
      expect(readFileSync(path, "utf8")).toBe("");
      expect(names().filter((name) => name.startsWith(".it"))).toEqual([]);
    });

    test("a file is readable by nobody else while it arrives, whatever its mode will be", async () => {
      const own = host();
      const stop = new AbortController();
      // So large that it is seen half-way.
      const uploading = own
        .upload(
          { path: join(server.folder, "slow"), mode: 0o644, content: "s3cr3t".repeat(5_000_000) },
          { signal: stop.signal },
        )
        .catch(() => {});
      let mode: number | undefined;
      await until(() => {
        const name = names().find((one) => one.startsWith(".slow."));
        if (name !== undefined) mode = statSync(join(server.folder, name), { throwIfNoEntry: false })?.mode ?? mode;
        return mode !== undefined || names().includes("slow");
      });
      expect((mode ?? 0o600) & 0o777).toBe(0o600);
      stop.abort();
      await uploading;
      expect(names().filter((name) => name.startsWith(".slow."))).toEqual([]);
    });

    test("a connection that breaks half-way leaves the old file [CLI-02]", async () => {
      const own = await startSshd();
      try {
        const path = join(server.folder, "kept");
        writeFileSync(path, "old");
        const uploading = failure(
          own
            .pool()
            .host("127.0.0.1")
            .upload({ path, mode: 0o600, content: Buffer.alloc(200_000_000) }),
        );
        await until(() => names().some((name) => name.startsWith(".kept.")));
        for (const session of own.sessions())
          for (const pid of [session, ...childrenOf(session)]) {
            // The server process only: the command sees its input end.
            if (readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("sshd")) process.kill(pid, "SIGKILL");
          }
        expect(await uploading).toMatchObject({ code: "connection-lost" });
        await until(() => !names().some((name) => name.startsWith(".kept.")));
        expect(readFileSync(path, "utf8")).toBe("old");
      } finally {
        await own.end();
      }
    });

    test("failures name their cause", async () => {
      const one = host();
      const upload = (path: string, content = "x") => failure(one.upload({ path, mode: 0o600, content }));
      expect(await upload(join(server.folder, "none/file"))).toMatchObject({
        code: "upload-failed",
        message: expect.stringContaining("its directory does not exist"),
      });
      expect((await upload(server.folder)).message).toContain("a directory of this name");
      expect((await upload(join(server.identity, "file"))).message).toMatch(/not a directory|does not exist/);
      expect((await upload("/proc/file")).message).toMatch(/directory does not exist|no permission/);
      expect((await upload("/dev/full/x")).message).toMatch(/not a directory|does not exist/);
    });
  });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("never came");
    await pause(20);
  }
}
