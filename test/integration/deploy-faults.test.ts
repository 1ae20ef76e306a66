/** What goes wrong during deploys to three real servers: whoever deploys is told, visitors notice nothing, and the next deploy heals. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { REGISTRY } from "../bed/layout.ts";
import { AppProject } from "../support/bed/app-project.ts";
import type { Server } from "../support/bed/server.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { Traffic, visit } from "../support/bed/traffic.ts";
import { docker, reasonToSkip } from "../support/docker/engine.ts";
import { eventually } from "../support/eventually.ts";

const skip = reasonToSkip();

let bed: Bed;
let project: AppProject;
let servers: readonly [Server, Server, Server];
let [first, second] = ["", ""];

if (skip !== undefined) process.stderr.write(`Faults during deploys are not tested on servers: ${skip}.\n`);

describe.skipIf(skip !== undefined)("faults during deploys to three servers", () => {
  beforeAll(async () => {
    bed = await startBed();
    servers = bed.servers;
    await bed.reset();
    project = await AppProject.create();
    first = await project.commit("first");
    await kdeploy("setup");
    second = await project.commit("second");
    await kdeploy("deploy");
    await kdeploy("rollback", first);
  });

  // One that failed must not fail the next.
  beforeEach(async () => {
    await Promise.all(servers.map((server) => server.reconnect()));
    await project.kdeploy(["lock", "release"]);
    for (const server of servers) server.forgetCommands();
  });

  afterAll(async () => {
    await project?.remove();
    await bed?.reset();
    await bed?.end();
  });

  test("a registry that is down stops a deploy before anything has changed [CLI-07]", async () => {
    const traffic = new Traffic(servers);
    await docker("stop", "--time", "1", REGISTRY.container);
    const { exitCode, output } = await project.kdeploy(["deploy", "--skip-push", "--version", second]);
    await docker("start", REGISTRY.container);
    expect(exitCode, output).not.toBe(0);
    expect(output).toContain(REGISTRY.server);
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    expect(await answering(servers)).toEqual([first, first, first]);
  });

  test("a server that falls silent in the middle is named, the others answer, and the next deploy heals [CLI-02]", async () => {
    const others = servers.slice(0, 2);
    const traffic = new Traffic(others);
    const running = project.start(["redeploy", "--skip-push", "--version", second], { timeoutMs: 150_000 });
    await eventually("a container starts", () => sent(servers[2], /docker run --detach/), 60_000);
    await servers[2].cutOff();
    const { exitCode, output } = await running.finished;
    await servers[2].reconnect();
    expect(exitCode, output).toBeGreaterThan(0);
    expect(output).toContain(servers[2].address);
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    expect([first, second]).toContain(await visit(servers[2].url));
    await project.kdeploy(["lock", "release"]);
    await kdeploy("deploy", "--skip-push", "--version", second);
    expect(await answering(servers)).toEqual([second, second, second]);
  });

  test("connections that break during a deploy cost no request, and the next deploy heals [CLI-03]", async () => {
    const traffic = new Traffic(servers);
    const running = project.start(["redeploy", "--skip-push", "--version", first]);
    await eventually("a container starts", () => sent(servers[1], /docker run --detach/), 60_000);
    await servers[1].dropConnections();
    const { exitCode, output } = await running.finished;
    expect(exitCode === 0 || output.includes(servers[1].address), output).toBe(true);
    await project.kdeploy(["lock", "release"]);
    await kdeploy("deploy", "--skip-push", "--version", first);
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    expect(await answering(servers)).toEqual([first, first, first]);
  });

  test("a deploy that was killed leaves a lock that can be seen and released, and no harm [CLI-04]", async () => {
    const traffic = new Traffic(servers);
    const running = project.start(["redeploy", "--skip-push", "--version", second]);
    await eventually("a container starts", () => sent(servers[0], /docker run --detach/), 60_000);
    running.child.kill("SIGKILL");
    expect((await running.finished).exitCode).toBeNull();
    const status = await project.kdeploy(["lock", "status"]);
    expect(status.output).toContain(second);
    await kdeploy("lock", "release");
    await kdeploy("deploy", "--skip-push", "--version", second);
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    expect(await answering(servers)).toEqual([second, second, second]);
  });

  test("a full disk fails the deploy with that reason, and the servers with room go on [CLI-07]", async () => {
    const others = servers.slice(0, 2);
    await servers[2].limitDisk(64);
    const traffic = new Traffic(others);
    const { exitCode, output } = await project.kdeploy(["deploy", "--skip-push", "--version", first]);
    expect(exitCode, output).not.toBe(0);
    expect(output).toContain("no space left on device");
    expect(output).toContain(servers[2].address);
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    expect(await answering(others)).toEqual([second, second]);
    await servers[2].freeDisk();
    await kdeploy("deploy", "--skip-push", "--version", first);
    expect(await answering(servers)).toEqual([first, first, first]);
  });
});

/** Must do what it is told. */
async function kdeploy(...args: readonly string[]): Promise<void> {
  const { exitCode, output } = await project.kdeploy(args);
  expect(exitCode, `kdeploy ${args.join(" ")}\n${output}`).toBe(0);
}

/** The version behind each server's proxy. */
function answering(those: readonly Server[]): Promise<string[]> {
  return Promise.all(those.map((server) => visit(`${server.url}/`)));
}

function sent(server: Server, wanted: RegExp): boolean {
  return server.commands().some(({ text }) => wanted.test(text));
}
