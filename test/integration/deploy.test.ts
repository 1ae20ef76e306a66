/** kdeploy on three real servers, one step after the other as in the life of an app, while visitors never stop asking. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REGISTRY } from "../bed/layout.ts";
import { AppProject } from "../support/bed/app-project.ts";
import type { Server } from "../support/bed/server.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { Traffic, visit } from "../support/bed/traffic.ts";
import { reasonToSkip } from "../support/docker/engine.ts";
import { eventually } from "../support/eventually.ts";

const skip = reasonToSkip();
/** What shells and env files are known to spoil. */
const ODD_SECRET = `it's "odd" \\ \\n $HOME \${x} \`id\` $(id) #x !&;|<>*?[]{}~%é🦊 end`;
const LINES_SECRET = "-----BEGIN KEY-----\nabc\\def\n\n\tindented\n-----END KEY-----";

let bed: Bed;
let project: AppProject;
let servers: readonly [Server, Server, Server];
const versions: string[] = [];

if (skip !== undefined) process.stderr.write(`Deploys are not tested on servers: ${skip}.\n`);

describe.skipIf(skip !== undefined)("deploys to three servers", () => {
  beforeAll(async () => {
    bed = await startBed();
    servers = bed.servers;
    await bed.reset();
    project = await AppProject.create();
    await project.change("config/deploy.yml", (text) =>
      text
        .replace("GREETING: Hello", 'GREETING: Hello\n    TEST_MODE: "1"')
        .replace("- APP_SECRET", "- APP_SECRET\n    - LINES_SECRET"),
    );
    await project.change(".kamal/secrets", (text) =>
      text.replace(/^APP_SECRET=.*$/m, "APP_SECRET=$ODD_SECRET\nLINES_SECRET=$LINES_SECRET"),
    );
  });

  afterAll(async () => {
    await project?.remove();
    await bed?.reset();
    await bed?.end();
  });

  test("setup starts the app on empty servers: web on three, a worker on two", async () => {
    versions[1] = await project.commit("first");
    await kdeploy("setup");
    expect(await answering()).toEqual([versions[1], versions[1], versions[1]]);
    expect(await running()).toEqual([
      [`node-app-web-${versions[1]}`],
      [`node-app-web-${versions[1]}`, `node-app-worker-${versions[1]}`],
      [`node-app-web-${versions[1]}`, `node-app-worker-${versions[1]}`],
    ]);
  });

  test("secrets arrive unchanged, and were in no command line and in no output", async () => {
    for (const server of servers) {
      const environment = (await (await fetch(`${server.url}/env`)).json()) as Record<string, string>;
      expect(environment["APP_SECRET"]).toBe(ODD_SECRET);
      expect(environment["LINES_SECRET"]).toBe(LINES_SECRET);
      expect(environment["KAMAL_VERSION"]).toBe(versions[1]);
      const sent = server.commands().map(({ text }) => text);
      expect(sent.length).toBeGreaterThan(10);
      for (const secret of [REGISTRY.password, `it's "odd"`, "BEGIN KEY"])
        expect(sent.filter((text) => text.includes(secret))).toEqual([]);
    }
  });

  test("one connection carries all commands for a server", () => {
    for (const server of servers)
      expect(new Set(server.commands().map(({ connection }) => connection)).size, server.name).toBe(1);
  });

  test("a deploy, a redeploy and a rollback lose no request", async () => {
    const traffic = new Traffic(servers);
    versions[2] = await project.commit("second");
    await kdeploy("deploy");
    expect(await answering()).toEqual([versions[2], versions[2], versions[2]]);
    versions[3] = await project.commit("third");
    const printed = await kdeploy("redeploy", "--json");
    expect(await answering()).toEqual([versions[3], versions[3], versions[3]]);
    const events = printed
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string; text?: string });
    const progress = events.flatMap(({ event, text = "" }) => (event === "progress" ? [text] : []));
    expect(progress.filter((text) => text.startsWith("switched to "))).toHaveLength(3);
    await kdeploy("rollback", versions[2]);
    expect(await answering()).toEqual([versions[2], versions[2], versions[2]]);
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    for (const { versions: seen, answers } of traffic.visits.values()) {
      expect(seen).toEqual([versions[1], versions[2], versions[3]]);
      expect(answers).toBeGreaterThan(30);
    }
    expect(await running()).toEqual([
      [`node-app-web-${versions[2]}`],
      [`node-app-web-${versions[2]}`, `node-app-worker-${versions[2]}`],
      [`node-app-web-${versions[2]}`, `node-app-worker-${versions[2]}`],
    ]);
  });

  test("the same version again replaces its own containers, and loses no request", async () => {
    const traffic = new Traffic(servers);
    const before = await servers[0].engine("ps", "--quiet", "--filter", "label=role=web");
    await kdeploy("redeploy", "--version", versions[2] ?? "", "--skip-push");
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    expect(await servers[0].engine("ps", "--quiet", "--filter", "label=role=web")).not.toBe(before);
    expect((await running())[0]).toEqual([`node-app-web-${versions[2]}`]);
  });

  test("a version that never gets healthy is refused with its log, and the old one goes on", async () => {
    const traffic = new Traffic(servers);
    await project.change("config/deploy.yml", (text) => text.replace('TEST_MODE: "1"', 'UNHEALTHY: "1"'));
    const version = await project.commit("unhealthy");
    const { exitCode, output } = await project.kdeploy(["deploy"], { env: secrets() });
    expect(exitCode, output).toBe(1);
    expect(output).toContain("503");
    expect(output).toContain("web");
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    expect(await answering()).toEqual([versions[2], versions[2], versions[2]]);
    expect((await running()).flat().filter((name) => name.includes(version))).toEqual([]);
    await project.change("config/deploy.yml", (text) => text.replace('UNHEALTHY: "1"', 'TEST_MODE: "1"'));
  });

  test("a version that ends at once is refused within seconds, with what it said", async () => {
    const healthy = await project.read("server.mjs");
    await project.change("server.mjs", (text) =>
      text.replace("await (role", 'throw new Error("cannot find my settings");\nawait (role'),
    );
    await project.commit("broken");
    const { exitCode, output } = await project.kdeploy(["deploy"], { env: secrets() });
    expect(exitCode, output).toBe(1);
    expect(output).toContain("cannot find my settings");
    expect(await answering()).toEqual([versions[2], versions[2], versions[2]]);
    await project.change("server.mjs", () => healthy);
  });

  test("an image that nobody has is a failure that changes nothing", async () => {
    const before = await running();
    const deploy = await project.kdeploy(["deploy", "--skip-push", "--version", "nonsense"], { env: secrets() });
    expect(deploy).toMatchObject({ exitCode: 1, output: expect.stringContaining("manifest unknown") as string });
    const rollback = await project.kdeploy(["rollback", "nonsense"], { env: secrets() });
    expect(rollback).toMatchObject({ exitCode: 1, output: expect.stringContaining("nonsense") as string });
    expect(await running()).toEqual(before);
  });

  test("of two who deploy at once, the second is told who is at it", async () => {
    for (const server of servers) server.forgetCommands();
    const first = project.start(["redeploy", "--skip-push", "--version", versions[2] ?? ""], { env: secrets() });
    await eventually("the lock is taken", () => hasLock(servers[0]), 20_000);
    const second = await project.kdeploy(["rollback", versions[1] ?? ""], { env: secrets() });
    expect(second.exitCode, second.output).not.toBe(0);
    expect(second.output).toMatch(/lock/i);
    expect((await first.finished).exitCode).toBe(0);
    expect(await answering()).toEqual([versions[2], versions[2], versions[2]]);
  });

  test("Ctrl-C gives the lock back, says how each server was left, and the old version goes on [CLI-04]", async () => {
    const traffic = new Traffic(servers);
    const redeploy = ["redeploy", "--skip-push", "--version", versions[1] ?? ""];
    for (const server of servers) server.forgetCommands();
    const early = project.start(redeploy, { env: secrets() });
    await eventually("the lock is taken", () => hasLock(servers[0]), 60_000);
    early.child.kill("SIGINT");
    const { exitCode, output } = await early.finished;
    expect(exitCode, output).toBe(130);
    expect(output).toMatch(/No host was switched|as before\.|untouched\./);
    for (const server of servers) server.forgetCommands();
    const late = project.start(redeploy, { env: secrets() });
    const starts = (server: Server) => server.commands().some(({ text }) => text.includes("docker run --detach"));
    await eventually("a container starts everywhere", () => servers.every(starts), 60_000);
    late.child.kill("SIGINT");
    const interrupted = await late.finished;
    expect(interrupted.exitCode, interrupted.output).toBe(130);
    for (const { address } of servers) {
      expect(interrupted.output).toContain(`${address}: web: runs ${versions[2]}, as before.`);
    }
    expect((await running()).flat().filter((name) => name.endsWith(versions[1] ?? ""))).toEqual([]);
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    await kdeploy(...redeploy);
    expect(await answering()).toEqual([versions[1], versions[1], versions[1]]);
  });

  test("a server that is away is named, and before anything has changed", async () => {
    const before = await running();
    await servers[2].stopSshd();
    const { exitCode, output } = await project.kdeploy(["deploy", "--skip-push", "--version", versions[2] ?? ""], {
      env: secrets(),
    });
    await servers[2].startSshd();
    expect(exitCode, output).not.toBe(0);
    expect(output).toContain(servers[2].address);
    expect(await running()).toEqual(before);
    await kdeploy("deploy", "--skip-push", "--version", versions[2] ?? "");
    expect(await answering()).toEqual([versions[2], versions[2], versions[2]]);
  });

  test("old containers are pruned, and no more are kept than the configuration says", async () => {
    await kdeploy("deploy", "--skip-push", "--version", versions[3] ?? "");
    for (const server of servers) {
      const stopped = await server.engine("ps", "--all", "--quiet", "--filter", "status=exited");
      // Kept for each role: three containers besides the one that runs.
      const roles = server === servers[0] ? 1 : 2;
      expect(stopped.split("\n").filter(Boolean).length, server.name).toBeLessThanOrEqual(3 * roles);
    }
  });
});

function secrets(): NodeJS.ProcessEnv {
  return { ODD_SECRET, LINES_SECRET };
}

/** Must do what it is told. */
/** @returns what it printed on standard output */
async function kdeploy(...args: readonly string[]): Promise<string> {
  const { exitCode, output, stdout } = await project.kdeploy(args, { env: secrets() });
  expect(exitCode, output).toBe(0);
  for (const secret of [REGISTRY.password, ODD_SECRET, "abc\\def"]) expect(output).not.toContain(secret);
  return stdout;
}

/** The version behind each server's proxy. */
function answering(): Promise<string[]> {
  return Promise.all(servers.map((server) => visit(`${server.url}/`)));
}

/** Names of the app's running containers on each server. */
function running(): Promise<string[][]> {
  return Promise.all(
    servers.map(async (server) => {
      const names = await server.engine("ps", "--filter", "label=service=node-app", "--format", "{{.Names}}");
      return names.split("\n").filter(Boolean).toSorted();
    }),
  );
}

/** Since `forgetCommands`. */
function hasLock(server: Server): boolean {
  return server.commands().some(({ text, exitCode }) => text.includes("mkdir .kamal/lock-node-app") && exitCode === 0);
}
