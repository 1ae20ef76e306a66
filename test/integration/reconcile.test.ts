/** kdeploy diff and reconcile on three real servers, with another app on them whose name begins alike, while visitors ask. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppProject } from "../support/bed/app-project.ts";
import type { KdeployResult } from "../support/bed/kdeploy.ts";
import type { Server } from "../support/bed/server.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { Traffic, visit } from "../support/bed/traffic.ts";
import { reasonToSkip } from "../support/docker/engine.ts";
import { eventually } from "../support/eventually.ts";

const skip = reasonToSkip();
/** Another app, with containers of the same names as a role `two-web` and an accessory `two-cache` of the first would have. */
const OTHER = "node-app-two";
const SECRET = "the second secret value";

let bed: Bed;
let project: AppProject;
let servers: readonly [Server, Server, Server];
let version = "";

type Differs = { readonly event: string; readonly host: string | null; readonly kind: string; readonly text: string };

if (skip !== undefined) process.stderr.write(`Reconciling is not tested on servers: ${skip}.\n`);

describe.skipIf(skip !== undefined)("servers that differ from the configuration", () => {
  beforeAll(async () => {
    bed = await startBed();
    servers = bed.servers;
    await bed.reset();
    project = await AppProject.create();
    await project.change("config/deploy.yml", (text) =>
      text.replace(
        /^registry:/m,
        `accessories:\n${accessory("cache", servers[0])}\n${accessory("store", servers[0], "files: [config/store.conf:/store.conf]")}\nregistry:`,
      ),
    );
    await writeFile(join(project.folder, "config/store.conf"), "first\n");
    version = await project.commit("first");
    await kdeploy("setup");
    await deployOther(servers[0]);
  });

  afterAll(async () => {
    await project?.remove();
    await bed?.reset();
    await bed?.end();
  });

  test("right after a deploy nothing differs", async () => {
    expect(await differences()).toEqual([]);
    expect(await servers[0].inside("cat /root/.kamal/apps/node-app/hosts")).toBe(
      `${servers[0].address} web\n${servers[1].address} web,worker\n${servers[2].address} web,worker`,
    );
  });

  test("a role, a host, an accessory, variables, a secret and a file that changed are all named, and no value is", async () => {
    await change();
    expect(await differences()).toEqual([
      `container-changed on server1: node-app-web-${version} is not as it would be run now: env GREETING changed, env TEST_MODE is new, secret APP_SECRET changed.`,
      "accessory-changed on server1: The accessory store is not as it would be run now: file node-app-store/store.conf changed.",
      "accessory-left on server1: The accessory cache left the configuration; its container node-app-cache is here still.",
      "files-left on server1: Nothing uses these any more: .kamal/apps/node-app/env/accessories/cache.env.",
      `container-changed on server2: node-app-web-${version} is not as it would be run now: env GREETING changed, env TEST_MODE is new, secret APP_SECRET changed.`,
      "role-left on server2: The role worker left the configuration; its containers are here still: 1 running.",
      "files-left on server2: Nothing uses these any more: .kamal/apps/node-app/env/roles/worker.env.",
      "role-left on server3: The role web does not belong on this host any more; its containers are here still: 1 running.",
      "role-left on server3: The role worker left the configuration; its containers are here still: 1 running.",
      "route-left on server3: The proxy has a route to node-app-web still, which is no role of this host any more.",
      `host-left on server3: ${servers[2].address} left the configuration; files of the app are there still.`,
    ]);
  });

  test("one that is interrupted loses no request, and leaves the rest to the next one", async () => {
    const traffic = new Traffic(servers.slice(0, 2));
    for (const server of servers) server.forgetCommands();
    const running = project.start(["reconcile", "-y"], { env: { APP_SECRET: SECRET } });
    await eventually("a new container is started", () => ran(servers[0], /^docker run --detach/), 60_000);
    running.child.kill("SIGINT");
    expect((await running.finished).exitCode).not.toBe(0);
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
  });

  test("reconcile removes and renews all of it without a lost request, and a second diff is empty", async () => {
    const others = await otherApp(servers[0]);
    const traffic = new Traffic(servers.slice(0, 2));
    const { output } = await kdeploy("reconcile", "-y");
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    expect(output).not.toContain(SECRET);
    expect(await differences()).toEqual([]);
    expect(await containers()).toEqual([
      ["node-app-store", `node-app-web-${version}`],
      [`node-app-web-${version}`],
      [],
    ]);
    const environment = (await (await fetch(`${servers[0].url}/env`)).json()) as Record<string, string>;
    expect(environment).toMatchObject({ GREETING: "Good day", APP_SECRET: SECRET });
    expect(await servers[0].engine("exec", "node-app-store", "cat", "/store.conf")).toBe("second");
    expect(await servers[0].inside("cat /root/.kamal/apps/node-app/hosts"), output).not.toContain(servers[2].address);
    expect(await servers[2].inside("ls -A /root/.kamal/apps /root/.kamal/proxy 2> /dev/null || true")).toBe(
      "/root/.kamal/apps:",
    );
    expect(await servers[2].engine("ps", "--all", "--format", "{{.Names}}")).toBe("");
    // The other app is as it was.
    expect(await otherApp(servers[0])).toEqual(others);
  });

  test("a route that somebody removed, a container that ended and one that was left running are set right", async () => {
    await servers[0].engine("exec", "kamal-proxy", "kamal-proxy", "remove", "node-app-web");
    await servers[1].engine("stop", `node-app-web-${version}`);
    const labels = ["--label", "service=node-app", "--label", "role=web", "--label", "destination"];
    await servers[0].engine("run", "--detach", "--name", "node-app-web-old", ...labels, "busybox", "sleep", "600");
    expect(await differences()).toEqual([
      `container-stale on server1: node-app-web-old runs beside node-app-web-${version}, and serves nothing.`,
      "route-missing on server1: The proxy has no route to node-app-web.",
      "role-missing on server2: web is stopped on this host.",
    ]);
    await kdeploy("reconcile", "-y", "--only", "app,orphans");
    expect(await Promise.all(servers.slice(0, 2).map(({ url }) => visit(url)))).toEqual([version, version]);
    expect(await differences()).toEqual([]);
  });

  test("a former server that cannot be reached is said to be so, and forgotten when one asks for it", async () => {
    const file = "/root/.kamal/apps/node-app/hosts";
    await servers[1].inside(`echo '${servers[2].address} web' >> ${file}`);
    await servers[2].stopSshd();
    try {
      const found = await differences();
      expect(found).toEqual([expect.stringContaining("host-left on server3") as string]);
      expect(found[0]).toContain("cannot be asked");
      await kdeploy("reconcile", "-y", "--forget", servers[2].address);
    } finally {
      await servers[2].startSshd();
    }
    expect(await servers[1].inside(`cat ${file}`)).not.toContain(servers[2].address);
    expect(await differences()).toEqual([]);
  });
});

function accessory(name: string, { address }: Server, more = ""): string {
  const cmd = "sh -c 'trap exit TERM; while true; do sleep 0.2; done'";
  return `  ${name}:\n    image: busybox:latest\n    host: ${address}\n    cmd: ${cmd}\n    ${more}`;
}

/** Web leaves the third server, worker and cache the configuration; a variable, a secret and a file change. */
async function change(): Promise<void> {
  await project.change("config/deploy.yml", (text) =>
    text
      .replace(/ {2}worker:\n(?: {4}.*\n)+/, "")
      .replace(`      - ${servers[2].address}\n`, "")
      .replace(/ {2}cache:\n(?: {4}.*\n)+/, "")
      .replace("GREETING: Hello", 'GREETING: Good day\n    TEST_MODE: "1"'),
  );
  await project.change(".kamal/secrets", (text) => text.replace(/^APP_SECRET=.*$/m, "APP_SECRET=$APP_SECRET"));
  await writeFile(join(project.folder, "config/store.conf"), "second\n");
}

/** `kind on server: text`. No value of a variable is in anything that it tells, the output of its commands included. */
async function differences(): Promise<string[]> {
  const args = ["diff", "--json", "--exit-code"];
  const { exitCode, output, stdout } = await project.kdeploy(args, { env: { APP_SECRET: SECRET } });
  for (const value of [SECRET, "only an example", "Good day", "Hello"]) expect(output).not.toContain(value);
  const events = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Differs)
    .filter(({ event }) => event === "differs");
  expect(exitCode, output).toBe(events.length === 0 ? 0 : 1);
  const server = (host: string | null) => servers.find(({ address }) => address === host)?.name ?? "everywhere";
  return events.map(({ host, kind, text }) => `${kind} on ${server(host)}: ${text}`);
}

/** Must do what it is told. */
async function kdeploy(...args: readonly string[]): Promise<KdeployResult> {
  const result = await project.kdeploy(args, { env: { APP_SECRET: SECRET }, timeoutMs: 280_000 });
  expect(result.exitCode, `kdeploy ${args.join(" ")}\n${result.output}`).toBe(0);
  return result;
}

/** Of the app and its accessories, running. */
function containers(): Promise<string[][]> {
  return Promise.all(
    servers.map(async (server) => {
      const names = (await server.engine("ps", "--format", "{{.Names}}")).split("\n");
      return names.filter((name) => name.startsWith("node-app-") && !name.startsWith(OTHER)).toSorted();
    }),
  );
}

/** As another deploy would leave it: a role, an accessory, their files, and a route. */
async function deployOther(server: Server): Promise<void> {
  const labels = (role: string) => ["--label", `service=${OTHER}`, "--label", `role=${role}`, "--label", "destination"];
  const image = await server.engine("inspect", "--format", "{{.Config.Image}}", `node-app-web-${version}`);
  const app = ["run", "--detach", "--network", "kamal", "--name", `${OTHER}-web-1`, ...labels("web"), image];
  const id = await server.engine(...app);
  const cache = ["--name", `${OTHER}-cache`, "--label", `service=${OTHER}-cache`];
  await server.engine("run", "--detach", ...cache, "busybox", "sleep", "6000");
  const folder = `/root/.kamal/apps/${OTHER}/env`;
  await server.inside(
    `mkdir -p ${folder}/roles ${folder}/accessories && echo > ${folder}/roles/web.env && echo > ${folder}/accessories/cache.env`,
  );
  const target = `--target=${id.slice(0, 12)}:3000`;
  await server.engine(
    "exec",
    "kamal-proxy",
    "kamal-proxy",
    "deploy",
    `${OTHER}-web`,
    target,
    "--host=other.example.com",
  );
}

async function otherApp(server: Server): Promise<string[]> {
  const names = (await server.engine("ps", "--all", "--format", "{{.Names}} {{.ID}}")).split("\n");
  const routes = (await server.engine("exec", "kamal-proxy", "kamal-proxy", "list")).split("\n");
  const files = (await server.inside(`find /root/.kamal/apps/${OTHER} -type f`)).split("\n");
  return [
    ...names.filter((name) => name.startsWith(OTHER)),
    ...routes.filter((line) => line.startsWith(OTHER)),
    ...files,
  ];
}

/** Since `forgetCommands`. */
function ran(server: Server, line: RegExp): boolean {
  return server.commands().some(({ text }) => line.test(text));
}
