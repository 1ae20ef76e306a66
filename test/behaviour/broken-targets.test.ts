/** Targets that break in ways the shared vectors do not cover: the damage is always seen, and never spreads. */
import { expect, onTestFinished, test } from "vitest";
import { connectTo, startBed } from "../support/bed.ts";
import { eventually } from "../support/eventually.ts";
import { get, type RawClient } from "../support/raw-client.ts";
import { runProxy, service } from "../support/running-proxy.ts";
import { type ScriptedUpstream, type ScriptStep, startScripted } from "../support/scripted-upstream.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

async function faulted(
  script: readonly ScriptStep[],
): Promise<{ client: RawClient; port: number; app: ScriptedUpstream }> {
  const app = await startScripted("app");
  const proxy = await runProxy();
  onTestFinished(async () => {
    await proxy.stop();
    await app.stop();
  });
  await proxy.serve(service("app", [app.port], { targetTimeoutMs: 500 }));
  app.play(script);
  const client = await connectTo(proxy.port);
  client.send(get("/fault"));
  await client.until(() => client.ended || client.closed || client.responses()[0]?.complete === true);
  return { client, port: proxy.port, app };
}

async function expectHealthy(port: number, app: ScriptedUpstream, same?: RawClient): Promise<void> {
  const client = same && !same.ended && !same.closed ? same : await connectTo(port);
  const before = client.responses().length;
  for (let turn = 1; turn <= 3; turn++) {
    client.send(get(`/clean/${turn}`));
    const responses = await client.read(before + turn);
    expect(responses.at(-1)?.body).toBe(`app GET /clean/${turn} 0`);
  }
  await eventually("the broken connection is gone", () => app.faulted().every(({ closed, ended }) => closed || ended));
}

test.each<[string, readonly ScriptStep[]]>([
  [
    "a body shorter than its length, then FIN",
    [
      [0, `${OK}Content-Length: 10\r\n\r\nhello`],
      [20, "FIN"],
    ],
  ],
  [
    "a body shorter than its length, then RST",
    [
      [0, `${OK}Content-Length: 10\r\n\r\nhello`],
      [20, "RST"],
    ],
  ],
  [
    "chunks without the last one, then FIN",
    [
      [0, `${CHUNKED}5\r\nhello\r\n`],
      [20, "FIN"],
    ],
  ],
  [
    "chunks without the last one, then RST",
    [
      [0, `${CHUNKED}5\r\nhello\r\n`],
      [20, "RST"],
    ],
  ],
  [
    "the last chunk without its empty line",
    [
      [0, `${CHUNKED}5\r\nhello\r\n0\r\n`],
      [20, "FIN"],
    ],
  ],
  [
    "a chunk size that is none",
    [
      [0, `${CHUNKED}5\r\nhello\r\n`],
      [20, "ZZ\r\n"],
    ],
  ],
  [
    "a chunk longer than it says",
    [
      [0, CHUNKED],
      [20, "2\r\nhello\r\n0\r\n\r\n"],
    ],
  ],
  [
    "a negative chunk size",
    [
      [0, CHUNKED],
      [20, "-5\r\nhello\r\n0\r\n\r\n"],
    ],
  ],
  [
    "a chunk size beyond all numbers",
    [
      [0, CHUNKED],
      [20, "FFFFFFFFFFFFFFFFF\r\nhello"],
    ],
  ],
  [
    "a body until the close, reset",
    [
      [0, `${OK}\r\nhello`],
      [20, "RST"],
    ],
  ],
])("%s: the client sees the response break off", async (_, script) => {
  const { client, port, app } = await faulted(script);
  await eventually("the connection breaks", () => client.ended || client.closed);
  expect(client.responses()[0]?.status).toBe(200);
  expect(client.responses()[0]?.complete).toBe(false);
  expect(client.text.endsWith("0\r\n\r\n")).toBe(false);
  await expectHealthy(port, app);
});

test.each<[string, readonly ScriptStep[]]>([
  ["a close without a word", [[0, "FIN"]]],
  ["a reset without a word", [[0, "RST"]]],
  [
    "half a status line",
    [
      [0, "HTTP/1.1 20"],
      [20, "FIN"],
    ],
  ],
  [
    "half a head",
    [
      [0, `${OK}Content-`],
      [20, "FIN"],
    ],
  ],
  ["NUL in a field", [[0, `${OK}X-A: a\0b\r\nContent-Length: 0\r\n\r\n`]]],
  ["a bare CR in a field", [[0, `${OK}X-A: a\rb\r\nContent-Length: 0\r\n\r\n`]]],
  ["lines that end in LF", [[0, "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"]]],
  ["a negative length", [[0, `${OK}Content-Length: -1\r\n\r\n`]]],
  ["a length that is a list of different ones", [[0, `${OK}Content-Length: 2, 3\r\n\r\nok`]]],
  ["an empty length", [[0, `${OK}Content-Length:\r\n\r\nok`]]],
  ["a hexadecimal length", [[0, `${OK}Content-Length: 0x2\r\n\r\nok`]]],
  [
    "a length beside a coding",
    [[0, `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`]],
  ],
  ["a coding that is not chunked", [[0, `${OK}Transfer-Encoding: gzip\r\n\r\nok`]]],
  ["two codings", [[0, `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`]]],
  ["the coding said twice", [[0, `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`]]],
  ["an empty coding", [[0, `${OK}Transfer-Encoding:\r\n\r\nok`]]],
  ["chunked in HTTP/1.0", [[0, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"]]],
  ["HTTP/1.2", [[0, "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok"]]],
  ["status 099", [[0, "HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\nok"]]],
  ["a four-digit status", [[0, "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok"]]],
  ["status 600 and beyond", [[0, "HTTP/1.1 999 What\r\nContent-Length: 2\r\n\r\nok"]]],
  ["an empty field name", [[0, `${OK}: x\r\nContent-Length: 2\r\n\r\nok`]]],
  ["a field without a colon", [[0, `${OK}Nothing\r\nContent-Length: 2\r\n\r\nok`]]],
  ["a first line that is folded", [[0, `${OK} folded: x\r\nContent-Length: 2\r\n\r\nok`]]],
])("%s: 502, and the connection to the client goes on", async (what, script) => {
  const { client, port, app } = await faulted(script);
  const [response] = client.responses();
  // Three digits are a status, even one that nobody has defined (RFC 9110 §15): it passes.
  expect(response?.status).toBe(what.startsWith("status 600") ? 999 : 502);
  expect(client.ended || client.closed).toBe(false);
  if (!what.startsWith("status 600")) await expectHealthy(port, app, client);
});

test("a body that is already out is not answered for a second time", async () => {
  const { client } = await faulted([
    [0, `${OK}Content-Length: 10\r\n\r\nhello`],
    [20, "FIN"],
  ]);
  await eventually("the connection breaks", () => client.ended || client.closed);
  expect(client.text.match(/HTTP\/1\.1/g)).toEqual(["HTTP/1.1"]);
});

test("a response torn into single bytes is the same response", async () => {
  const whole = `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}Transfer-Encoding: chunked\r\nX-A: 1\r\n\r\n5;ext=1\r\nhello\r\n0\r\nX-T: 1\r\n\r\n`;
  const { client } = await faulted(Array.from(whole, (byte): ScriptStep => [1, byte]));
  const [response] = client.responses();
  expect([response?.status, response?.body, response?.trailers]).toEqual([200, "hello", [["X-T", "1"]]]);
  expect(response?.informational.length).toBe(1);
});

test("a target that answers nothing in time is a 504; with a timeout of 0 it is waited for", async () => {
  const bed = await startBed({ answer: () => null, route: { targetTimeoutMs: 150 } });
  const client = await bed.connect();
  expect((await client.ask(get("/"))).status).toBe(504);
  await eventually("the target sees an abort", () => bed.app.connections[0]?.closed === true);
  await bed.proxy.serve(service("app", [bed.app.port], { targetTimeoutMs: 0 }));
  client.send(get("/patient"));
  await new Promise((resolve) => {
    setTimeout(resolve, 400);
  });
  expect(client.responses().length).toBe(1);
  bed.app.connections[1]?.socket.write(`${OK}Content-Length: 4\r\n\r\ndone`);
  expect((await client.read(2))[1]?.body).toBe("done");
});

test("the time for the response head does not run while the request is still being sent", async () => {
  const bed = await startBed({ route: { targetTimeoutMs: 200 } });
  const client = await bed.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 8\r\n\r\n");
  for (let turn = 0; turn < 8; turn++) {
    await new Promise((resolve) => {
      setTimeout(resolve, 60);
    });
    client.send("x");
  }
  expect((await client.read(1))[0]?.status).toBe(200);
});

test("a response body may take longer than the time for its head", async () => {
  const steps = Array.from({ length: 8 }, (): ScriptStep => [100, "1\r\nx\r\n"]);
  const { client } = await faulted([[0, CHUNKED], ...steps, [0, "0\r\n\r\n"]]);
  expect(client.responses()[0]?.body).toBe("xxxxxxxx");
});
