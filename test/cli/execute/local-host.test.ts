import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { HostError } from "../../../cli/execute/host-error.ts";
import { LocalHost } from "../../../cli/execute/local-host.ts";
import { Secret } from "../../../cli/secret/secret.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const failure = (promise: Promise<unknown>): Promise<HostError> =>
  promise.then(
    () => Promise.reject(new Error("no failure")),
    (error: HostError) => error,
  );

describe("commands on this machine", () => {
  test("output, exit codes, signals, input, folder and environment", async () => {
    const cwd = await temporaryDirectory();
    const host = new LocalHost({ cwd, env: { PATH: process.env["PATH"], GREETING: "hi" } });
    expect(await host.run("pwd; echo $GREETING; echo err >&2; exit 3")).toMatchObject({
      exitCode: 3,
      stdout: `${cwd}\nhi\n`,
      stderr: "err\n",
    });
    expect(await host.run("kill -TERM $$")).toMatchObject({ exitCode: null, signal: "SIGTERM" });
    expect((await host.run("wc -c", { input: new Secret("x".repeat(200_000)) })).stdout.trim()).toBe("200000");
    expect((await host.run("exit 0", { input: "x".repeat(5_000_000) })).exitCode).toBe(0);
    expect((await host.run("cat")).stdout).toBe("");
  });

  test("the whole process group ends on cancel, and on a deadline, however stubborn [CLI-04]", async () => {
    const folder = await temporaryDirectory();
    const host = new LocalHost({ cwd: folder });
    const stop = new AbortController();
    const running = failure(host.run("sh -c 'echo $$ > child; sleep 60' & wait", { signal: stop.signal }));
    await eventually(
      "the child runs",
      () => existsSync(join(folder, "child")) && readFileSync(join(folder, "child"), "utf8") !== "",
      10_000,
    );
    stop.abort();
    expect(await running).toMatchObject({ code: "cancelled", exitCode: 130 });
    // Nobody may have collected it yet, but it runs no more.
    const stat = `/proc/${readFileSync(join(folder, "child"), "utf8").trim()}/stat`;
    await eventually("the child is gone", () => !existsSync(stat) || readFileSync(stat, "utf8").includes(") Z "));
    const stubborn = await failure(host.run("trap '' TERM; while :; do sleep 0.1; done", { timeoutMs: 100 }));
    expect(stubborn).toMatchObject({ code: "command-timed-out", message: expect.stringContaining("It was ended.") });
  });

  test("output that never ends is cut off and bounded [CLI-15]", async () => {
    const error = await failure(new LocalHost().run("yes", { timeoutMs: 300, keepBytes: 1_000 }));
    expect(error.code).toBe("command-timed-out");
  });

  test("already cancelled, nothing is run", async () => {
    const folder = await temporaryDirectory();
    const error = await failure(new LocalHost({ cwd: folder }).run("touch ran", { signal: AbortSignal.abort() }));
    expect(error.code).toBe("cancelled");
    expect(readdirSync(folder)).toEqual([]);
  });

  test("files are put in place in one step, with their mode", async () => {
    const folder = await temporaryDirectory();
    const host = new LocalHost({ cwd: folder });
    writeFileSync(join(folder, "file"), "old", { mode: 0o644 });
    await host.upload({ path: "file", mode: 0o600, content: new Secret("new") });
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("new");
    expect(statSync(join(folder, "file")).mode & 0o777).toBe(0o600);
    expect(await failure(host.upload({ path: "none/file", mode: 0o600, content: "" }))).toMatchObject({
      code: "upload-failed",
    });
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  test("a port of this machine leads here already; to another one it does not", async () => {
    const host = new LocalHost();
    await (await host.forwardBack({ remotePort: 5000, localPort: 5000 })).close();
    expect(await failure(host.forwardBack({ remotePort: 5000, localPort: 5001 }))).toMatchObject({
      code: "forward-refused",
    });
  });
});
