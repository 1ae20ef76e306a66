/** What goes wrong during deploys to three real servers: whoever deploys is told, visitors notice nothing, and the next deploy heals. */
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { REGISTRY } from "../bed/layout.ts";
import { AppProject } from "../support/bed/app-project.ts";
import type { Server } from "../support/bed/server.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { Traffic, visit } from "../support/bed/traffic.ts";
import { docker, reasonToSkip } from "../support/docker/engine.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const skip = reasonToSkip();

const TWO_DAYS_AHEAD = `const Here = Date;
const now = () => Here.now() + 2 * 86_400_000;
globalThis.Date = class extends Here {
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }
  static now() {
    return now();
  }
};
`;
/** A hook that stays until the file is gone, for those who have one. */
const HOLDING = `#!/bin/sh
test -n "$HOLD" || exit 0
: > "$HOLD"
while test -e "$HOLD"; do sleep 0.1; done
`;

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

  test("a registry that is down, or refuses the password, stops a deploy before anything has changed [CLI-07]", async () => {
    const traffic = new Traffic(servers);
    await docker("stop", "--time", "1", REGISTRY.container);
    const { exitCode, output } = await project.kdeploy(["deploy", "--skip-push", "--version", second]);
    await docker("start", REGISTRY.container);
    expect(exitCode, output).not.toBe(0);
    expect(output).toContain(REGISTRY.server);
    const wrong = await project.kdeploy(["deploy", "--skip-push", "--version", second], {
      env: { KAMAL_REGISTRY_PASSWORD: "not-the-password" },
    });
    expect(wrong.exitCode, wrong.output).toBe(1);
    expect(wrong.output).toMatch(/unauthorized|denied/i);
    expect(wrong.output).not.toContain("not-the-password");
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

  test("without the server that keeps the lock nothing is changed, unless somebody says to do without it [CLI-06]", async () => {
    const others = servers.slice(1);
    const before = await answering(others);
    const wanted = before[0] === first ? second : first;
    const redeploy = ["redeploy", "--skip-push", "--version", wanted];
    const toOthers = [...redeploy, "--hosts", others.map(({ address }) => address).join(",")];
    const traffic = new Traffic(others);
    await servers[0].unplug();
    try {
      const refused = await project.kdeploy(toOthers);
      expect(refused.exitCode, refused.output).toBe(6);
      expect(refused.output).toContain(`The deploy lock is kept on ${servers[0].address}`);
      expect(refused.output).toContain("KAMAL_LOCK=true");
      expect(await answering(others)).toEqual(before);
      const without = await project.kdeploy(toOthers, { env: { KAMAL_LOCK: "true" } });
      expect(without.exitCode, without.output).toBe(0);
    } finally {
      await servers[0].plugIn();
    }
    expect(await answering(others)).toEqual([wanted, wanted]);
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    await kdeploy(...redeploy);
    expect(await answering(servers)).toEqual([wanted, wanted, wanted]);
  });

  test("clocks that differ by days neither free a lock nor mix up what was good last [CLI-17]", async () => {
    const folder = await temporaryDirectory();
    const hold = join(folder, "hold");
    await writeFile(join(folder, "ahead.mjs"), TWO_DAYS_AHEAD);
    await project.addHook("pre-deploy", HOLDING);
    const redeploy = ["redeploy", "--skip-push", "--version"];
    const ahead = project.start([...redeploy, second], {
      env: { HOLD: hold, NODE_OPTIONS: `--import ${join(folder, "ahead.mjs")}` },
    });
    await eventually("the one whose clock is ahead has the lock", () => existsSync(hold), 60_000);
    // As on a server whose clock was set back meanwhile.
    await servers[0].inside("cp -a /root/.kamal/lock-node-app /root/future && touch -d '2 days' /root/future/beat-*");
    const refused = await project.kdeploy([...redeploy, first]);
    expect(refused.exitCode, refused.output).toBe(5);
    expect(refused.output).toMatch(/Its last sign of life was \d\d? s ago\./);
    await rm(hold);
    const { exitCode, output } = await ahead.finished;
    expect(exitCode, output).toBe(0);
    await servers[0].inside("mv /root/future /root/.kamal/lock-node-app");
    expect((await project.kdeploy([...redeploy, first])).exitCode).toBe(5);
    expect((await project.kdeploy(["lock", "status"])).output).toContain("Its last sign of life was 0 s ago.");
    await kdeploy("lock", "release");
    await kdeploy(...redeploy, first);
    // The release from the future is the one before, whatever its time.
    await kdeploy("rollback");
    expect(await answering(servers)).toEqual([second, second, second]);
    await project.removeHook("pre-deploy");
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
