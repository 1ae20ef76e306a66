/** HTTP-01: a certificate authority that looks for a challenge finds it, whatever the service is doing, on any server. */
import { createHash } from "node:crypto";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectSocket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { type ChallengeTable, NO_CHALLENGES } from "../../proxy/challenge/challenge-table.ts";
import { CHALLENGE_LIMITS } from "../../proxy/limits.ts";
import type { ServiceRoute } from "../../proxy/route/routing-table.ts";
import { HttpListener } from "../../proxy/socket/http-listener.ts";
import { type Bed, type BedOptions, connectTo, startBed, startTarget } from "../support/bed.ts";
import { eventually } from "../support/eventually.ts";
import { readResponses, valueOf } from "../support/http-messages.ts";
import { askOnce, get, post } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";
import { service, tlsRoute } from "../support/running-proxy.ts";
import { certificateFor } from "../support/test-certificates.ts";
import { unusedPort } from "../support/unused-port.ts";

const TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA";
const PATH = `/.well-known/acme-challenge/${TOKEN}`;
const KEY_AUTHORIZATION = keyAuthorizationFor(TOKEN);
const AUTOMATIC: Partial<ServiceRoute> = { hosts: ["a.test"], tls: tlsRoute({ automatic: true }) };

function keyAuthorizationFor(token: string): string {
  return `${token}.${createHash("sha256").update("an account's key").digest("base64url")}`;
}

function knowing(...tokens: readonly string[]): ChallengeTable {
  const challenges = tokens.map((token) => ({
    type: "http-01" as const,
    token,
    keyAuthorization: keyAuthorizationFor(token),
  }));
  return { challenges, peers: [] };
}

function asking(...ports: readonly number[]): ChallengeTable {
  return { challenges: [], peers: ports.map((port) => `127.0.0.1:${port}`) };
}

async function bedKnowing(table: ChallengeTable, options: BedOptions = {}): Promise<Bed> {
  const bed = await startBed({ ...options, route: { ...AUTOMATIC, ...options.route } });
  await bed.proxy.plane.useChallenges(table);
  return bed;
}

/** Requests that came to a proxy since `before`. */
async function requestsOf({ proxy }: Bed): Promise<number> {
  return (await proxy.plane.counters()).requestsTotal;
}

async function bodyOverHttp1(socket: TLSSocket, host: string): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  socket.write(get(PATH, host));
  await eventually("the answer", () => readResponses(text)[0]?.complete === true);
  return readResponses(text)[0]?.body ?? "";
}

async function bodyOverHttp2(socket: TLSSocket, host: string): Promise<string> {
  const session = connectHttp2("https://a.test", { createConnection: () => socket });
  const stream = session.request({ ":path": PATH, ":authority": host });
  const body = (await stream.toArray()) as Buffer[];
  session.close();
  return Buffer.concat(body).toString("latin1");
}

test.each<[string, Partial<ServiceRoute>]>([
  ["redirects to HTTPS", {}],
  ["redirects to another host", { hosts: ["a.test", "b.test"], canonicalHost: "b.test" }],
  ["is paused", { gate: { state: "paused", maxPauseMs: 10_000 } }],
  ["is stopped", { gate: { state: "stopped", message: "back soon" } }],
  ["has no target", { targets: [] }],
  ["is below a path", { pathPrefixes: ["/api"] }],
  ["has a certificate of its own", { tls: tlsRoute() }],
  ["has no TLS", { tls: tlsRoute({ enabled: false }) }],
  [
    "buffers",
    { buffering: { requests: true, responses: true, memoryBytes: 1, maxRequestBytes: 1, maxResponseBytes: 1 } },
  ],
  ["has another name: nothing is there yet", { hosts: ["other.test"] }],
])("a known token is answered while the service %s [AC-10] [RT-09]", async (_, route) => {
  const bed = await bedKnowing(knowing(TOKEN), { route });
  const response = await askOnce(bed.proxy.port, get(PATH));
  expect(response).toMatchObject({ status: 200, body: KEY_AUTHORIZATION });
  expect(valueOf(response, "content-type")).toBe("text/plain");
  expect(valueOf(response, "content-length")).toBe(String(KEY_AUTHORIZATION.length));
  expect(bed.app.receivedBytes).toBe(0);
});

test("the host is compared neither with a list nor with its port: IP addresses and `host:8080` are answered [W24]", async () => {
  const bed = await bedKnowing(knowing(TOKEN));
  const client = await bed.connect();
  for (const host of ["a.test:8080", "127.0.0.1", "[::1]:80", "unheard-of.test", "A.TEST."]) {
    expect((await client.ask(get(PATH, host))).body, host).toBe(KEY_AUTHORIZATION);
  }
  expect((await client.ask(`GET ${PATH}?x=1 HTTP/1.1\r\nHost: a.test\r\n\r\n`)).body).toBe(KEY_AUTHORIZATION);
});

test("HTTP/1.0 and HEAD [AC-10]", async () => {
  const { proxy } = await bedKnowing(knowing(TOKEN));
  expect((await askOnce(proxy.port, `GET ${PATH} HTTP/1.0\r\n\r\n`)).body).toBe(KEY_AUTHORIZATION);
  const head = await askOnce(proxy.port, `HEAD ${PATH} HTTP/1.1\r\nHost: a.test\r\n\r\n`, "HEAD");
  expect(head).toMatchObject({ status: 200, body: "" });
  expect(valueOf(head, "content-length")).toBe(String(KEY_AUTHORIZATION.length));
});

test("over IPv6 alone [AC-10]", async () => {
  const { proxy } = await bedKnowing(knowing(TOKEN));
  const listener: HttpListener = await HttpListener.listen(0, "::1", (socket) =>
    proxy.plane.accept(socket, { scheme: "http", localPort: 0 }),
  );
  onTestFinished(() => listener.close());
  const client = connectSocket({ host: "::1", port: listener.port });
  onTestFinished(() => void client.destroy());
  let text = "";
  client.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  client.write(get(PATH));
  await eventually("the answer", () => readResponses(text)[0]?.complete === true);
  expect(readResponses(text)[0]?.body).toBe(KEY_AUTHORIZATION);
});

test.each(["http/1.1", "h2"])(
  "over TLS with %s, whatever name the connection was made for [AC-10]",
  async (protocol) => {
    const { proxy, app } = await bedKnowing(knowing(TOKEN));
    const { chain, privateKey, ca } = await certificateFor(["a.test"]);
    await proxy.plane.useCertificates({
      certificates: [{ id: "1", chain, privateKey, names: ["a.test"] }],
      names: [["a.test", "1"]],
      defaultId: "1",
      askable: [],
    });
    for (const [host, servername] of [
      ["a.test", "a.test"],
      ["b.test", "a.test"],
    ] as const) {
      const socket = connectTls({
        port: proxy.httpsPort,
        host: "127.0.0.1",
        servername,
        ca,
        ALPNProtocols: [protocol],
      });
      onTestFinished(() => void socket.destroy());
      expect(await (protocol === "h2" ? bodyOverHttp2(socket, host) : bodyOverHttp1(socket, host))).toBe(
        KEY_AUTHORIZATION,
      );
      expect(socket.alpnProtocol).toBe(protocol);
    }
    expect(app.requests).toHaveLength(0);
  },
);

test("five authorities at once, each over a connection of its own [AC-10]", async () => {
  const { proxy } = await bedKnowing(knowing(TOKEN), { route: { gate: { state: "stopped", message: "" } } });
  const bodies = await Promise.all(Array.from({ length: 5 }, () => askOnce(proxy.port, get(PATH))));
  expect(bodies.map(({ body }) => body)).toEqual(Array(5).fill(KEY_AUTHORIZATION));
});

test("a challenge is one line in the access log, counted for no service", async () => {
  const bed = await bedKnowing(knowing(TOKEN), { metrics: {} });
  await askOnce(bed.proxy.port, get(PATH, "a.test:8080", "User-Agent: authority\r\n"));
  await eventually("the end of the request", () => bed.proxy.plane.connections.size === 0);
  const { lines } = await bed.log();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    host: "a.test:8080",
    path: PATH,
    status: 200,
    service: "",
    target: "",
    resp_content_length: KEY_AUTHORIZATION.length,
    resp_content_type: "text/plain",
    user_agent: "authority",
  });
  expect(await bed.proxy.metrics()).toContain('{method="GET",service="",status="200"} 1');
  expect((await bed.proxy.plane.counters()).services["app"]?.requestsTotal).toBe(0);
});

test("once the challenge is over, its token is unknown", async () => {
  const { proxy, app } = await bedKnowing(knowing(TOKEN));
  expect((await askOnce(proxy.port, get(PATH))).status).toBe(200);
  await proxy.plane.useChallenges(NO_CHALLENGES);
  expect((await askOnce(proxy.port, get(PATH))).status).toBe(404);
  expect(app.requests).toHaveLength(0);
});

test("an unknown token is 404 in plain text, and the application is not asked [RT-09] [AC-10]", async () => {
  const { proxy, app } = await bedKnowing(knowing(TOKEN));
  const client = await connectTo(proxy.port);
  const tokens = ["unknown", "", `${TOKEN}x`, "a/b", "%65", "..", "../..", "toString", "__proto__", "x".repeat(500)];
  for (const token of tokens) {
    const response = await client.ask(get(`/.well-known/acme-challenge/${token}`));
    expect(response.status, token).toBe(404);
    expect(valueOf(response, "content-type"), token).toBe("text/plain");
    expect(valueOf(response, "cache-control")).toBe("no-store");
  }
  expect(app.requests).toHaveLength(0);
});

test("strangers' tokens for invented names never make an on-demand service's application say anything [W19]", async () => {
  const { proxy, app } = await bedKnowing(NO_CHALLENGES, { route: { hosts: [""] } });
  for (const host of ["a.test", "invented.test", "127.0.0.1"]) {
    expect((await askOnce(proxy.port, get(PATH, host))).status).toBe(404);
  }
  expect(app.connections).toHaveLength(0);
});

test("an application that has its own certificates answers for tokens that the proxy does not know", async () => {
  const { proxy, app } = await bedKnowing(knowing("other"), { route: { tls: tlsRoute({ enabled: false }) } });
  expect((await askOnce(proxy.port, get(PATH))).body).toBe(`app GET ${PATH} 0`);
  await proxy.serve(service("app", [app.port], { hosts: ["a.test"], tls: tlsRoute({ redirect: false }) }));
  expect((await askOnce(proxy.port, get(PATH))).body).toBe(`app GET ${PATH} 0`);
});

test("what only resembles a challenge is the application's business", async () => {
  const { proxy, app } = await bedKnowing(knowing(TOKEN), {
    route: { tls: tlsRoute({ automatic: true, redirect: false }) },
  });
  const client = await connectTo(proxy.port);
  for (const path of ["/.well-known/acme-challenge", "/.well-known/security.txt", `/x${PATH}`, PATH.toUpperCase()]) {
    expect((await client.ask(get(path))).body, path).toContain("app GET");
  }
  expect((await client.ask(post(PATH, "abc"))).body).toContain("app POST");
  expect(app.requests).toHaveLength(5);
});

test("a peer's challenge is answered here: the question carries host, token and marker, and nothing else [AC-10]", async () => {
  const owner = await startTarget("peer", () => okResponse(KEY_AUTHORIZATION));
  const { proxy, app } = await bedKnowing(asking(owner.port));
  const response = await askOnce(proxy.port, get(PATH, "a.test", "Cookie: secret=1\r\nX-Forwarded-For: 192.0.2.1\r\n"));
  expect(response).toMatchObject({ status: 200, body: KEY_AUTHORIZATION });
  expect(valueOf(response, "content-type")).toBe("text/plain");
  expect(owner.requests).toHaveLength(1);
  expect(owner.requests[0]?.target).toBe(PATH);
  expect(owner.requests[0]?.fields).toEqual([
    ["Host", "a.test"],
    ["X-Kdeploy-Acme-Hop", "1"],
    ["User-Agent", "kdeploy-proxy"],
    ["Connection", "close"],
  ]);
  expect(app.requests).toHaveLength(0);
});

test("several servers, one name: each answers for all of them, also where nothing is deployed yet [AC-10]", async () => {
  const [first, second, third] = [await startBed(), await startBed(), await startBed()];
  const beds = [first, second, third] as const;
  await first.proxy.serve(service("app", [first.app.port], AUTOMATIC));
  await second.proxy.serve(
    service("app", [second.app.port], { ...AUTOMATIC, gate: { state: "stopped", message: "not yet" } }),
  );
  await third.proxy.serve();
  // One list for all: each finds itself in it.
  const { peers } = asking(...beds.map(({ proxy }) => proxy.port));
  for (const [index, { proxy }] of beds.entries()) {
    await proxy.plane.useChallenges({ ...knowing(`${TOKEN}${index}`), peers });
  }
  const answers = await Promise.all(
    beds.flatMap(({ proxy }) => beds.map(async (_, index) => (await askOnce(proxy.port, get(PATH + index))).body)),
  );
  const own = [0, 1, 2].map((index) => keyAuthorizationFor(`${TOKEN}${index}`));
  expect(answers).toEqual([...own, ...own, ...own]);
  for (const { app } of beds) expect(app.requests).toHaveLength(0);
});

test("two servers that ask each other never ask in circles [AC-10]", async () => {
  const first = await bedKnowing(NO_CHALLENGES);
  const second = await bedKnowing(asking(first.proxy.port));
  await first.proxy.plane.useChallenges(asking(second.proxy.port));
  expect((await askOnce(first.proxy.port, get(PATH))).status).toBe(404);
  expect([await requestsOf(first), await requestsOf(second)]).toEqual([1, 1]);
  // The marker alone ends it, whoever sends it.
  expect((await askOnce(second.proxy.port, get(`${PATH}2`, "a.test", "x-kdeploy-acme-hop: 1\r\n"))).status).toBe(404);
  expect([await requestsOf(first), await requestsOf(second)]).toEqual([1, 2]);
});

test("a dead peer and a silent one hold nobody up while another one knows [AC-10]", async () => {
  const silent = await startTarget("silent", () => null);
  const owner = await bedKnowing(knowing(TOKEN, `${TOKEN}2`));
  const { proxy } = await bedKnowing(asking(await unusedPort(), silent.port, owner.proxy.port));
  expect((await askOnce(proxy.port, get(PATH))).body).toBe(KEY_AUTHORIZATION);
  await eventually("the question to the silent peer ends", () => silent.connections[0]?.closed === true);
  expect((await askOnce(proxy.port, get(`${PATH}2`))).body).toBe(keyAuthorizationFor(`${TOKEN}2`));
});

test("peerTimeoutMs: nobody knows and one is silent: 404 then, and for a while it is not asked again", async () => {
  const silent = await startTarget("silent", () => null);
  const { proxy } = await bedKnowing(asking(silent.port));
  const startedAt = performance.now();
  expect((await askOnce(proxy.port, get(PATH))).status).toBe(404);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(CHALLENGE_LIMITS.peerTimeoutMs - 20);
  expect((await askOnce(proxy.port, get(`${PATH}2`))).status).toBe(404);
  expect(silent.connections).toHaveLength(1);
});

test("a token that appears here meanwhile is answered at once, and what was heard before does not count", async () => {
  const silent = await startTarget("silent", () => null);
  const { proxy } = await bedKnowing(asking(silent.port));
  const client = await connectTo(proxy.port);
  client.send(get(PATH));
  await eventually("the question", () => silent.requests.length === 1);
  await proxy.plane.useChallenges({ ...asking(silent.port), ...knowing(TOKEN), peers: asking(silent.port).peers });
  expect((await client.read(1))[0]?.body).toBe(KEY_AUTHORIZATION);
  await eventually("the question ends", () => silent.connections[0]?.closed === true);
  // And after a "no" that is remembered.
  const ignorant = await bedKnowing(NO_CHALLENGES);
  await proxy.plane.useChallenges(asking(ignorant.proxy.port));
  expect((await askOnce(proxy.port, get(`${PATH}2`))).status).toBe(404);
  await proxy.plane.useChallenges({ ...knowing(`${TOKEN}2`), peers: asking(ignorant.proxy.port).peers });
  expect((await askOnce(proxy.port, get(`${PATH}2`))).status).toBe(200);
});

test("an authority that leaves while the peers are asked is a 499", async () => {
  const silent = await startTarget("silent", () => null);
  const bed = await bedKnowing(asking(silent.port));
  const client = await bed.connect();
  client.send(get(PATH));
  await eventually("the question", () => silent.requests.length === 1);
  client.reset();
  await eventually("the connection ends", () => bed.proxy.plane.connections.size === 0);
  await bed.proxy.plane.useChallenges(knowing(TOKEN));
  expect((await bed.log()).lines.map(({ status }) => status)).toEqual([499]);
});

test("a thousand requests for one unknown token are one question [AC-04]", async () => {
  const peer = await startTarget("peer", () => okResponse("no"));
  const { proxy } = await bedKnowing(asking(peer.port));
  const statuses: number[] = [];
  for (let round = 0; round < 10; round++) {
    const client = await connectTo(proxy.port);
    client.send(get(PATH).repeat(100));
    statuses.push(...(await client.read(100)).map(({ status }) => status));
  }
  expect(statuses).toEqual(Array(1_000).fill(404));
  expect(peer.requests).toHaveLength(1);
});

test("peerQuestionsPerSecond: a thousand invented tokens are no storm: all are 404, few are asked for [AC-04]", async () => {
  const peer = await startTarget("peer", () => okResponse("no"));
  const { proxy } = await bedKnowing(asking(peer.port));
  const startedAt = performance.now();
  let refused = 0;
  for (let round = 0; round < 10; round++) {
    const clients = await Promise.all(Array.from({ length: 10 }, () => connectTo(proxy.port)));
    await Promise.all(
      clients.map(async (client, index) => {
        for (let turn = 0; turn < 10; turn++) {
          const { status } = await client.ask(get(`${PATH}-${round}-${index}-${turn}`));
          if (status === 404) refused++;
        }
        client.destroy();
      }),
    );
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  expect(refused).toBe(1_000);
  const { peerQuestionsPerSecond } = CHALLENGE_LIMITS;
  expect(peer.requests.length).toBeGreaterThan(0);
  expect(peer.requests.length).toBeLessThanOrEqual(Math.ceil(peerQuestionsPerSecond * (1 + seconds)));
});
