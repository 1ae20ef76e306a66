/** Three real servers and a registry on this machine, which they reach through their SSH connections only. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { REGISTRY } from "../bed/layout.ts";
import { AppProject } from "../support/bed/app-project.ts";
import type { Server } from "../support/bed/server.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { Traffic, visit } from "../support/bed/traffic.ts";
import { docker, reasonToSkip, run } from "../support/docker/engine.ts";
import { unusedPort } from "../support/unused-port.ts";

const skip = reasonToSkip();
const CONTAINER = "kamal-docker-registry";
const IMAGE = "registry:3";

let bed: Bed;
let project: AppProject;
let servers: readonly [Server, Server, Server];
let port: number;
let isStandIn = false;

if (skip !== undefined) process.stderr.write(`The registry on this machine is not tested with servers: ${skip}.\n`);

describe.skipIf(skip !== undefined)("registries, with three servers", () => {
  beforeAll(async () => {
    bed = await startBed();
    servers = bed.servers;
    await bed.reset();
    isStandIn = await makeStandIn();
    port = await unusedPort();
    project = await AppProject.create();
    await project.change("config/deploy.yml", (text) =>
      text
        .replace(/^registry:\n(?: {2}.*\n)+/m, `registry:\n  server: localhost:${port}\n`)
        .replace("GREETING: Hello", 'GREETING: Hello\n    TEST_MODE: "1"'),
    );
  });

  afterAll(async () => {
    await run("docker", ["rm", "--force", "--volumes", CONTAINER]);
    if (isStandIn) await docker("image", "rm", IMAGE);
    await removeImages();
    await project?.remove();
    await bed?.reset();
    await bed?.end();
  });

  test("registry login and logout at one elsewhere, on servers and here; a wrong password is told as such", async () => {
    const elsewhere = await AppProject.create();
    onTestFinished(() => elsewhere.remove());
    const known = () =>
      Promise.all(servers.map((server) => server.inside("cat /root/.docker/config.json 2>&1 || true")));
    const ownConfig = { DOCKER_CONFIG: `${elsewhere.folder}/.docker` };
    const ran = async (words: string[], env: NodeJS.ProcessEnv = {}) => {
      const { exitCode, output } = await elsewhere.kdeploy(words, { env: { ...ownConfig, ...env } });
      expect(output).not.toContain(REGISTRY.password);
      return { exitCode, output };
    };
    expect(await ran(["registry", "login"])).toMatchObject({ exitCode: 0 });
    for (const config of await known()) expect(config).toContain(REGISTRY.server);
    expect(await elsewhere.read(".docker/config.json")).toContain(REGISTRY.server);
    const wrong = await ran(["registry", "login", "-L"], { KAMAL_REGISTRY_PASSWORD: "not-the-password" });
    expect(wrong.exitCode, wrong.output).toBe(1);
    expect(wrong.output).toContain(`${REGISTRY.server} does not accept the username and password.`);
    expect(wrong.output).toContain("registry/password (the secret KAMAL_REGISTRY_PASSWORD)");
    expect(wrong.output).not.toContain("not-the-password");
    expect(await ran(["registry", "logout"])).toMatchObject({ exitCode: 0 });
    for (const config of await known()) expect(config).not.toContain(REGISTRY.server);
    expect(await elsewhere.read(".docker/config.json")).not.toContain(REGISTRY.server);
    const sent = servers.flatMap((server) => server.commands().map(({ text }) => text));
    expect(sent.filter((text) => text.includes(REGISTRY.password))).toEqual([]);
  });

  test("setup starts it here, builds, and every server pulls from it; nobody logs in, and the port is closed again", async () => {
    for (const server of servers) server.forgetCommands();
    const version = await project.commit("first");
    const output = await kdeploy("setup");
    expect(await answering()).toEqual([version, version, version]);
    expect(output).toContain(`Let port ${port} lead to the registry here`);
    for (const server of servers) {
      expect(server.commands().filter(({ text }) => text.startsWith("docker login"))).toEqual([]);
      expect(
        server.commands().some(({ text }) => text === `docker pull localhost:${port}/examples/node-app:${version}`),
      ).toBe(true);
    }
    expect(await reachable()).toEqual([false, false, false]);
    expect(await docker("port", CONTAINER, "5000")).toBe(`127.0.0.1:${port}`);
  });

  test("the next deploy loses no request, also when the registry was stopped in between", async () => {
    await docker("stop", CONTAINER);
    const version = await project.commit("second");
    const traffic = new Traffic(servers);
    await kdeploy("deploy");
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    expect(await answering()).toEqual([version, version, version]);
    expect(await reachable()).toEqual([false, false, false]);
  });

  test.each(["built-in", "system"])(
    "an image that is gone is fetched again for a command (%s ssh)",
    async (transport) => {
      await docker("stop", CONTAINER);
      const version = (await answering())[0] ?? "";
      const image = `localhost:${port}/examples/node-app:${version}`;
      await servers[0].engine("image", "rm", "--force", image);
      const options = { env: { KDEPLOY_SSH: transport } };
      const words = ["app", "exec", "--hosts", servers[0].address, "--roles", "web", "echo works"];
      const { exitCode, output } = await project.kdeploy(words, options);
      expect(exitCode, output).toBe(0);
      expect(output).toMatch(/^works$/m);
      expect(await servers[0].engine("image", "ls", "--quiet", image)).not.toBe("");
      expect((await reachable())[0]).toBe(false);
    },
  );

  test("a server whose port is taken is named, with what may be the reason, and nothing has changed", async () => {
    const before = await answering();
    await project.commit("third");
    const listener = `socat TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr EXEC:true`;
    await servers[1].inside(`${listener} >/dev/null 2>&1 & echo $! >/run/taken.pid; sleep 0.2`);
    try {
      const { exitCode, output } = await project.kdeploy(["deploy", "--skip-push"]);
      expect(exitCode, output).toBe(1);
      expect(output).toContain(`${servers[1].address} does not let its port ${port} lead to this machine.`);
      expect(output).toContain("AllowTcpForwarding");
    } finally {
      await servers[1].inside("kill $(cat /run/taken.pid); rm /run/taken.pid");
    }
    expect(await answering()).toEqual(before);
    expect(await reachable()).toEqual([false, false, false]);
  });

  test("registry remove and setup: it goes, and comes", async () => {
    await kdeploy("registry", "remove");
    expect(await docker("ps", "--all", "--quiet", "--filter", `name=^${CONTAINER}$`)).toBe("");
    await kdeploy("registry", "remove");
    await kdeploy("registry", "setup");
    expect(await docker("ps", "--quiet", "--filter", `name=^${CONTAINER}$`)).not.toBe("");
  });
});

/** Must do what it is told. */
async function kdeploy(...args: readonly string[]): Promise<string> {
  const { exitCode, output } = await project.kdeploy(args);
  expect(exitCode, output).toBe(0);
  return output;
}

/** The version behind each server's proxy. */
function answering(): Promise<string[]> {
  return Promise.all(servers.map((server) => visit(`${server.url}/`)));
}

/** From each server: does anybody listen on the registry's port there? */
function reachable(): Promise<boolean[]> {
  const script = `if (exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null; then echo yes; else echo no; fi`;
  return Promise.all(servers.map(async (server) => (await server.inside(script)) === "yes"));
}

/** The bed's own registry under the name of the real one, where that is not there. @returns whether it was not */
async function makeStandIn(): Promise<boolean> {
  const standIn = (await docker("image", "ls", "--format", "{{.ID}}", "kdeploy-bed/registry")).split("\n")[0] ?? "";
  const left = await run("docker", ["inspect", "--format", "{{.Image}}", CONTAINER]);
  if (left.code === 0) {
    // A test that was interrupted has left it; anything else is a person's.
    if (!left.stdout.startsWith(`sha256:${standIn}`))
      throw new Error(`there is a ${CONTAINER} on this machine already`);
    await docker("rm", "--force", "--volumes", CONTAINER);
  }
  const known = await run("docker", ["image", "inspect", "--format", "{{.Id}}", IMAGE]);
  if (known.code === 0) return known.stdout.startsWith(`sha256:${standIn}`);
  await docker("tag", standIn, IMAGE);
  return true;
}

/** What builds have left on this machine's engine. */
async function removeImages(): Promise<void> {
  const names = await docker(
    "image",
    "ls",
    "--format",
    "{{.Repository}}:{{.Tag}}",
    `localhost:${port}/examples/node-app`,
  );
  if (names !== "") await docker("image", "rm", ...names.split("\n"));
}
