import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EverydayFleet } from "../../support/everyday-fleet.ts";
import { recordingWebhook } from "../../support/recording-webhook.ts";
import { THREE_HOSTS } from "../../support/simulated-fleet.ts";

/** Secrets and hooks of a project. */
async function withFiles(fleet: EverydayFleet, secrets: string, hooks: Readonly<Record<string, string>> = {}) {
  const folder = join(await fleet.directory(), ".kamal");
  mkdirSync(join(folder, "hooks"), { recursive: true });
  writeFileSync(join(folder, "secrets"), secrets);
  for (const [name, script] of Object.entries(hooks)) {
    writeFileSync(join(folder, "hooks", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return fleet;
}

const NOTIFY = "notify: [{ url: HOOK, on: [started, finished, failed, rolled-back, maintenance, live] }]\n";
const events = (posted: readonly { readonly body: unknown }[]) =>
  posted.map(({ body }) => (body as { event: string }).event);

describe("notify", () => {
  test("what visitors notice is told, with or without hooks; what they do not is not [C16]", async () => {
    const { posted, url } = await recordingWebhook();
    const fleet = await withFiles(new EverydayFleet({ config: THREE_HOSTS + NOTIFY }), `HOOK=${url}/T1/secret-token\n`);
    await fleet.run("app maintenance");
    await fleet.run("app live --skip-hooks");
    await fleet.run("app exec --reuse -p date");
    await fleet.run("app details");
    await fleet.run("lock acquire -m me");
    await fleet.run("lock release");
    expect(events(posted)).toEqual(["started", "maintenance", "started", "live"]);
    expect(posted[1]?.body).toMatchObject({
      command: "app maintenance",
      service: "app",
      version: null,
      hosts: ["one", "two", "three"],
      error: null,
    });
  });

  test("a rollback is told of with the version that it went to", async () => {
    const { posted, url } = await recordingWebhook();
    const config = THREE_HOSTS + NOTIFY.replace("started, ", "");
    const fleet = await withFiles(new EverydayFleet({ config, serving: "v2" }), `HOOK=${url}\n`);
    for (const server of fleet.servers.values()) server.images.add("v1");
    const { exitCode, err } = await fleet.run("rollback v1");
    expect(exitCode, err).toBe(0);
    expect(posted.map(({ body }) => body)).toMatchObject([{ event: "rolled-back", version: "v1" }]);
  });

  test("one that cannot be told is a warning, and the command ends as it would have", async () => {
    const { url } = await recordingWebhook(() => 404);
    const fleet = await withFiles(new EverydayFleet({ config: THREE_HOSTS + NOTIFY }), `HOOK=${url}/T1/secret-token\n`);
    const { exitCode, err, out } = await fleet.run("app live");
    expect(exitCode).toBe(0);
    expect(err).toContain("Warning: HOOK was not notified: status 404");
    expect(err + out).not.toContain("secret-token");
  });

  test("a dry run says what it would tell, and reads no secrets for it", async () => {
    const fleet = new EverydayFleet({ config: THREE_HOSTS + NOTIFY });
    const { exitCode, out } = await fleet.run("app live --dry-run");
    expect(exitCode).toBe(0);
    expect(out).toMatch(/would tell HOOK \(json\): app: app live started, by .*, 3 hosts\./);
    expect(out).toMatch(/would tell HOOK \(json\): app: maintenance ended, by .*, 3 hosts\./);
  });
});

describe("output", () => {
  test("file and collector at once, for a command that changes something, and it is said where the log is", async () => {
    const { posted, url } = await recordingWebhook();
    const config = `${THREE_HOSTS}output: { file: { path: log }, otel: { endpoint: "${url}" } }\n`;
    const fleet = await withFiles(new EverydayFleet({ config }), "API_KEY=very-secret-key\nX=$API_KEY\n");
    fleet.script(/kamal-proxy resume/, { stdout: "resumed with very-secret-key\n" });
    await fleet.run("app details");
    expect(posted).toEqual([]);
    await fleet.run("app live --dry-run");
    expect(posted).toEqual([]);
    const { out } = await fleet.run("app live -h one");
    const folder = join(await fleet.directory(), "log");
    const [file = "", ...others] = readdirSync(folder);
    expect(others).toEqual([]);
    expect(file).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d_app_live\.log$/);
    expect(out).toContain(`The log is in ${join(folder, file)}\n`);
    expect(out).toContain(`The log went to ${url}/v1/logs\n`);
    const log = readFileSync(join(folder, file), "utf8");
    expect(log).toContain("resumed with");
    expect(log).toMatch(/\napp live completed in \d+\.\d seconds\n$/);
    const sent = JSON.stringify(posted);
    expect(sent).toContain("kamal.start");
    expect(sent).toContain("resumed with");
    expect(sent).toContain("kamal.complete");
  });

  test("secrets that are known stay out of both", async () => {
    const { posted, url } = await recordingWebhook();
    const config = `${THREE_HOSTS}output: { file: { path: log }, otel: { endpoint: "${url}" } }\n`;
    const script = 'echo "got $API_KEY"';
    const fleet = await withFiles(new EverydayFleet({ config }), "API_KEY=very-secret-key\n", {
      "pre-connect": script,
    });
    await fleet.run("app live -h one");
    const folder = join(await fleet.directory(), "log");
    const log = readFileSync(join(folder, readdirSync(folder)[0] ?? ""), "utf8");
    for (const text of [log, JSON.stringify(posted)]) {
      expect(text).toContain("got [REDACTED]");
      expect(text).not.toContain("very-secret-key");
    }
  });
});

describe("deploy-failed", () => {
  const NOTE = 'echo "$KAMAL_COMMAND $KAMAL_LOCK $KAMAL_ERROR_CODE $KAMAL_ERROR" >>failed.log';
  const failed = async (fleet: EverydayFleet) => readFileSync(join(await fleet.directory(), "failed.log"), "utf8");

  test("runs when a deploy has failed, after the lock was given back [C16]", async () => {
    const fleet = await withFiles(new EverydayFleet(), "", { "deploy-failed": NOTE });
    fleet.server("two").behaviour = () => ({ exits: { code: 1, restarts: 0 } });
    const { exitCode, err } = await fleet.run("redeploy -P");
    expect(exitCode).toBe(1);
    expect(await failed(fleet)).toMatch(/^redeploy false boot-failed web did not come up on two: .*\n$/);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
    expect(err).toContain("ERROR (boot-failed)");
  });

  test("does not run after a failure of another command, in a dry run, or with --skip-hooks", async () => {
    const fleet = await withFiles(new EverydayFleet(), "", { "deploy-failed": NOTE });
    fleet.server("one").pullable = false;
    fleet.script(/kamal-proxy resume/, { exitCode: 1 });
    expect((await fleet.run("app live")).exitCode).toBe(1);
    expect((await fleet.run("redeploy -P --skip-hooks")).exitCode).toBe(1);
    await expect(failed(fleet)).rejects.toThrow("ENOENT");
    const { exitCode, out } = await fleet.run("redeploy -P");
    expect(exitCode).toBe(1);
    expect(await failed(fleet)).toContain("redeploy false command-failed");
    expect(out).toContain("Run the deploy-failed hook...");
  });
});

test("time is told after what takes long, and once", async () => {
  const fleet = await withFiles(new EverydayFleet(), "", { "pre-deploy": "sleep 0.3", "post-deploy": "sleep 0.2" });
  const { exitCode, err, out } = await fleet.run("redeploy -P");
  expect(exitCode, err).toBe(0);
  expect(out.match(/Finished all in/g)).toHaveLength(1);
  expect(out).toMatch(
    / {2}Time: .*pre-deploy hook 0\.\d s, .*post-deploy hook 0\.\d s.*\n {2}Finished all in \d+\.\d seconds\n$/,
  );
  for (const short of ["app exec --reuse -p date", "lock acquire -m me", "lock release", "app live"]) {
    expect((await fleet.run(short)).out).not.toContain("Finished all in");
  }
});
