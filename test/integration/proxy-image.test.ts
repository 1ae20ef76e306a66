/** The image on a real Docker engine, run and driven with the commands that Kamal uses. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, BusyClients } from "../support/docker/busy-clients.ts";
import { docker, type Finished, reasonToSkip, run } from "../support/docker/engine.ts";
import { buildAppImage, buildProxyImage, nodeImage } from "../support/docker/images.ts";

const skip = reasonToSkip();
const suffix = randomBytes(4).toString("hex");
const proxy = `kamal-proxy-test-${suffix}`;
const volume = `kamal-proxy-config-test-${suffix}`;
const apps = { v1: `kdeploy-test-v1-${suffix}`, v2: `kdeploy-test-v2-${suffix}` };

let image = "";
let url = "";
let appsConfig = "";
let madeNetwork = false;

if (skip !== undefined) process.stderr.write(`The proxy's image is not tested: ${skip}.\n`);

describe.skipIf(skip !== undefined)("the proxy's image", () => {
  beforeAll(async () => {
    const base = await nodeImage();
    image = await buildProxyImage(base);
    const app = await buildAppImage(base);
    madeNetwork = (await run("docker", ["network", "inspect", "kamal"])).code !== 0;
    if (madeNetwork) await docker("network", "create", "--subnet", "198.18.32.0/24", "kamal");
    for (const [version, name] of Object.entries(apps)) {
      await docker("run", "--detach", "--name", name, "--network", "kamal", "--env", `VERSION=${version}`, app);
    }
    const port = await freePort();
    url = `http://127.0.0.1:${port}/`;
    appsConfig = await mkdtemp(join(tmpdir(), "kdeploy-apps-config-"));
    await docker(
      ...`run --name ${proxy} --network kamal --detach --restart unless-stopped
        --volume ${volume}:/home/kamal-proxy/.config/kamal-proxy
        --volume ${appsConfig}:/home/kamal-proxy/.apps-config
        --publish 127.0.0.1:${port}:80 --log-opt max-size=10m --health-interval 1s
        ${image} kamal-proxy run`.split(/\s+/),
    );
  });

  afterAll(async () => {
    await run("docker", ["rm", "--force", "--volumes", proxy, ...Object.values(apps)]);
    await run("docker", ["volume", "rm", volume]);
    if (madeNetwork) await run("docker", ["network", "rm", "kamal"]);
    if (appsConfig !== "") await rm(appsConfig, { recursive: true });
  });

  test("carries the label, ports and command that Kamal expects, and is small", async () => {
    type Inspected = { Size: number; Config: Record<string, unknown> & { Labels: Record<string, string> } };
    const [found] = JSON.parse(await docker("image", "inspect", image)) as [Inspected];
    expect(found.Config).toMatchObject({
      User: "kamal-proxy:kamal-proxy",
      Cmd: ["kamal-proxy", "run"],
      ExposedPorts: { "80/tcp": {}, "443/tcp": {} },
      StopSignal: "SIGTERM",
    });
    expect(found.Config.Labels["org.opencontainers.image.title"]).toBe("kamal-proxy");
    process.stdout.write(`\nimage size: ${(found.Size / 1e6).toFixed(0)} MB\n`);
    expect(found.Size).toBeLessThan(150e6);
  });

  test("runs Node as process 1 and as an ordinary user", async () => {
    await healthy();
    const status = await inside("cat", "/proc/1/status");
    expect(status.stdout).toMatch(/^Uid:\s+1001\s+1001\s+1001\s+1001$/m);
    expect(status.stdout).toMatch(/^CapEff:\s+0+$/m);
    expect((await inside("cat", "/proc/1/cmdline")).stdout).toMatch(/^node\0.*kamal-proxy\0run\0$/);
  });

  test("answers to both names", async () => {
    const ours = await inside("kdeploy-proxy", "version");
    expect(ours).toMatchObject({ code: 0, stdout: expect.stringMatching(/^kdeploy-proxy \d+\.\d+\.\d+\n$/) as string });
    expect(await inside("kamal-proxy", "version")).toEqual(ours);
  });

  test("explains a failed deploy and exits 1", async () => {
    const failed = await inside("kamal-proxy", "deploy", "web", "--target=nowhere:3000", "--deploy-timeout=1s");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("Error: target failed to become healthy within configured timeout (1s)");
    await expect(ask(url)).rejects.toThrow("status 404");
  });

  test("serves the first version", async () => {
    await deploy("v1");
    expect(await ask(url)).toBe("v1");
  });

  test("switches to the second version under load without losing a request", async () => {
    const clients = new BusyClients(url, 16);
    await clients.more(300);
    await deploy("v2");
    const deployed = performance.now();
    await clients.more(300);
    await clients.stop();
    expect(clients.failures).toEqual([]);
    const versions = (answers: typeof clients.answers) => [...new Set(answers.map((answer) => answer.version))];
    expect(versions(clients.answers)).toEqual(["v1", "v2"]);
    expect(versions(clients.answers.filter((answer) => answer.askedAt > deployed))).toEqual(["v2"]);
  });

  test("lists the service with its target", async () => {
    const list = await inside("kamal-proxy", "list");
    expect(list.code).toBe(0);
    expect(list.stdout).toMatch(new RegExp(`web .*${await targetOf("v2")}.*running`));
  });

  test("ends with exit code 0 when it is stopped, and has its routes when it is started again", async () => {
    await docker("stop", proxy);
    expect(await docker("inspect", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}", proxy)).toBe("0 false");
    await docker("start", proxy);
    await healthy();
    expect(await ask(url)).toBe("v2");
  });

  test("keeps its routes when it is killed", async () => {
    await docker("kill", proxy);
    await docker("start", proxy);
    await healthy();
    expect(await ask(url)).toBe("v2");
  });

  test("goes back to the first version under load without losing a request", async () => {
    const clients = new BusyClients(url, 16);
    await clients.more(200);
    await deploy("v1");
    await clients.more(200);
    await clients.stop();
    expect(clients.failures).toEqual([]);
    expect(clients.answers.at(-1)?.version).toBe("v1");
  });

  test("answers commands through docker exec", async () => {
    const ours: number[] = [];
    const engines: number[] = [];
    for (let i = 0; i < 11; i++) {
      const start = performance.now();
      expect((await inside("kamal-proxy", "list")).code).toBe(0);
      const listed = performance.now();
      await inside("sh", "-c", ":");
      ours.push(listed - start);
      engines.push(performance.now() - listed);
    }
    const all = median(ours).toFixed(0);
    process.stdout.write(
      `\ndocker exec … kamal-proxy list: ${all} ms, Docker's share ${median(engines).toFixed(0)} ms\n`,
    );
  });
});

function inside(...command: string[]): Promise<Finished> {
  return run("docker", ["exec", proxy, ...command]);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The address that Kamal gives: a container answers to the first 12 digits of its id. */
async function targetOf(version: keyof typeof apps): Promise<string> {
  const id = await docker("inspect", "--format", "{{.Id}}", apps[version]);
  return `${id.slice(0, 12)}:3000`;
}

async function deploy(version: keyof typeof apps): Promise<void> {
  const target = `--target=${await targetOf(version)}`;
  const timeouts = ["--deploy-timeout=30s", "--drain-timeout=10s", "--health-check-interval=0.2s"];
  const { code, stderr } = await inside("kamal-proxy", "deploy", "web", target, ...timeouts);
  expect(stderr).toBe("");
  expect(code).toBe(0);
}

/** What the image's health check says, within 20 s. */
async function healthy(): Promise<void> {
  await expect
    .poll(() => docker("inspect", "--format", "{{.State.Health.Status}}", proxy), { timeout: 20_000, interval: 200 })
    .toBe("healthy");
}

/** Fixed, because a port that Docker chooses changes when the container is started again. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
