import { describe, expect, test } from "vitest";
import { onHosts } from "../../../cli/execute/on-hosts.ts";
import { runCommand, uploadFile } from "../../../cli/execute/run-command.ts";
import type { Work } from "../../../cli/execute/work.ts";
import { Redactor } from "../../../cli/secret/redactor.ts";
import { Secret } from "../../../cli/secret/secret.ts";
import { type Answer, Recording, RecordingHost } from "../../support/recording-host.ts";
import { SimulatedFleet } from "../../support/simulated-fleet.ts";

const PASSWORD = "correct horse battery";

function against(answer: Answer, more: Partial<Work> = {}) {
  const recording = new Recording();
  const fleet = new SimulatedFleet();
  const redactor = new Redactor();
  redactor.add(new Secret(PASSWORD));
  const work = fleet.work({ host: (name) => new RecordingHost(name, recording, () => answer), redactor, ...more });
  return { fleet, recording, work };
}

describe("a command", () => {
  test("is told from its beginning to its end", async () => {
    const { fleet, work } = against({ stdout: "a\nb\n", stderr: "c\n" });
    expect(await runCommand(work, "one", "ls", { level: "debug" })).toMatchObject({ exitCode: 0, stdout: "a\nb\n" });
    const [{ id } = { id: "" }] = fleet.events as { id: string }[];
    expect(id).toMatch(/^[0-9a-f]{8}$/);
    expect(fleet.events).toEqual([
      { event: "command-started", id, host: "one", shown: "ls", level: "debug" },
      { event: "command-output", id, host: "one", stream: "stdout", line: "a", level: "debug" },
      { event: "command-output", id, host: "one", stream: "stdout", line: "b", level: "debug" },
      { event: "command-output", id, host: "one", stream: "stderr", line: "c", level: "debug" },
      { event: "command-finished", id, host: "one", exitCode: 0, durationMs: expect.any(Number), level: "debug" },
    ]);
  });

  test("that says how it goes on is told so, and that is no part of what it printed", async () => {
    const stderr = "Progress: draining: 2 in flight\nno such service\n";
    const { fleet, work } = against({ exitCode: 1, stderr });
    const progress = (line: string) => /^Progress: (.*)/.exec(line)?.[1];
    const error = await runCommand(work, "one", "commit", { progress }).catch((error: unknown) => error);
    expect(error).toMatchObject({ details: ["no such service"] });
    expect(fleet.events).toContainEqual({ event: "progress", host: "one", text: "draining: 2 in flight" });
    const printed = fleet.events.flatMap((event) => (event.event === "command-output" ? [event.line] : []));
    expect(printed).toEqual(["no such service"]);
  });

  test("that fails says what it said last, without secrets [CLI-14]", async () => {
    const { fleet, work } = against({ exitCode: 2, stdout: "out", stderr: `first\nwrong password: ${PASSWORD}\n` });
    const error = await runCommand(work, "one", `login ${PASSWORD}`).catch((error: unknown) => error);
    expect(error).toMatchObject({
      code: "command-failed",
      host: "one",
      exitCode: 1,
      exitCodeOfCommand: 2,
      message: "one: login [REDACTED] exited 2",
      details: ["first", "wrong password: [REDACTED]"],
    });
    expect(JSON.stringify(fleet.events)).not.toContain(PASSWORD);
    expect(await runCommand(work, "one", "x", { tolerate: true })).toMatchObject({ exitCode: 2 });
  });

  test("that changes something is only said in a dry run; one that reads is run", async () => {
    const { fleet, recording, work } = against({ stdout: "read" }, { dryRun: true });
    const login = { command: "docker login -p x", shown: "docker login", input: new Secret("x") };
    expect(await runCommand(work, "one", login, { placeholder: "ID" })).toMatchObject({ exitCode: 0, stdout: "ID" });
    await uploadFile(work, "one", { path: "a.env", mode: 0o600, content: "" });
    expect(await runCommand(work, "one", "docker ps", { reads: true })).toMatchObject({ stdout: "read" });
    expect(recording.on("one")).toEqual(["docker ps"]);
    expect(fleet.said()).toEqual([
      "one: would run on one: docker login",
      "one: would run on one: upload a.env (mode 0600)",
    ]);
  });

  test("is not begun after a cancellation, unless it undoes something", async () => {
    const { recording, work } = against({}, { signal: AbortSignal.abort() });
    await expect(runCommand(work, "one", "more")).rejects.toMatchObject({ code: "cancelled", exitCode: 130 });
    await runCommand(work, "one", "undo", { signal: null });
    expect(recording.on("one")).toEqual(["undo"]);
  });
});

describe("work on several hosts", () => {
  test("comes to its end everywhere, no more at a time than the limit [CLI-21]", async () => {
    const hosts = Array.from({ length: 20 }, (_, number) => `h${number}`);
    const fleet = new SimulatedFleet({ limits: { maxHostsAtOnce: 3 } });
    let now = 0;
    let most = 0;
    const results = await onHosts(fleet.work(), hosts, async (host) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return host.length;
    });
    expect(most).toBe(3);
    expect(results.size).toBe(20);
  });

  test("names every host that failed, and is as bad as they agree on", async () => {
    const { work } = against({ exitCode: 1, stderr: "no space left" });
    const error = await onHosts(work, ["a", "b"], (host) => runCommand(work, host, "x")).catch(
      (error: unknown) => error,
    );
    expect(error).toMatchObject({
      code: "several-hosts-failed",
      message: "2 hosts failed: a, b",
      details: ["a: x exited 1", "  no space left", "b: x exited 1", "  no space left"],
    });
    const single = onHosts(work, ["a", "b"], (host) => runCommand(work, host, "x", { tolerate: host === "b" }));
    await expect(single).rejects.toMatchObject({ code: "command-failed", host: "a" });
  });
});
