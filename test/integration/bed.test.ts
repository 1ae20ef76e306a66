/** The bed of servers itself: what the tests of deploys stand on. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { flagsFor } from "../bed/container-flags.ts";
import { BED, HUB_IMAGES, REGISTRY } from "../bed/layout.ts";
import { status } from "../bed/lifecycle.ts";
import type { Server } from "../support/bed/server.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { docker, reasonToSkip, run } from "../support/docker/engine.ts";
import { buildAppImage, nodeImage } from "../support/docker/images.ts";
import { eventually } from "../support/eventually.ts";

const skip = reasonToSkip();
const WAIT = { timeout: 20_000, interval: 200 };
const LOGIN = `docker login ${REGISTRY.server} --username ${REGISTRY.username} --password-stdin`;

let bed: Bed;
let servers: readonly [Server, Server, Server];

if (skip !== undefined) process.stderr.write(`The bed of servers is not tested: ${skip}.\n`);

test("a container with an engine gets every capability that the machine has", () => {
  expect(flagsFor(0x1ffffffffffn, 40)).toEqual(["--privileged"]);
  expect(flagsFor(0x1fffeffffffn, 40)).toContain("--cap-drop=SYS_RESOURCE");
  expect(flagsFor(0x1fffeffffffn, 40)).not.toContain("--privileged");
});

describe.skipIf(skip !== undefined)("the bed of servers", () => {
  beforeAll(async () => {
    bed = await startBed();
    servers = bed.servers;
    await bed.reset();
  });

  afterAll(async () => {
    await bed?.reset();
    await bed?.end();
  });

  test("every server lets its users in, and says who it is", async () => {
    for (const { name, ssh } of servers.map((server) => ({ name: server.name, ssh: server.ssh.bind(server) }))) {
      expect(await ssh("hostname; id -un")).toEqual({ code: 0, stdout: `${name}\nroot\n`, stderr: "" });
    }
    const [first] = servers;
    expect((await first.ssh("docker ps --quiet", "deploy")).code).toBe(0);
    expect(await first.ssh("docker ps --quiet", "outsider")).toMatchObject({ code: 1 });
    expect((await first.ssh("true", "stranger")).code).toBe(255);
  });

  test("the recorder has every command byte for byte, with its exit code", async () => {
    const [first] = servers;
    first.forgetCommands();
    const odd = `printf '%s\\n' "a\tb" 'é🦊' $((6 * 7)) >&2; exit 3 # \`$HOME\``;
    expect(await first.ssh(odd, "deploy")).toEqual({ code: 3, stdout: "", stderr: "a\tb\né🦊\n42\n" });
    await first.ssh("kill -9 $$");
    await eventually("both have ended", () => first.commands().every(({ exitCode }) => exitCode !== undefined));
    expect(first.commands()).toMatchObject([
      { text: odd, user: "deploy", tty: false, exitCode: 3 },
      { text: "kill -9 $$", user: "root", exitCode: null },
    ]);
    expect(new Set(first.commands().map(({ connection }) => connection)).size).toBe(2);
  });

  test("a container runs on every server's own engine", async () => {
    const outputs = await Promise.all(servers.map((server) => server.ssh("docker run --rm busybox hostname -i")));
    expect(outputs.map(({ code }) => code)).toEqual([0, 0, 0]);
    for (const { stdout } of outputs) expect(stdout).toMatch(/^198\.19\.\d+\.\d+\n$/);
    expect(await docker("ps", "--all", "--format", "{{.Image}}")).not.toContain("busybox");
  });

  test("an image pushed here is pulled there, by those who log in", async () => {
    const image = await bed.push(await buildAppImage(await nodeImage()), "bed/app:1");
    const refused = await servers[0].ssh(`docker pull ${image}`);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("no basic auth credentials") as string });
    const wrong = await servers[0].ssh(`echo wrong | ${LOGIN}`);
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("401") as string });
    const pulled = await Promise.all(
      servers.map((server) => server.ssh(`echo ${REGISTRY.password} | ${LOGIN} 2>/dev/null && docker pull ${image}`)),
    );
    expect(pulled.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await servers[2].engine("run", "--rm", image, "node", "--print", "6 * 7")).toBe("42");
  });

  test("the proxy is pulled from what the servers take for Docker Hub, and starts with Kamal's own line", async () => {
    for (const image of [HUB_IMAGES.originalProxy, HUB_IMAGES.proxy]) {
      const [, second] = servers;
      await second.ssh("docker network create kamal; mkdir -p .kamal/proxy/apps-config");
      const started = await second.ssh(
        `docker container start kamal-proxy || docker run --name kamal-proxy --network kamal --detach --restart unless-stopped --volume kamal-proxy-config:/home/kamal-proxy/.config/kamal-proxy --volume $PWD/.kamal/proxy/apps-config:/home/kamal-proxy/.apps-config --publish 80:80 --publish 443:443 --log-opt max-size=10m ${image} kamal-proxy run`,
      );
      expect(started).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/) as string });
      await expect
        .poll(() => run("curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", second.url]), WAIT)
        .toMatchObject({
          code: 0,
          stdout: "404",
        });
      expect((await second.ssh("docker exec kamal-proxy kamal-proxy list")).code).toBe(0);
      await second.reset();
    }
  });

  test("a reset leaves no container, no network, no file and no image but those of Docker Hub", async () => {
    const [first] = servers;
    await first.ssh("mkdir -p .kamal/apps; touch .kamal/x; docker network create kamal; docker volume create v");
    await first.ssh(
      `docker pull busybox; docker tag busybox ${REGISTRY.server}/x/y:1; docker run -d busybox sleep 1000`,
    );
    await first.reset();
    expect(await first.inside("ls -A /root | grep -vE '^\\.(bashrc|profile|ssh)$' || true")).toBe("");
    expect(await first.engine("ps", "--all", "--quiet")).toBe("");
    expect(await first.engine("volume", "ls", "--quiet")).toBe("");
    expect(await first.engine("network", "ls", "--filter", "type=custom", "--quiet")).toBe("");
    expect(await first.engine("image", "ls", "--format", "{{.Repository}}")).not.toContain("127.0.0.1");
    expect(await first.engine("image", "ls", "--format", "{{.Repository}}")).toContain("busybox");
    expect(first.commands()).toEqual([]);
  });

  test("a server can be cut off in silence, unplugged, and come back", async () => {
    const third = servers[2];
    const connect = () => run("curl", ["-s", "-m", "1", "-o", "/dev/null", "--http0.9", `http://${third.address}:22/`]);
    await third.cutOff();
    expect((await connect()).code).toBe(28);
    await third.reconnect();
    expect((await third.ssh("true")).code).toBe(0);
    await third.unplug();
    expect((await connect()).code).not.toBe(0);
    await third.plugIn();
    expect((await third.ssh("hostname")).stdout).toBe("server3\n");
  });

  test("sshd can be stopped, and its connections reset", async () => {
    const third = servers[2];
    const waiting = third.ssh("sleep 60");
    await eventually("the command has arrived", () => third.commands().some(({ text }) => text === "sleep 60"));
    await third.stopSshd();
    expect(await third.ssh("true")).toMatchObject({
      code: 255,
      stderr: expect.stringContaining("Connection refused") as string,
    });
    await third.startSshd();
    expect((await third.ssh("true")).code).toBe(0);
    await third.dropConnections();
    expect((await waiting).code).toBe(255);
    expect((await third.ssh("true")).code).toBe(0);
  });

  test("an engine can be paused, and stopped with everything in it", async () => {
    const third = servers[2];
    await third.ssh("docker run --detach --restart unless-stopped --stop-timeout 1 --name long busybox sleep 1000");
    await third.pauseEngine();
    expect((await third.ssh("timeout 0.5 docker ps")).code).toBe(124);
    await third.resumeEngine();
    expect((await third.ssh("docker ps --quiet")).stdout).not.toBe("");
    await third.stopEngine();
    expect(await third.ssh("docker ps")).toMatchObject({ code: 1 });
    await third.startEngine();
    await expect.poll(async () => (await third.ssh("docker ps --quiet --filter name=long")).stdout, WAIT).not.toBe("");
  });

  test("a disk can be full", async () => {
    const third = servers[2];
    await third.limitDisk(64);
    expect((await third.ssh("docker run --rm busybox true")).code).toBe(0);
    await third.fillDisk(4);
    const full = await third.ssh(`docker pull ${HUB_IMAGES.proxy}`);
    expect(full).toMatchObject({ code: 1, stderr: expect.stringContaining("no space left on device") as string });
    await third.freeDisk();
    expect((await third.ssh(`docker pull --quiet ${HUB_IMAGES.busybox}`)).code).toBe(0);
  });

  test("a server can be restarted, and its containers come back", async () => {
    const third = servers[2];
    await third.ssh("docker run --detach --restart unless-stopped --stop-timeout 1 --name back busybox sleep 1000");
    await third.restart();
    await expect.poll(async () => (await third.ssh("docker ps --quiet --filter name=back")).stdout, WAIT).not.toBe("");
  });

  test("what is up says so, and a person finds the way in", async () => {
    expect((await status()).map((line) => line.split("\t")[0])).toEqual(
      ["hub", "registry", "server1", "server2", "server3"].map((name) => `${BED}-${name}`),
    );
    const folder = await mkdtemp(join(tmpdir(), "kdeploy-bed-"));
    const place = { cwd: folder };
    const program = join(import.meta.dirname, "../bed/bed.ts");
    const found = await run(process.execPath, [program, "ssh", "2", "hostname"], place);
    expect(found).toMatchObject({ code: 0, stdout: "server2\n" });
    await rm(folder, { recursive: true });
  });
});
