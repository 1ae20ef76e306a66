/** kdeploy doctor on three real servers: what it sees of things that stand in a deploy's way, and that it leaves nothing behind. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppProject } from "../support/bed/app-project.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { reasonToSkip } from "../support/docker/engine.ts";

const skip = reasonToSkip();
let bed: Bed;
let project: AppProject;

if (skip !== undefined) process.stderr.write(`Doctor is not tested on servers: ${skip}.\n`);

type Event = { readonly event: string; readonly host: string | null; readonly check: string; readonly verdict: string };

/** Verdicts other than ok, and all that was printed. */
async function examined(more: NodeJS.ProcessEnv = {}) {
  const { exitCode, output, stdout } = await project.kdeploy(["doctor", "--json"], { env: more });
  const events = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Event)
    .filter(({ event }) => event === "checked");
  const server = (host: string | null) => bed.servers.find(({ address }) => address === host)?.name ?? "everywhere";
  const news = events
    .filter(({ verdict }) => verdict !== "ok")
    .map(({ check, host, verdict }) => `${verdict} ${server(host)} ${check}`);
  return { exitCode, output, events, news };
}

/** Files of the logins and of the tool, and everything of Docker's. */
const LEFT = "ls -A /root /tmp; docker ps --all --quiet; docker network ls --quiet";

describe.skipIf(skip !== undefined)("doctor on three servers", () => {
  beforeAll(async () => {
    bed = await startBed();
    await bed.reset();
    project = await AppProject.create();
    await project.commit("first");
  });

  afterAll(async () => {
    await project?.remove();
    await bed?.reset();
    await bed?.end();
  });

  test("empty servers are in order, and stay as they were", async () => {
    const [server] = bed.servers;
    const before = await server.inside(LEFT);
    const { events, exitCode, news, output } = await examined();
    expect(news, output).toEqual([]);
    expect(exitCode).toBe(0);
    expect(events.filter(({ check }) => check === "registry")).toHaveLength(3);
    expect(await server.inside(LEFT)).toBe(before);
  });

  test("a port in use, an open port, a lock, a wrong password, a server that is gone", async () => {
    const [one, two, three] = bed.servers;
    await one.engine("run", "--detach", "--publish", "80:80", "--name", "squatter", "busybox", "sleep", "600");
    await one.inside("mkdir -p /root/.kamal/lock-node-app");
    await two.engine("run", "--detach", "--publish", "5432:5432", "--name", "db", "busybox", "sleep", "600");
    await three.cutOff();
    try {
      const { exitCode, news, output } = await examined({ KAMAL_REGISTRY_PASSWORD: "wrong" });
      expect(exitCode).toBe(1);
      expect(news, output).toEqual([
        "problem server1 port-80",
        "warning server1 published-ports",
        "warning server1 lock",
        "problem server1 registry",
        "warning server2 published-ports",
        "problem server2 registry",
        "problem server3 login",
      ]);
      expect(output).toContain("Port 80 is in use by the container squatter");
    } finally {
      await three.reconnect();
    }
  });

  test("a user who may not use Docker, and a Docker that does not run", async () => {
    for (const server of bed.servers) await server.reset();
    await project.change("config/deploy.yml", (text) => text.replace("\nssh:\n", "\nssh:\n  user: outsider\n"));
    const [, , three] = bed.servers;
    await three.stopEngine();
    try {
      const { news, output } = await examined();
      expect(news, output).toEqual([
        "problem server1 docker-rights",
        "problem server2 docker-rights",
        "problem server3 docker",
      ]);
    } finally {
      await three.startEngine();
    }
  });
});
