/** The commands besides deploys, on three real servers with an app on them: look, enter, stop, maintain, clean, remove. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REGISTRY } from "../bed/layout.ts";
import { AppProject } from "../support/bed/app-project.ts";
import type { KdeployResult } from "../support/bed/kdeploy.ts";
import type { Server } from "../support/bed/server.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { Traffic, visit } from "../support/bed/traffic.ts";
import { reasonToSkip } from "../support/docker/engine.ts";

const skip = reasonToSkip();

let bed: Bed;
let project: AppProject;
let servers: readonly [Server, Server, Server];
let version = "";

if (skip !== undefined) process.stderr.write(`Commands are not tested on servers: ${skip}.\n`);

describe.skipIf(skip !== undefined)("commands for three servers", () => {
  beforeAll(async () => {
    bed = await startBed();
    servers = bed.servers;
    await bed.reset();
    project = await AppProject.create();
    version = await project.commit("first");
    await kdeploy("setup");
  });

  afterAll(async () => {
    await project?.remove();
    await bed?.reset();
    await bed?.end();
  });

  test("what runs is shown for every server", async () => {
    await unnoticed(async () => {
      const asked = await kdeploy("app", "version");
      for (const { address } of servers) expect(asked.stdout).toContain(address);
      expect(asked.stdout.split(version)).toHaveLength(4);
      const details = await kdeploy("app", "details");
      expect(details.stdout.match(new RegExp(`node-app-(web|worker)-${version}`, "g"))).toHaveLength(5);
      expect((await kdeploy("app", "containers")).stdout).toContain(`node-app-web-${version}`);
      expect((await kdeploy("app", "images")).stdout).toContain(`${REGISTRY.server}/examples/node-app`);
      const all = await kdeploy("details");
      expect(all.stdout).toContain("kamal-proxy");
      expect(all.stdout).toContain(`node-app-worker-${version}`);
    });
  });

  test("a command runs in the app's container on every server, or in a new one on the first", async () => {
    await unnoticed(async () => {
      const everywhere = await kdeploy("app", "exec", "--reuse", "--roles", "web", "printenv KAMAL_HOST");
      for (const { address } of servers) expect(everywhere.stdout).toContain(address);
      const once = await kdeploy("app", "exec", "--primary", "--roles", "web", "echo $((6 * 7)) $APP_SECRET");
      expect(once.stdout).toContain("42");
      const failed = await project.kdeploy(["app", "exec", "--reuse", "--primary", "--roles", "web", "sh -c 'exit 3'"]);
      expect(failed.exitCode, failed.output).not.toBe(0);
      for (const server of servers)
        expect(await server.engine("ps", "--all", "--quiet", "--filter", "name=exec")).toBe("");
    });
  });

  test("logs of web and workers are there, and can be searched", async () => {
    await unnoticed(async () => {
      const logs = await kdeploy("app", "logs");
      expect(logs.stdout).toContain(`web ${version} starts`);
      expect(logs.stdout).toContain(`worker ${version} starts`);
      const found = await kdeploy("app", "logs", "--roles", "worker", "--grep", "job 1 done");
      expect(found.stdout).toContain(`job 1 done by ${version}`);
      expect(found.stdout).not.toContain("starts");
    });
  });

  test("maintenance turns visitors away with a message, and live lets them in again", async () => {
    await kdeploy("app", "maintenance", "--message", "Back at noon");
    for (const { url } of servers) {
      const answer = await fetch(url);
      expect(answer.status).toBe(503);
      expect(await answer.text()).toContain("Back at noon");
    }
    await kdeploy("app", "live");
    expect(await answering()).toEqual([version, version, version]);
  });

  test("the app can be stopped and started", async () => {
    await kdeploy("app", "stop");
    for (const server of servers) {
      await expect(visit(server.url)).rejects.toThrow(/status (404|50\d)/);
      expect(await server.engine("ps", "--quiet", "--filter", "label=service=node-app")).toBe("");
    }
    await kdeploy("app", "start");
    expect(await answering()).toEqual([version, version, version]);
  });

  test("a lock that a person takes holds off deploys until it is given back", async () => {
    await unnoticed(async () => {
      expect((await kdeploy("lock", "status")).output).not.toContain("Inventory");
      await kdeploy("lock", "acquire", "--message", "Inventory today");
      expect((await kdeploy("lock", "status")).output).toContain("Inventory today");
      const refused = await project.kdeploy(["redeploy", "--skip-push"]);
      expect(refused.exitCode, refused.output).not.toBe(0);
      expect(refused.output).toContain("Inventory today");
      expect(await answering()).toEqual([version, version, version]);
      await kdeploy("lock", "release");
      await kdeploy("redeploy", "--skip-push");
    });
  });

  test("the audit log says what was done on every server", async () => {
    await unnoticed(async () => {
      const { stdout } = await kdeploy("audit");
      for (const { address } of servers) expect(stdout).toContain(address);
      expect(stdout).toContain(version);
      expect(stdout.toLowerCase()).toContain("booted app");
    });
  });

  test("commands for servers and for what is left over", async () => {
    await unnoticed(async () => {
      const ran = await kdeploy("server", "exec", "hostname");
      for (const { name } of servers) expect(ran.stdout).toContain(name);
      await kdeploy("app", "stale-containers");
      await kdeploy("prune", "containers");
      await kdeploy("prune", "images");
      await kdeploy("prune", "all");
      expect(await answering()).toEqual([version, version, version]);
    });
  });

  test("the proxy is replaced, shows its log, and has its routes again", async () => {
    const before = await servers[0].engine("inspect", "--format", "{{.Id}}", "kamal-proxy");
    await kdeploy("proxy", "reboot", "--confirmed");
    expect(await servers[0].engine("inspect", "--format", "{{.Id}}", "kamal-proxy")).not.toBe(before);
    await expect.poll(answering, { timeout: 20_000, interval: 500 }).toEqual([version, version, version]);
    await unnoticed(async () => {
      await kdeploy("proxy", "details");
      expect((await kdeploy("proxy", "logs", "--lines", "20")).stdout).toContain("/");
    });
  });

  test("remove leaves nothing of the app, its images and the proxy", async () => {
    await kdeploy("remove", "--confirmed");
    for (const server of servers) {
      expect(await server.engine("ps", "--all", "--format", "{{.Names}}"), server.name).toBe("");
      expect(await server.engine("image", "ls", "--format", "{{.Repository}}"), server.name).not.toContain("node-app");
      expect(await server.inside("ls -A /root/.kamal/apps 2>/dev/null || true"), server.name).toBe("");
      expect(await server.inside("cat /root/.docker/config.json 2>/dev/null || true")).not.toContain('"auth"');
    }
    // Once more is no mistake, and neither is a new start.
    await kdeploy("remove", "--confirmed");
    await kdeploy("setup", "--skip-push");
    expect(await answering()).toEqual([version, version, version]);
  });

  test("app remove leaves the proxy, which goes only when nothing is behind it", async () => {
    const refused = await project.kdeploy(["proxy", "remove", "--confirmed"]);
    expect(refused).toMatchObject({ exitCode: 1, output: expect.stringContaining("Apps are deployed on") as string });
    expect(await answering()).toEqual([version, version, version]);
    await kdeploy("app", "remove", "--confirmed");
    for (const server of servers) {
      expect(await server.engine("ps", "--all", "--format", "{{.Names}}"), server.name).toBe("kamal-proxy");
      expect(await server.engine("image", "ls", "--format", "{{.Repository}}"), server.name).not.toContain("node-app");
    }
    await kdeploy("proxy", "remove", "--confirmed");
    for (const server of servers) expect(await server.engine("ps", "--all", "--quiet"), server.name).toBe("");
  });
});

/** While visitors ask, none of whom may notice. */
async function unnoticed(work: () => Promise<void>): Promise<void> {
  const traffic = new Traffic(servers);
  try {
    await work();
  } finally {
    await traffic.stop();
  }
  expect(traffic.failures).toEqual([]);
}

/** Must do what it is told. */
async function kdeploy(...args: readonly string[]): Promise<KdeployResult> {
  const result = await project.kdeploy(args);
  expect(result.exitCode, `kdeploy ${args.join(" ")}\n${result.output}`).toBe(0);
  return result;
}

/** The version behind each server's proxy. */
function answering(): Promise<string[]> {
  return Promise.all(servers.map((server) => visit(`${server.url}/`)));
}
