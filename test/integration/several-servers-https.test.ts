/** `ssl: true` for one name on two real servers: each proxy has a certificate of its own, whichever of them the authority asks. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SUBNET } from "../bed/layout.ts";
import { AppProject } from "../support/bed/app-project.ts";
import { visitHttps } from "../support/bed/https-visit.ts";
import type { Server } from "../support/bed/server.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { reasonToSkip } from "../support/docker/engine.ts";
import { type Pebble, reasonToSkipPebble, startPebble } from "../support/pebble.ts";

const skip = reasonToSkip() ?? reasonToSkipPebble();
/** Of this machine, in the bed's network. */
const GATEWAY = SUBNET.replace(/\.0\/24$/, ".1");
const [BOTH, FIRST_ONLY] = ["both.example.com", "first.example.com"];

let bed: Bed;
let project: AppProject;
let pebble: Pebble;
let servers: readonly [Server, Server];

if (skip !== undefined) process.stderr.write(`Automatic HTTPS is not tested on servers: ${skip}.\n`);

describe.skipIf(skip !== undefined)("automatic HTTPS on two servers", () => {
  beforeAll(async () => {
    bed = await startBed();
    servers = [bed.servers[0], bed.servers[1]];
    await bed.reset();
    pebble = await startPebble({ address: GATEWAY, httpPort: 80, tlsPort: 443 });
    const addresses = servers.map(({ address }) => address);
    await pebble.setA(BOTH, addresses);
    await pebble.setA(FIRST_ONLY, addresses.slice(0, 1));
    const authority = Buffer.from(await readFile(pebble.caFile)).toString("base64");
    for (const server of servers) await server.inside(`echo ${authority} | base64 -d > /root/authority.pem`);
    project = await AppProject.create();
    await writeConfig();
    await project.commit("first");
  });

  afterAll(async () => {
    await project?.remove();
    await pebble?.stop();
    await bed?.reset();
    await bed?.end();
  });

  test("a deploy leaves each server with a certificate of its own, also where DNS leads to the other one [AC-10]", async () => {
    const { exitCode, output } = await project.kdeploy(["setup"], { timeoutMs: 240_000 });
    expect(exitCode, output).toBe(0);
    for (const name of [BOTH, FIRST_ONLY]) {
      const answers = await Promise.all(servers.map((server) => visitHttps(server, name, "/up", pebble.rootPem)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(new Set(answers.map(({ serial }) => serial)).size, `${name}: each has its own`).toBe(2);
    }
    // The second server's order for that name was answered by the first one, which asked it.
    const asked = await servers[1].engine("logs", "kamal-proxy");
    expect(asked).toContain("/.well-known/acme-challenge/");
  });

  test("the next deploy orders nothing anew", async () => {
    const orders = pebble.orderCount();
    const { exitCode, output } = await project.kdeploy(["redeploy", "--skip-push"]);
    expect(exitCode, output).toBe(0);
    for (const server of servers) expect((await visitHttps(server, BOTH, "/up", pebble.rootPem)).status).toBe(200);
    expect(pebble.orderCount()).toBe(orders);
  });
});

async function writeConfig(): Promise<void> {
  const original = await project.read("config/deploy.yml");
  const [, rest = ""] = original.split(/^(?=registry:)/m);
  await writeFile(
    join(project.folder, "config/deploy.yml"),
    `service: node-app
image: examples/node-app
servers: [${servers.map(({ address }) => address).join(", ")}]
proxy:
  hosts: [${BOTH}, ${FIRST_ONLY}]
  ssl: true
  app_port: 3000
  healthcheck: { interval: 1 }
  acme: { directory: "${pebble.directoryUrl}", email: ops@example.com }
  run:
    options:
      volume: /root/authority.pem:/authority.pem:ro
      env: NODE_EXTRA_CA_CERTS=/authority.pem
env:
  secret: [APP_SECRET]
${rest}`,
  );
}
