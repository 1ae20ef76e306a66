/** A WebSocket server sees and says the same through the proxy as it does to a client that is connected to it directly. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { eventually } from "../support/eventually.ts";
import { valueOf } from "../support/http-messages.ts";
import { RawClient } from "../support/raw-client.ts";
import { type RunningProxy, runProxy, service } from "../support/running-proxy.ts";
import { WEBSOCKET_CASES, type WebSocketCase } from "../support/websocket-cases.ts";
import { handshake } from "../support/websocket-handshake.ts";

/** What both sides saw of one connection. */
type Transcript = { readonly handshake: string[]; readonly client: string[]; readonly server: string[] };

const http = createServer();
const server = new WebSocketServer({
  server: http,
  maxPayload: 32 * 1_048_576,
  perMessageDeflate: { threshold: 0 },
});
/** What the server saw, by path. */
const seen = new Map<string, string[]>();
let proxy: RunningProxy;
let direct = 0;

beforeAll(async () => {
  server.on("connection", (socket, { url = "" }) => {
    const events: string[] = [];
    seen.set(url, events);
    serve(socket, events);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  direct = (http.address() as AddressInfo).port;
  proxy = await runProxy();
  await proxy.serve(service("cable", [direct]));
});

afterAll(async () => {
  await proxy.stop();
  for (const client of server.clients) client.terminate();
  server.close();
  http.close();
});

test.each(WEBSOCKET_CASES.map((one) => [one.name, one] as const))("%s: the same as direct [WS-01]", async (_, one) => {
  const expected = await run(one, direct, `/direct/${one.name}`);
  expect(expected.handshake[0]).toBe("101");
  const closes = expected.client.filter((line) => line.startsWith("8 "));
  const statuses = closes.map((line) => Number(line.split(" ")[3]));
  expect(statuses, "the server's close").toEqual(one.closes === undefined ? [] : [one.closes]);
  expect(await run(one, proxy.port, `/proxied/${one.name}`)).toEqual(expected);
});

test.each([
  ["without a version", (text: string) => text.replace(/Sec-WebSocket-Version: 13\r\n/, "")],
  ["of a version that nobody knows", (text: string) => text.replace("Version: 13", "Version: 99")],
  ["without a key", (text: string) => text.replace(/Sec-WebSocket-Key: .*\r\n/, "")],
  ["with a short key", (text: string) => text.replace(/Key: .*\r\n/, "Key: short\r\n")],
  [
    "with subprotocols",
    (text: string) => text.replace(/\r\n\r\n/, "\r\nSec-WebSocket-Protocol: chat, superchat\r\n\r\n"),
  ],
  [
    "with malformed subprotocols",
    (text: string) => text.replace(/\r\n\r\n/, "\r\nSec-WebSocket-Protocol: a,,b\r\n\r\n"),
  ],
  ["with malformed extensions", (text: string) => text.replace(/\r\n\r\n/, "\r\nSec-WebSocket-Extensions: ;x\r\n\r\n")],
])("a handshake %s: the same answer as direct [WS-01 WS-02]", async (_, change) => {
  const answers = async (port: number): Promise<unknown> => {
    const client = await RawClient.connect(port);
    client.send(change(handshake("/handshake")));
    await client.until(() => client.responses()[0]?.complete === true || client.responses()[0]?.status === 101);
    const [response] = client.responses();
    client.destroy();
    return [
      response?.status,
      response?.status === 101 ? "" : response?.body,
      ...negotiated(response ?? { fields: [] }),
    ];
  };
  const expected = await answers(direct);
  expect((expected as number[])[0]).toBeGreaterThan(100);
  expect(await answers(proxy.port)).toEqual(expected);
});

/** Echoes, does what it is told by `do …`, and keeps a record. */
function serve(socket: WebSocket, events: string[]): void {
  socket.on("message", (data, isBinary) => {
    const bytes = data as Buffer;
    events.push(`${isBinary ? "binary" : "text"} ${digest(bytes)}`);
    const [command, what, ...rest] = isBinary || bytes.length > 100 ? [] : bytes.toString().split(" ");
    if (command !== "do") socket.send(bytes, { binary: isBinary });
    else obey(socket, what ?? "", rest);
  });
  socket.on("ping", (data) => events.push(`ping ${digest(data)}`));
  socket.on("pong", (data) => events.push(`pong ${digest(data)}`));
  socket.on("error", (error: NodeJS.ErrnoException) => events.push(`error ${error.code}`));
  socket.on("close", (code, reason) => events.push(`closed ${code} ${digest(reason)}`));
}

function obey(socket: WebSocket, what: string, rest: readonly string[]): void {
  if (what === "ping") socket.ping(rest[0]);
  else if (what === "close") socket.close(Number(rest[0]), rest[1]);
  else if (what === "vanish") socket.terminate();
  // The socket below: an end without a Close frame.
  else if (what === "end") (socket as unknown as { _socket: { end(): void } })._socket.end();
  else for (let index = 0; index < 5; index++) socket.send(`part ${index}`, { fin: index === 4 });
}

/** Plays one case and waits until both sides know that it is over. */
async function run(one: WebSocketCase, port: number, name: string): Promise<Transcript> {
  const path = encodeURI(name.replaceAll(/[%"?#]/g, "-"));
  const client = await RawClient.connect(port);
  const extensions = one.extensions === undefined ? "" : `Sec-WebSocket-Extensions: ${one.extensions}\r\n`;
  client.send(handshake(path, extensions));
  expect(await client.until(() => client.responses().length > 0)).toBe(true);
  const [response] = client.responses();
  const headLength = response?.head.length ?? 0;
  for (const write of one.writes) {
    if (typeof write === "number") {
      await client.until(() => framesIn(client.text.slice(headLength)).length >= write);
    } else {
      client.send(write);
      // Small writes are to arrive one by one.
      if (write.length < 8) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  expect(await client.until(() => client.ended || client.closed, 20_000), "the server ends it").toBe(true);
  client.fin();
  const log = seen.get(path) ?? [];
  await eventually("the server knows", () => log.at(-1)?.startsWith("closed ") === true);
  client.destroy();
  return {
    handshake: [String(response?.status), ...negotiated(response ?? { fields: [] })],
    client: framesIn(client.text.slice(headLength)),
    server: log,
  };
}

function negotiated(response: Parameters<typeof valueOf>[0]): string[] {
  const names = ["upgrade", "sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-protocol"];
  return [...names, "sec-websocket-version"].map((name) => valueOf(response, name) ?? "");
}

/** A server's frames, one line each: opcode, fin, reserved bits, a Close frame's status, payload. */
function framesIn(text: string): string[] {
  const bytes = Buffer.from(text, "latin1");
  const lines: string[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const [first = 0, second = 0] = bytes.subarray(at, at + 2);
    let length = second & 0x7f;
    let start = at + 2;
    if (length === 126) [length, start] = [bytes.length >= at + 4 ? bytes.readUInt16BE(start) : Infinity, at + 4];
    else if (length === 127)
      [length, start] = [bytes.length >= at + 10 ? Number(bytes.readBigUInt64BE(start)) : Infinity, at + 10];
    const payload = bytes.subarray(start, start + length);
    if (payload.length < length) break;
    const opcode = first & 0x0f;
    const status = opcode === 8 ? ` ${payload.length >= 2 ? payload.readUInt16BE(0) : 0}` : "";
    lines.push(`${opcode} ${first >> 7} ${(first >> 4) & 7}${status} ${second >> 7} ${digest(payload)}`);
    at = start + length;
  }
  if (at < bytes.length) lines.push(`incomplete, ${bytes.length - at} bytes`);
  return lines;
}

function digest(bytes: Uint8Array): string {
  return bytes.length <= 40
    ? `${bytes.length} ${Buffer.from(bytes).toString("hex")}`
    : `${bytes.length} ${createHash("sha1").update(bytes).digest("hex")}`;
}
