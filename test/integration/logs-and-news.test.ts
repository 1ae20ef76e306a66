/** What people hear of deploys to real servers: logs that are followed through one, messages, records, and the hook for failures. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppProject } from "../support/bed/app-project.ts";
import { type KdeployResult, type RunningKdeploy } from "../support/bed/kdeploy.ts";
import type { Server } from "../support/bed/server.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { reasonToSkip } from "../support/docker/engine.ts";
import { eventually } from "../support/eventually.ts";
import { recordingWebhook } from "../support/recording-webhook.ts";

const skip = reasonToSkip();
if (skip !== undefined) process.stderr.write(`Logs are not tested on servers: ${skip}.\n`);

let bed: Bed;
let project: AppProject;
let servers: readonly [Server, Server, Server];
const versions: string[] = [];

describe.skipIf(skip !== undefined)("logs and news of three servers", () => {
  beforeAll(async () => {
    bed = await startBed();
    servers = bed.servers;
    await bed.reset();
    project = await AppProject.create();
    versions[1] = await project.commit("first");
    await kdeploy(["setup"]);
  });

  afterAll(async () => {
    await project?.remove();
    await bed?.reset();
    await bed?.end();
  });

  test("logs of all servers and roles are followed at once and into the next version, until Ctrl-C [C15]", async () => {
    const all = follow(["app", "logs", "-f"]);
    const found = follow(["app", "logs", "-f", "-T", "--roles", "worker", "--grep", "job 1 done"]);
    const [one, two, three] = servers.map(({ address }) => address);
    await eventually("all are followed", () => all.saw(`${two} worker |`) && all.saw(`${three} worker |`), 30_000);
    expect(all.saw(`${one} web    |`)).toBe(true);
    versions[2] = await project.commit("second");
    await kdeploy(["redeploy"]);
    const starts = (role: string, host: string | undefined) =>
      new RegExp(`^${host} ${role.padEnd(6)} \\| \\S+Z ${role} ${versions[2]} starts$`, "m");
    const wanted = [starts("web", one), starts("web", two), starts("web", three), starts("worker", two)];
    await eventually("the new version is followed", () => wanted.every((line) => line.test(all.text())), 30_000);
    // One line that grep lets through must not wait for others.
    await eventually("a line that was searched for", () => found.saw(`job 1 done by ${versions[2]}`), 30_000);
    for (const { running } of [all, found]) running.child.kill("SIGINT");
    for (const { running } of [all, found]) {
      const { exitCode, output } = await running.finished;
      expect(exitCode, output).toBe(0);
      expect(output).not.toMatch(/stopping|ERROR/);
    }
    expect(found.text()).not.toContain("job 2 done");
  });

  test("logs of all containers in one list by time, and those of the containers that were replaced [C15]", async () => {
    const { stdout: merged } = await kdeploy(["app", "logs", "--merged", "-q", "-n", "40"]);
    const lines = merged.trim().split("\n");
    const times = lines.map((line) => / \| (\S+Z) /.exec(line)?.[1] ?? "");
    expect(times).toEqual(times.toSorted());
    expect(new Set(lines.map((line) => line.split(" ", 1)[0])).size).toBe(3);
    const { stdout: previous } = await kdeploy(["app", "logs", "--previous", "-q", "--roles", "web"]);
    expect(previous.match(new RegExp(`web ${versions[1]} ends`, "g"))).toHaveLength(3);
    expect(previous).not.toContain(versions[2]);
  });

  test("a deploy is told to a chat, a collector and a log file; a failed one to the hook, too [C16]", async () => {
    const { posted, url } = await recordingWebhook();
    const records = await recordingWebhook();
    const env = { HOOK: `${url}/hook` };
    await project.change(
      "config/deploy.yml",
      (text) =>
        `${text}\nnotify: [{ url: HOOK }]\noutput: { file: { path: log }, otel: { endpoint: "${records.url}" } }\n`,
    );
    await project.change(".kamal/secrets", (text) => `${text}HOOK=$HOOK\n`);
    const hooks = join(project.folder, ".kamal/hooks");
    mkdirSync(hooks, { recursive: true });
    const script = '#!/bin/sh\necho "$KAMAL_ERROR_CODE $KAMAL_LOCK $KAMAL_VERSION" >>../failed\n';
    writeFileSync(join(hooks, "deploy-failed"), script.replace("../failed", "log/failed.txt"), { mode: 0o755 });
    versions[3] = await project.commit("third");
    const { stdout } = await kdeploy(["redeploy"], env);
    expect(stdout).toMatch(/ {2}Time: .*build .*boot .*\n {2}Finished all in/);
    expect(posted.map(({ body }) => body)).toMatchObject([{ event: "finished", version: versions[3], error: null }]);
    const sent = records.posted.map(({ body }) => JSON.stringify(body)).join("\n");
    for (const part of ["kamal.start", "kamal.complete", "docker run", "Pulling from"]) expect(sent).toContain(part);
    const [log = ""] = readdirSync(join(project.folder, "log"));
    expect(readFileSync(join(project.folder, "log", log), "utf8")).toMatch(/\nredeploy completed in .*\n$/);

    await project.change("config/deploy.yml", (text) => text.replace("GREETING: Hello", 'UNHEALTHY: "1"'));
    const failed = await project.kdeploy(["redeploy", "-P", "--version", versions[3]], { env });
    expect(failed.exitCode, failed.output).toBe(1);
    expect(readFileSync(join(project.folder, "log/failed.txt"), "utf8")).toBe(
      `several-hosts-failed false ${versions[3]}\n`,
    );
    const last = posted.at(-1)?.body;
    expect(last).toMatchObject({
      event: "failed",
      version: versions[3],
      error: { code: "several-hosts-failed", message: expect.stringContaining("did not come up") as string },
    });
    for (const text of [sent, JSON.stringify(posted), failed.output]) expect(text).not.toContain(`${url}/hook`);
  });
});

/** Must do what it is told. */
async function kdeploy(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<KdeployResult> {
  const result = await project.kdeploy(args, { env });
  expect(result.exitCode, `kdeploy ${args.join(" ")}\n${result.output}`).toBe(0);
  return result;
}

type Following = {
  readonly running: RunningKdeploy;
  readonly text: () => string;
  readonly saw: (text: string) => boolean;
};

function follow(args: readonly string[]): Following {
  const running = project.start(args);
  let printed = "";
  running.child.stdout?.on("data", (text: string) => {
    printed += text;
  });
  return { running, text: () => printed, saw: (text) => printed.includes(text) };
}
