/** The port through the machine's own ssh, against a real sshd. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HostError } from "../../cli/execute/host-error.ts";
import { Secret } from "../../cli/secret/secret.ts";
import { makeKey, SSHD_TITLE, type Sshd, sshdMissing, startSshd } from "../support/sshd.ts";

const failure = (promise: Promise<unknown>): Promise<HostError> =>
  promise.then(
    () => Promise.reject(new Error("no failure")),
    (error: HostError) => error,
  );

describe.skipIf(sshdMissing)(`the system's ssh${SSHD_TITLE}`, () => {
  let server: Sshd;
  beforeAll(async () => {
    server = await startSshd();
  });
  afterAll(() => server.end());
  const system = () => server.pool({ transport: "system" });

  test("runs commands, with codes and input, over one connection", async () => {
    const before = server.log().match(/Accepted publickey/g)?.length ?? 0;
    const one = system().host("127.0.0.1");
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, at) => one.run(`cat; exit ${at}`, { input: `in ${at}` })),
    );
    expect(results.map(({ exitCode, stdout }) => [exitCode, stdout])).toEqual(
      Array.from({ length: 12 }, (_, at) => [at, `in ${at}`]),
    );
    expect((await one.run("exit 255")).exitCode).toBe(255);
    expect((server.log().match(/Accepted publickey/g)?.length ?? 0) - before).toBe(1);
    const path = join(server.folder, "by system");
    await one.upload({ path, mode: 0o600, content: new Secret("x") });
    expect(readFileSync(path, "utf8")).toBe("x");
  });

  test("cancels on the server, notices a lost connection, names failures, and leaves nothing behind", async () => {
    const own = await startSshd();
    try {
      const pool = own.pool({ transport: "system", keyData: [new Secret(readFileSync(own.identity, "utf8"))] });
      const one = pool.host("127.0.0.1");
      expect((await failure(one.run("sleep 350; true", { timeoutMs: 500 }))).message).toContain("It was ended.");
      expect((await one.run("pgrep -fx 'sleep 350'; true")).stdout).toBe("");
      const running = failure(one.run("sleep 351"));
      await new Promise((resolve) => setTimeout(resolve, 500));
      await own.restart();
      expect(await running).toMatchObject({ code: "connection-lost" });
      expect(await failure(one.run("true"))).toMatchObject({ code: "host-key-changed" });
      expect(await failure(own.pool({ transport: "system", port: 1 }).host("127.0.0.1").run("true"))).toMatchObject({
        code: "host-unreachable",
        reason: "refused",
      });
      const stranger = join(own.folder, "stranger");
      makeKey(stranger, "ed25519");
      rmSync(own.knownHosts);
      expect(
        await failure(
          own
            .pool({ transport: "system", keys: [stranger], keysOnly: true })
            .host("127.0.0.1")
            .run("true"),
        ),
      ).toMatchObject({
        code: "ssh-authentication-failed",
      });
    } finally {
      await own.end();
    }
  });
});
