/** Buffered responses: clients see whole ones only, within the limit; what has to flow flows. */
import { expect, test } from "vitest";
import { BOTH, chunk, inTwoParts, openSpills, spillsLeft, startBufferedBed } from "../support/buffered-bed.ts";
import { eventually, pause, settled } from "../support/eventually.ts";
import { valueOf, valuesOf } from "../support/http-messages.ts";
import { startPatternedTarget } from "../support/patterned-target.ts";
import { get } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";
import { service } from "../support/running-proxy.ts";

const MB = 1024 * 1024;

test("a response within the limit passes, with its length [A95 A104 A105]", async () => {
  for (const type of ["text/plain", "application/json"]) {
    const answer = inTwoParts(9, `Content-Length: 9\r\nContent-Type: ${type}\r\n`);
    const { connect, log } = await startBufferedBed({ maxResponseBytes: 10 }, { answer });
    const client = await connect();
    client.send(get("/"));
    await pause(10);
    // Held until it is whole.
    expect(client.text).toBe("");
    const [response] = await client.read(1);
    expect([response?.status, response?.framing, response?.body]).toEqual([200, "length", "r".repeat(9)]);
    expect(valueOf(response ?? { fields: [] }, "content-type")).toBe(type);
    expect((await log()).lines[0]).toMatchObject({ status: 200, resp_content_length: 9, resp_content_type: type });
  }
});

test("a response over the limit is a 502 with a page, and the target's connection is cut [A96]", async () => {
  const { app, proxy, connect, log } = await startBufferedBed({ maxResponseBytes: 8 }, { answer: inTwoParts(90) });
  const client = await connect();
  const response = await client.ask(get("/"));
  expect(response.status).toBe(502);
  expect(response.body).toContain("Bad Gateway");
  expect((await log()).lines.map(({ status }) => status)).toEqual([502]);
  expect(proxy.events.join("")).toContain("Response exceeded max response limit");
  await eventually("the target is cut off", () => app.connections[0]?.closed === true);
  app.answer = () => okResponse("small");
  expect((await client.ask(get("/"))).body).toBe("small");
});

test("an over-limit response that came at once is a 502, and its connection can be used again", async () => {
  const { app, connect } = await startBufferedBed({ maxResponseBytes: 8 }, { answer: () => okResponse("123456789") });
  const client = await connect();
  expect((await client.ask(get("/"))).status).toBe(502);
  app.answer = () => okResponse("12345678");
  expect((await client.ask(get("/"))).body).toBe("12345678");
  expect(app.connections).toHaveLength(1);
});

test("a redirect arrives whole, however its target flushes [A97]", async () => {
  const { connect } = await startBufferedBed(
    {},
    {
      answer: (_, { socket }) => {
        socket.write("HTTP/1.1 303 See Other\r\nLocation: /next\r\n");
        setTimeout(() => socket.write("Content-Length: 6\r\n\r\nsee"), 10);
        setTimeout(() => socket.write("you"), 20);
        return null;
      },
    },
  );
  const client = await connect();
  const response = await client.ask(get("/"));
  expect([response.status, valueOf(response, "location"), response.body]).toEqual([303, "/next", "seeyou"]);
});

test.each([
  ["an event stream [A98 A177 A178]", "Content-Type: text/event-stream\r\nContent-Length: 100\r\n", "data: 1\n\n"],
  [
    "an event stream with parameters [A99]",
    "Content-Type: Text/Event-Stream; charset=utf-8\r\nContent-Length: 100\r\n",
    "data: 1\n\n",
  ],
  ["a chunked response [A100]", "Transfer-Encoding: chunked\r\n", chunk("part")],
  [
    "a chunked event stream [A101]",
    "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n",
    chunk("data: 1\n\n"),
  ],
  ["a chunked long poll [A102]", "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n", chunk("part")],
  ["chunked JSON [A103]", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n", chunk("{}")],
  ["a response until close", "Connection: close\r\n", "part"],
])("%s flows while it is made [W12]", async (_, fields, part) => {
  const { connect } = await startBufferedBed(
    { memoryBytes: 2, maxResponseBytes: 3 },
    { answer: () => `HTTP/1.1 200 OK\r\n${fields}\r\n${part}` },
  );
  const client = await connect();
  client.send(get("/"));
  const text = part.includes("\r\n") ? part.split("\r\n")[1] : part;
  expect(await client.until(() => client.text.includes(text ?? part))).toBe(true);
});

test("trailers of a response that flows stay", async () => {
  const { connect } = await startBufferedBed(
    {},
    {
      answer: () => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk("hi")}0\r\nX-Sum: 2\r\n\r\n`,
    },
  );
  expect((await (await connect()).ask(get("/"))).trailers).toEqual([["X-Sum", "2"]]);
});

test("HEAD, 204, 304 and empty answers pass with their fields", async () => {
  const { connect } = await startBufferedBed(
    { maxResponseBytes: 5 },
    {
      answer: ({ method, target: path }) =>
        method === "HEAD"
          ? "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
          : `HTTP/1.1 ${path.slice(1)} X\r\n${path === "/204" ? "" : "Content-Length: 0\r\n"}\r\n`,
    },
  );
  const client = await connect();
  client.send(get("/").replace("GET", "HEAD"));
  const [head] = await client.read(1, ["HEAD"]);
  expect([head?.status, valueOf(head ?? { fields: [] }, "content-length")]).toEqual([200, "5000"]);
  const other = await connect();
  for (const status of [204, 304, 200]) expect((await other.ask(get(`/${status}`))).status).toBe(status);
});

test("a 103 goes out at once with its own fields, and the final status is the right one [W12]", async () => {
  const { connect } = await startBufferedBed(
    {},
    {
      answer: (_, { socket }) => {
        socket.write("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
        setTimeout(() => socket.write("HTTP/1.1 418 Teapot\r\nX-Final: 1\r\nContent-Length: 4\r\n\r\nte"), 40);
        setTimeout(() => socket.write("st"), 60);
        return null;
      },
    },
  );
  const client = await connect();
  client.send(get("/"));
  expect(await client.until(() => client.text.endsWith("\r\n\r\n"), 35)).toBe(true);
  expect(client.text).toBe("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
  const [response] = await client.read(1);
  expect([response?.status, response?.body, valuesOf(response ?? { fields: [] }, "link")]).toEqual([418, "test", []]);
});

test("a target that fails in the middle of a held response is a clean 502 or 504", async () => {
  const { app, connect, log } = await startBufferedBed(
    { memoryBytes: 4 },
    {
      answer: (_, { socket }) => {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n");
        socket.write("x".repeat(300_000));
        setTimeout(() => socket.destroy(), 50);
        return null;
      },
    },
  );
  const client = await connect();
  const response = await client.ask(get("/"));
  expect(response.status).toBe(502);
  expect(app.requests).toHaveLength(1);
  expect((await client.ask(get("/"))).status).toBe(502);
  expect((await log()).lines.map(({ status }) => status)).toEqual([502, 502]);
  await eventually("nothing is left", () => spillsLeft().length === 0);
});

test("a drain's deadline turns a held response into a 504", async () => {
  const { proxy, app, connect } = await startBufferedBed(
    {},
    { answer: () => "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf" },
  );
  const client = await connect();
  client.send(get("/"));
  await eventually("the request is there", () => app.requests.length === 1);
  const result = await proxy.plane.drain([`app-${app.port}`], { timeoutMs: 100, cut: true, upgraded: true });
  expect(result).toEqual({ completed: 0, cut: 1 });
  expect((await client.read(1))[0]?.status).toBe(504);
});

test("a slow reader keeps no target: the drain is over when the target has done its part", async () => {
  const patterned = await startPatternedTarget();
  const { proxy, connect } = await startBufferedBed({});
  await proxy.serve(service("files", [patterned.port], { buffering: BOTH }));
  const size = 12 * MB;
  const client = await connect();
  client.socket.pause();
  client.send(get(`/down/one/${size}/length`));
  await eventually("the target has sent everything", () => patterned.sent() === size, 10_000);
  const drain = proxy.plane.drain([`files-${patterned.port}`], { timeoutMs: 5_000, cut: true, upgraded: true });
  expect((await drain).cut).toBe(0);
  expect(openSpills()).toHaveLength(1);
  client.socket.resume();
  const [response] = await client.read(1, [], 20_000);
  expect(response?.body.length).toBe(size);
  await eventually("nothing is left", () => spillsLeft().length === 0);
});

test("a client that leaves while its response is held or replayed leaves nothing behind", async () => {
  const patterned = await startPatternedTarget();
  const { proxy, connect } = await startBufferedBed({});
  await proxy.serve(service("files", [patterned.port], { buffering: BOTH }));
  const client = await connect();
  client.socket.pause();
  client.send(get(`/down/one/${20 * MB}/length`));
  await eventually("a file is in use", () => openSpills().length === 1);
  await settled(patterned.sent, 50);
  client.destroy();
  await eventually("nothing is left", () => spillsLeft().length === 0);
  expect((await proxy.plane.counters()).targets[`files-${patterned.port}`]?.inFlight).toBe(0);
});
