import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { ChallengePeers } from "../../../proxy/challenge/peers.ts";
import { CHALLENGE_LIMITS } from "../../../proxy/limits.ts";
import { startTarget } from "../../support/bed.ts";
import { eventually } from "../../support/eventually.ts";
import { type Answerer, okResponse } from "../../support/recording-upstream.ts";
import { unusedPort } from "../../support/unused-port.ts";

const THUMBPRINT = "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ";
const NONE: ReadonlyMap<string, string> = new Map();

const knowing: Answerer = ({ target }) => okResponse(`${target.split("/").at(-1)}.${THUMBPRINT}`);
const ignorant: Answerer = () => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

function peersAt(ports: readonly number[], limits: Partial<typeof CHALLENGE_LIMITS> = {}): ChallengePeers {
  const peers = new ChallengePeers({ ...CHALLENGE_LIMITS, ...limits });
  onTestFinished(() => peers.close());
  peers.use(
    ports.map((port) => `127.0.0.1:${port}`),
    NONE,
  );
  return peers;
}

test("whoever knows is heard, wherever it stands in the list", async () => {
  const ports = [
    (await startTarget("a", ignorant)).port,
    (await startTarget("b", knowing)).port,
    (await startTarget("c", ignorant)).port,
  ];
  for (const order of [ports, ports.toReversed(), [...ports.slice(1), ports[0] as number]]) {
    expect(await peersAt(order).ask("token", "a.test")).toBe(`token.${THUMBPRINT}`);
  }
});

test("peers are asked all at once, and the first good answer ends the other questions", async () => {
  const silent = await startTarget("silent", () => null);
  const slow = await startTarget("slow", (request, connection) => {
    void eventually("both are asked", () => silent.requests.length === 1).then(() =>
      connection.socket.write(knowing(request, connection) as string),
    );
    return null;
  });
  const peers = peersAt([silent.port, slow.port], { peerTimeoutMs: 60_000 });
  expect(await peers.ask("token", "a.test")).toBe(`token.${THUMBPRINT}`);
  await eventually("the other question ends", () => silent.connections[0]?.closed === true);
});

test.each([
  ["another token", `other.${THUMBPRINT}`],
  ["no thumbprint", "token."],
  ["a short thumbprint", `token.${THUMBPRINT.slice(1)}`],
  ["a long one", `token.${THUMBPRINT}A`],
  ["more after it", `token.${THUMBPRINT}\n<script>`],
  ["a page", "<!doctype html>"],
  ["nothing", ""],
])("an answer that is no key authorization counts for nothing: %s", async (_, body) => {
  const { port } = await startTarget("peer", () => okResponse(body));
  expect(await peersAt([port]).ask("token", "a.test")).toBe("");
});

test("only 200 counts", async () => {
  const good = `token.${THUMBPRINT}`;
  const { port } = await startTarget("peer", () => `HTTP/1.1 203 OK\r\nContent-Length: ${good.length}\r\n\r\n${good}`);
  expect(await peersAt([port]).ask("token", "a.test")).toBe("");
});

test("maxTokenLength, and what is no base64url: nobody is asked", async () => {
  const peer = await startTarget("peer", knowing);
  const peers = peersAt([peer.port]);
  const longest = "a".repeat(CHALLENGE_LIMITS.maxTokenLength);
  for (const token of ["", "a/b", "a.b", "a b", "a\r\nX: 1", "ä", "a=", "../x", `${longest}a`]) {
    expect(await peers.ask(token, "a.test"), token).toBeNull();
  }
  expect(peer.connections).toHaveLength(0);
  expect(await peers.ask(longest, "a.test")).toBe(`${longest}.${THUMBPRINT}`);
  expect(await peers.ask("-_aZ09", "a.test")).toBe(`-_aZ09.${THUMBPRINT}`);
});

test("maxKeyAuthorizationBytes: a longer answer is none, and is not read to its end", async () => {
  const peer = await startTarget("peer", knowing);
  const length = `token.${THUMBPRINT}`.length;
  expect(await peersAt([peer.port], { maxKeyAuthorizationBytes: length }).ask("token", "")).not.toBe("");
  expect(await peersAt([peer.port], { maxKeyAuthorizationBytes: length - 1 }).ask("token", "")).toBe("");
  const endless = await startTarget(
    "endless",
    () => `HTTP/1.1 200 OK\r\n\r\ntoken.${THUMBPRINT}${"x".repeat(100_000)}`,
  );
  expect(await peersAt([endless.port], { peerTimeoutMs: 10_000 }).ask("token", "")).toBe("");
});

test("tokenMs: what the peers said is remembered, yes and no", async () => {
  const peer = await startTarget("peer", ignorant);
  const peers = peersAt([peer.port], { tokenMs: 100 });
  expect(await peers.ask("token", "a.test")).toBe("");
  peer.answer = knowing;
  expect(await peers.ask("token", "a.test")).toBe("");
  expect(peer.requests).toHaveLength(1);
  await sleep(110);
  expect(await peers.ask("token", "a.test")).toBe(`token.${THUMBPRINT}`);
  expect(await peers.ask("token", "a.test")).toBe(`token.${THUMBPRINT}`);
  expect(peer.requests).toHaveLength(2);
});

test("other peers have other answers", async () => {
  const [first, second] = [await startTarget("a", ignorant), await startTarget("b", knowing)];
  const peers = peersAt([first.port]);
  expect(await peers.ask("token", "a.test")).toBe("");
  peers.use([`127.0.0.1:${second.port}`], NONE);
  expect(await peers.ask("token", "a.test")).toBe(`token.${THUMBPRINT}`);
});

test("peerDownMs: a peer that did not answer is left alone for a while, then asked for the same token again", async () => {
  const returning = await startTarget("peer", (_request, { socket }) => {
    socket.destroy();
    return null;
  });
  const peers = peersAt([returning.port], { peerDownMs: 150 });
  expect(await peers.ask("token", "a.test")).toBe("");
  returning.answer = knowing;
  expect(await peers.ask("other", "a.test")).toBe("");
  expect(returning.connections).toHaveLength(1);
  await sleep(160);
  expect(await peers.ask("token", "a.test")).toBe(`token.${THUMBPRINT}`);
  expect(await peers.ask("other", "a.test")).toBe(`other.${THUMBPRINT}`);
});

test("peerTimeoutMs: a silent one and a drip end then", async () => {
  const silent = await startTarget("silent", () => null);
  const dripping = await startTarget("drip", (_request, { socket }) => {
    const timer = setInterval(() => socket.write("X"), 10);
    socket.once("close", () => clearInterval(timer));
    return `HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ntoken.`;
  });
  const peers = peersAt([silent.port, dripping.port, await unusedPort()], { peerTimeoutMs: 100 });
  const startedAt = performance.now();
  expect(await peers.ask("token", "a.test")).toBe("");
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
  await eventually("the connections end", () => dripping.connections[0]?.closed === true);
});

test("maxPeerQuestions and maxRememberedTokens hold", async () => {
  const silent = await startTarget("silent", () => null);
  const peers = peersAt([silent.port], { maxPeerQuestions: 3 });
  for (let index = 0; index < 10; index++) void peers.ask(`token${index}`, "a.test");
  expect(await peers.ask("one-more", "a.test")).toBeNull();
  await eventually("the questions", () => silent.requests.length === 3);
  const peer = await startTarget("peer", ignorant);
  const forgetful = peersAt([peer.port], { maxRememberedTokens: 1 });
  for (const token of ["a", "b", "a"]) await forgetful.ask(token, "a.test");
  expect(peer.requests).toHaveLength(3);
});

test("without a Host, as in HTTP/1.0, the peer's own address stands for it", async () => {
  const peer = await startTarget("peer", knowing);
  await peersAt([peer.port]).ask("token", "");
  expect(peer.requests[0]?.fields[0]).toEqual(["Host", `127.0.0.1:${peer.port}`]);
});
