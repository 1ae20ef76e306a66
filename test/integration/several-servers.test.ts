/** One name on three servers: an authority asks any of them, and each still gets a certificate of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHALLENGE_LIMITS } from "../../proxy/limits.ts";
import { automatic, certificateOf, plainGet, serialShown } from "../support/automatic-https-bed.ts";
import { type Child, startChild } from "../support/child-process.ts";
import { eventually, settled } from "../support/eventually.ts";
import { type Pebble, reasonToSkipPebble, startPebble } from "../support/pebble.ts";
import { makePrivateNetwork, type PrivateNetwork, reasonToSkipNetworks } from "../support/private-network.ts";
import { type ProxyProcess, startProxyProcess } from "../support/proxy-process.ts";

const SERVERS = 3;
const CHALLENGES = "/.well-known/acme-challenge/";
/** For the peers together, and as much again for a busy machine. */
const MAX_UNKNOWN_MS = 2 * 2_000;

type Server = { readonly address: string; readonly proxy: ProxyProcess; readonly appPort: number; unplug(): void };

const skip = reasonToSkipPebble() ?? reasonToSkipNetworks();
if (skip !== undefined) process.stderr.write(`Several servers are not tested: ${skip}.\n`);

let network: PrivateNetwork | undefined;
let pebble: Pebble | undefined;
let servers: Server[] = [];
const children: Child[] = [];
const homes: string[] = [];

describe.skipIf(skip !== undefined)("several servers", () => {
  beforeAll(async () => {
    network = makePrivateNetwork(SERVERS);
    pebble = await startPebble({ address: network.address, httpPort: 80, tlsPort: 443 });
    servers = await Promise.all(network.servers.map((_, index) => startServer(index)));
  });

  afterAll(async () => {
    await Promise.all(children.map((child) => child.end("SIGKILL")));
    await pebble?.stop();
    network?.remove();
    await Promise.all(homes.map((home) => rm(home, { recursive: true, force: true })));
  });

  test("each gets a certificate while the authority asks only another one about it [AC-10]", async () => {
    const serials = new Set<string>();
    for (const [index, server] of servers.entries()) {
      const name = `turn-${index}.example.com`;
      const neighbour = servers[(index + 1) % SERVERS] as Server;
      await resolveTo(name, [neighbour]);
      expect(await deploy(server, name)).toEqual([]);
      serials.add(await shown(server, name));
      expect(await questionsIn(neighbour, name), "the authority came to the neighbour").toBeGreaterThan(0);
      expect(await questionsIn(server, name), "asked by the neighbour, and by nobody else").toBe(1);
    }
    expect(serials.size).toBe(SERVERS);
  });

  test("all three order one name at the same time, which leads to all three [AC-10]", async () => {
    const name = "all.example.com";
    await resolveTo(name, servers);
    expect(await Promise.all(servers.map((server) => deploy(server, name)))).toEqual([[], [], []]);
    expect(new Set(await Promise.all(servers.map((server) => shown(server, name)))).size).toBe(SERVERS);
    for (const { proxy } of servers) expect(await certificateOf(proxy, name)).toMatchObject({ failedAttempts: 0 });
  });

  test("tokens that nobody knows are 404, and the peers are asked with measure [AC-10]", async () => {
    const [asked, ...peers] = servers as [Server, ...Server[]];
    const same = await unknownTokens(
      asked,
      Array.from({ length: 200 }, () => "one-token-for-all"),
    );
    expect(new Set(same.map(({ status }) => status))).toEqual(new Set([404]));
    for (const peer of peers) expect(await questionsIn(peer, "one-token-for-all")).toBe(1);
    const begin = performance.now();
    const many = await unknownTokens(
      asked,
      Array.from({ length: 200 }, (_, index) => `token-of-many-${index}-`),
    );
    const lastedS = (performance.now() - begin) / 1_000;
    expect(new Set(many.map(({ status }) => status))).toEqual(new Set([404]));
    for (const peer of peers) {
      const count = await questionsIn(peer, "token-of-many-");
      process.stdout.write(`a peer was asked ${count} of 200 questions\n`);
      expect(count, "of 200").toBeLessThanOrEqual(CHALLENGE_LIMITS.peerQuestionsPerSecond * (1 + lastedS));
    }
  });

  test("with one server gone the others get certificates, and nobody waits long for an unknown token [AC-10]", async () => {
    const [first, second, gone] = servers as [Server, Server, Server];
    gone.unplug();
    for (const [server, other, name] of [
      [first, second, "after-1.example.com"],
      [second, first, "after-2.example.com"],
    ] as const) {
      await resolveTo(name, [other]);
      expect(await deploy(server, name)).toEqual([]);
      expect(await shown(server, name)).not.toBe("");
    }
    const durationsMs: number[] = [];
    for (let round = 0; round < 5; round++) {
      const answers = await unknownTokens(second, [`nobody-knows-${round}`, `nobody-knows-either-${round}`]);
      expect(answers.map(({ status }) => status)).toEqual([404, 404]);
      durationsMs.push(...answers.map(({ durationMs }) => durationMs));
    }
    process.stdout.write(`unknown tokens took ${durationsMs.map(Math.round).join(", ")} ms\n`);
    expect(Math.max(...durationsMs)).toBeLessThan(MAX_UNKNOWN_MS);
  });
});

async function startServer(index: number): Promise<Server> {
  const places = network?.servers ?? [];
  const { address, within, unplug } = places[index] as (typeof places)[number];
  const application = startChild("test/support/programs/versioned-app.ts", [String(index)], {}, within);
  children.push(application);
  const peers = places.filter((other) => other.address !== address).flatMap((other) => ["--acme-peer", other.address]);
  const flags = ["--bind", address, "--https-port", "443", ...peers];
  const home = await mkdtemp(join(tmpdir(), "kd-"));
  homes.push(home);
  const environment = { NODE_EXTRA_CA_CERTS: authority().caFile };
  const proxy = await startProxyProcess(home, 80, environment, flags, within);
  children.push(proxy.child);
  const appPort = Number(await application.line((line) => /^\d+$/.test(line)));
  return { address, proxy, appPort, unplug };
}

function authority(): Pebble {
  if (pebble === undefined) throw new Error("the authority does not run");
  return pebble;
}

/** @returns its warnings */
async function deploy({ proxy, appPort }: Server, name: string): Promise<readonly string[]> {
  return (await proxy.deploy(name, [appPort], automatic([name], authority().directoryUrl))).warnings;
}

function resolveTo(name: string, those: readonly Server[]): Promise<void> {
  return authority().setA(
    name,
    those.map(({ address }) => address),
  );
}

function shown({ proxy, address }: Server, name: string): Promise<string> {
  return serialShown(proxy.httpsPort, name, authority().rootPem, { host: address });
}

type TimedAnswer = { readonly status: number; readonly durationMs: number };

/** All at once. */
function unknownTokens({ proxy, address }: Server, tokens: readonly string[]): Promise<TimedAnswer[]> {
  return Promise.all(
    tokens.map(async (token) => {
      const begin = performance.now();
      const { status } = await plainGet(proxy.port, "stranger.example.com", CHALLENGES + token, address);
      return { status, durationMs: performance.now() - begin };
    }),
  );
}

/** Requests for challenges that the proxy has logged, with `text` in their name or token; at least one. Logs come late. */
async function questionsIn({ proxy, address }: Server, text: string): Promise<number> {
  const count = (): number => {
    const requests = proxy.child.output.filter((line) => line.includes('"msg":"Request"') && line.includes(CHALLENGES));
    return requests.filter((line) => line.includes(text)).length;
  };
  await eventually(`${address} was asked about ${text}`, () => count() > 0, 10_000);
  return settled(count, 500);
}
