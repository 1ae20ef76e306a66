/** Buffered bodies: a target sees whole requests only, a client whole responses, within the limits, and nothing is left behind. */
import { readdirSync, readlinkSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Buffering } from "../../proxy/route/routing-table.ts";
import { type BedOptions, startBed, startTarget } from "../support/bed.ts";
import { eventually, pause, settled } from "../support/eventually.ts";
import { valueOf, valuesOf } from "../support/http-messages.ts";
import { download, hashOfPattern, startPatternedTarget, upload } from "../support/patterned-target.ts";
import { get, post } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";
import { service, target } from "../support/running-proxy.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MB = 1024 * 1024;
const OFF: Buffering = {
  requests: false,
  responses: false,
  memoryBytes: MB,
  maxRequestBytes: 0,
  maxResponseBytes: 0,
};
const BOTH: Buffering = { ...OFF, requests: true, responses: true };

function bed(buffering: Partial<Buffering>, options: BedOptions = {}) {
  return startBed({ ...options, route: { buffering: { ...BOTH, ...buffering }, ...options.route } });
}

/** Open descriptors of this process that lead to files in the temporary directory. */
function openSpills(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return dirname(path) === tmpdir() && path.endsWith("(deleted)") ? [path] : [];
    } catch {
      return [];
    }
  });
}

function spillsLeft(): string[] {
  return [...openSpills(), ...readdirSync(tmpdir()).filter((name) => name.startsWith("proxy-buffer-"))];
}

/** A response with this many bytes, sent in two writes so that it is not there at once. */
function inTwoParts(size: number, fields = `Content-Length: ${size}\r\nContent-Type: text/plain\r\n`) {
  return (_: unknown, connection: { socket: { write(bytes: string): void } }): null => {
    connection.socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n`);
    setTimeout(() => connection.socket.write("r".repeat(size)), 20);
    return null;
  };
}

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const CHUNKED_HEAD = "POST /up HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n";

describe("requests", () => {
  test("a body within the limits passes, also where it goes on in a file [A88]", async () => {
    const { app, connect } = await bed({ memoryBytes: 4, maxRequestBytes: 10 });
    const client = await connect();
    expect((await client.ask(post("/", "12345678"))).status).toBe(200);
    expect(app.requests[0]?.body).toBe("12345678");
    expect(valueOf(app.requests[0] ?? { fields: [] }, "content-length")).toBe("8");
    expect(spillsLeft()).toEqual([]);
  });

  test("a body over the limit is a 413 before any target is asked [A89]", async () => {
    const { app, connect } = await bed({ memoryBytes: 4, maxRequestBytes: 8 });
    const client = await connect();
    const response = await client.ask(post("/", "123456789"));
    expect([response.status, valueOf(response, "connection")]).toEqual([413, "close"]);
    expect(response.body).toContain("Content Too Large");
    expect(await client.until(() => client.ended)).toBe(true);
    expect(app.connections).toEqual([]);
  });

  test("a length that says too much is refused before a byte of the body comes, and before 100 Continue", async () => {
    const { app, connect } = await bed({ maxRequestBytes: 8 });
    const client = await connect();
    client.send("POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    const [response] = await client.read(1);
    expect([response?.status, response?.informational.length]).toEqual([413, 0]);
    expect(app.connections).toEqual([]);
  });

  test("a chunked body is refused as soon as it exceeds the limit; the client can read why", async () => {
    const { app, connect } = await bed({ memoryBytes: 4, maxRequestBytes: 8 });
    const client = await connect();
    client.send(CHUNKED_HEAD + chunk("12345678"));
    await pause(30);
    expect(client.text).toBe("");
    client.send(chunk("9"));
    const [response] = await client.read(1);
    expect([response?.status, valueOf(response ?? { fields: [] }, "connection")]).toEqual([413, "close"]);
    // Lingering: what it goes on to send does not reset the answer away.
    client.send("x".repeat(100_000));
    expect(await client.until(() => client.ended)).toBe(true);
    expect(client.error).toBeUndefined();
    expect(app.connections).toEqual([]);
    expect(spillsLeft()).toEqual([]);
  });

  test("malformed chunking is a 400, and no target hears of it [A90]", async () => {
    const { app, connect, log } = await bed({});
    const client = await connect();
    client.send(`${CHUNKED_HEAD}5\r\nhello\r\nnonsense\r\n`);
    const [response] = await client.read(1);
    expect([response?.status, valueOf(response ?? { fields: [] }, "connection")]).toEqual([400, "close"]);
    expect(app.connections).toEqual([]);
    expect((await log()).lines.map(({ status }) => status)).toEqual([400]);
  });

  test("malformed chunking without buffering is a 400 as well [A209]", async () => {
    const { connect } = await bed(OFF);
    const client = await connect();
    client.send(`${CHUNKED_HEAD}5\r\nhello\r\nnonsense\r\n`);
    expect((await client.read(1))[0]?.status).toBe(400);
  });

  test("a client that leaves in the middle of its upload reaches no target: 499 in the log, nothing left", async () => {
    const { app, connect, log } = await bed({ memoryBytes: 4 });
    const client = await connect();
    client.send(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 400000\r\n\r\n${"x".repeat(300_000)}`);
    await eventually("the body goes to a file", () => openSpills().length === 1);
    client.fin();
    await eventually("the connection closes", () => client.closed);
    expect((await log()).lines.map(({ status }) => status)).toEqual([499]);
    expect(app.connections).toEqual([]);
    await eventually("the file is gone", () => spillsLeft().length === 0);
  });

  test("chunked stays chunked, trailers included; an empty body stays one", async () => {
    const { app, connect } = await bed({ memoryBytes: 4 });
    const client = await connect();
    await client.ask(`${CHUNKED_HEAD}${chunk("hello")}${chunk("world")}0\r\nX-Sum: 1\r\n\r\n`);
    await client.ask(`${CHUNKED_HEAD}0\r\n\r\n`);
    const [first, second] = app.requests;
    expect([first?.framing, first?.body, first?.trailers]).toEqual(["chunked", "helloworld", [["X-Sum", "1"]]]);
    expect([second?.framing, second?.body]).toEqual(["chunked", ""]);
  });

  test("the proxy says 100 Continue itself, once, and asks no target whether the body may come", async () => {
    const { app, connect } = await bed({});
    const client = await connect();
    client.send("POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    expect(await client.until(() => client.text === "HTTP/1.1 100 Continue\r\n\r\n")).toBe(true);
    expect(app.connections).toEqual([]);
    client.send("hello");
    const [response] = await client.read(1);
    expect([response?.status, response?.informational.length]).toEqual([200, 1]);
    expect(valuesOf(app.requests[0] ?? { fields: [] }, "expect")).toEqual([]);
    expect(app.requests[0]?.body).toBe("hello");
  });

  test("a slow upload claims no target: a drain does not wait for it, and it goes to the new one", async () => {
    const { proxy, app, connect } = await bed({});
    const next = await startTarget("next");
    const client = await connect();
    client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhello");
    await pause(30);
    await proxy.serve(service("app", [next.port], { buffering: BOTH }));
    const drained = proxy.plane.drain([`app-${app.port}`], { timeoutMs: 5_000, cut: true, upgraded: true });
    expect(await drained).toEqual({ completed: 0, cut: 0 });
    client.send("world");
    expect((await client.read(1))[0]?.body).toBe("next POST / 10");
    expect(app.connections).toEqual([]);
  });

  test("a body that is here goes to another target when the first cannot be reached, whole", async () => {
    const { proxy, app, connect } = await bed({});
    const gone = await startTarget("gone");
    const dead = gone.port;
    await gone.stop();
    await proxy.serve(
      service("app", [], {
        buffering: { ...BOTH, memoryBytes: 4 },
        targets: [target("dead", dead), target("app", app.port)],
      }),
    );
    const client = await connect();
    for (let index = 0; index < 4; index++) {
      expect((await client.ask(post("/", `body number ${index}`))).status).toBe(200);
    }
    expect(app.requests.map(({ body }) => body)).toEqual([0, 1, 2, 3].map((index) => `body number ${index}`));
    expect(app.requests).toHaveLength(4);
  });

  test("a PUT whose idle connection had died is sent again from its first byte", async () => {
    const { app, connect } = await bed({ memoryBytes: 1000 });
    const client = await connect();
    await client.ask(get("/"));
    app.answer = (_, connection) => {
      app.answer = () => okResponse("second");
      connection.socket.destroy();
      return null;
    };
    const body = "p".repeat(200_000);
    const response = await client.ask(
      `PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect([response.status, response.body]).toEqual([200, "second"]);
    expect(app.requests.at(-1)?.body).toBe(body);
    await eventually("nothing is left", () => spillsLeft().length === 0);
  });

  test("paused meanwhile: the whole request waits, and goes on at the resume", async () => {
    const { proxy, app, connect } = await bed({});
    const client = await connect();
    client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhello");
    await pause(20);
    const route = service("app", [app.port], { buffering: BOTH });
    await proxy.serve({ ...route, gate: { state: "paused", maxPauseMs: 5_000 } });
    client.send("world");
    await pause(30);
    expect((await proxy.plane.counters()).services["app"]?.waiting).toBe(1);
    await proxy.serve(route);
    expect((await client.read(1))[0]?.status).toBe(200);
    expect(app.requests[0]?.body).toBe("helloworld");
  });

  test("stopped or removed meanwhile: 503 or 404, no target", async () => {
    const { proxy, app, connect } = await bed({});
    const route = service("app", [app.port], { buffering: BOTH });
    for (const [status, tables] of [
      [503, [{ ...route, gate: { state: "stopped", message: "gone fishing" } }]],
      [404, []],
    ] as const) {
      await proxy.serve(route);
      const client = await connect();
      client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhello");
      await pause(20);
      await proxy.serve(...tables);
      client.send("world");
      expect((await client.read(1))[0]?.status).toBe(status);
    }
    expect(app.connections).toEqual([]);
  });

  test("pipelined requests with bodies are answered in order", async () => {
    const { connect } = await bed({ memoryBytes: 3 });
    const client = await connect();
    client.send(post("/1", "one") + post("/2", "twotwo") + get("/3") + post("/4", "four"));
    const bodies = (await client.read(4)).map(({ body }) => body);
    expect(bodies).toEqual(["app POST /1 3", "app POST /2 6", "app GET /3 0", "app POST /4 4"]);
  });

  test("a target that says no before it has read everything is heard", async () => {
    const refusing = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => {
        socket.pause();
        socket.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
      });
    });
    await new Promise<void>((resolve) => {
      refusing.listen(0, "127.0.0.1", resolve);
    });
    onTestFinished(() => void refusing.close());
    const { proxy, connect } = await bed({});
    const { port } = refusing.address() as AddressInfo;
    await proxy.serve(service("app", [port], { buffering: { ...BOTH, memoryBytes: 1000 } }));
    const client = await connect();
    const body = Buffer.alloc(16 * MB, "b");
    client.send(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${body.length}\r\n\r\n`).send(body);
    const [response] = await client.read(1);
    expect([response?.status, response?.body]).toEqual([403, "no"]);
    await eventually("nothing is left", () => spillsLeft().length === 0);
    // The client has sent all of it: its connection is as good as before.
    expect((await client.ask(get("/"))).status).toBe(403);
  });
});

describe("responses", () => {
  test("a response within the limit passes, with its length [A95 A104 A105]", async () => {
    for (const type of ["text/plain", "application/json"]) {
      const answer = inTwoParts(9, `Content-Length: 9\r\nContent-Type: ${type}\r\n`);
      const { connect, log } = await bed({ maxResponseBytes: 10 }, { answer });
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
    const { app, proxy, connect, log } = await bed({ maxResponseBytes: 8 }, { answer: inTwoParts(90) });
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
    const { app, connect } = await bed({ maxResponseBytes: 8 }, { answer: () => okResponse("123456789") });
    const client = await connect();
    expect((await client.ask(get("/"))).status).toBe(502);
    app.answer = () => okResponse("12345678");
    expect((await client.ask(get("/"))).body).toBe("12345678");
    expect(app.connections).toHaveLength(1);
  });

  test("a redirect arrives whole, however its target flushes [A97]", async () => {
    const { connect } = await bed(
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
    const { connect } = await bed(
      { memoryBytes: 2, maxResponseBytes: 3 },
      { answer: () => `HTTP/1.1 200 OK\r\n${fields}\r\n${part}` },
    );
    const client = await connect();
    client.send(get("/"));
    const text = part.includes("\r\n") ? part.split("\r\n")[1] : part;
    expect(await client.until(() => client.text.includes(text ?? part))).toBe(true);
  });

  test("trailers of a response that flows stay", async () => {
    const { connect } = await bed(
      {},
      {
        answer: () => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk("hi")}0\r\nX-Sum: 2\r\n\r\n`,
      },
    );
    expect((await (await connect()).ask(get("/"))).trailers).toEqual([["X-Sum", "2"]]);
  });

  test("HEAD, 204, 304 and empty answers pass with their fields", async () => {
    const { connect } = await bed(
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
    const { connect } = await bed(
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
    const { app, connect, log } = await bed(
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
    const { proxy, app, connect } = await bed(
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
    const { proxy, connect } = await bed({});
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
    const { proxy, connect } = await bed({});
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
});

describe("both", () => {
  test.each([
    // [buffers, limits, request bytes, response bytes, status]
    ["off, within the limit [A192]", OFF, 10, 10, 10, 5, 5, 200],
    ["off, a large request [A193]", OFF, 10, 10, 20, 5, 5, 200],
    ["off, a large response [A194]", OFF, 10, 10, 5, 20, 5, 200],
    ["memory is the limit, small [A195]", BOTH, 10, 10, 5, 5, 10, 200],
    ["memory is the limit, large request [A196]", BOTH, 10, 10, 11, 5, 10, 413],
    ["memory is the limit, large response [A197]", BOTH, 10, 10, 5, 11, 10, 502],
    ["memory below the limit, small [A198]", BOTH, 20, 20, 5, 5, 5, 200],
    ["request above memory [A199]", BOTH, 20, 20, 15, 5, 5, 200],
    ["request above the limit [A200]", BOTH, 20, 20, 25, 5, 5, 413],
    ["response above memory [A201]", BOTH, 20, 20, 5, 15, 5, 200],
    ["response above the limit [A202]", BOTH, 20, 20, 5, 25, 5, 502],
    ["requests only, small [A203]", { ...BOTH, responses: false }, 10, 10, 5, 5, 5, 200],
    ["requests only, large request [A204]", { ...BOTH, responses: false }, 10, 10, 15, 5, 5, 413],
    ["requests only, large response [A205]", { ...BOTH, responses: false }, 10, 10, 5, 15, 5, 200],
    ["responses only, small [A206]", { ...BOTH, requests: false }, 10, 10, 5, 5, 5, 200],
    ["responses only, large request [A207]", { ...BOTH, requests: false }, 10, 10, 15, 5, 5, 200],
    ["responses only, large response [A208]", { ...BOTH, requests: false }, 10, 10, 5, 15, 5, 502],
  ] as const)("%s", async (_, switches, maxRequestBytes, maxResponseBytes, asked, given, memoryBytes, status) => {
    const buffering = { ...switches, maxRequestBytes, maxResponseBytes, memoryBytes };
    const { connect } = await startBed({ route: { buffering }, answer: inTwoParts(given) });
    const client = await connect();
    const response = await client.ask(post("/", "q".repeat(asked)));
    expect([response.status, response.body === "r".repeat(given)]).toEqual([status, status === 200]);
    await eventually("nothing is left", () => spillsLeft().length === 0);
  });

  test("options change with a redeploy: the limit counts while buffering is on, and not after [A125]", async () => {
    const { proxy, app, connect } = await bed({ maxRequestBytes: 10, memoryBytes: 5 });
    const client = await connect();
    expect((await client.ask(post("/", "12345678901"))).status).toBe(413);
    await proxy.serve(service("app", [app.port], { buffering: { ...OFF, maxRequestBytes: 10 } }));
    expect((await (await connect()).ask(post("/", "12345678901"))).status).toBe(200);
  });

  test("a WebSocket passes with both buffers and tiny limits [A179 A180]", async () => {
    for (const buffering of [OFF, { ...BOTH, memoryBytes: 1, maxRequestBytes: 1, maxResponseBytes: 1 }]) {
      const { app, connect } = await startBed({
        route: { buffering },
        answer: () =>
          "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfrom target",
      });
      const client = await connect();
      client.send(get("/", "a.test", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
      expect(await client.until(() => client.text.endsWith("from target"))).toBe(true);
      client.send("from client, longer than any limit");
      await eventually("the target hears it", () => app.connections[0]?.received.includes("any limit") === true);
    }
  });

  test("large bodies in both directions arrive byte for byte, and no file is left [W11]", async () => {
    const patterned = await startPatternedTarget();
    const { proxy } = await bed({});
    await proxy.serve(service("files", [patterned.port], { buffering: { ...BOTH, memoryBytes: 100_000 } }));
    const size = 24 * MB + 17;
    for (const framing of ["length", "chunked"] as const) {
      expect(await upload(proxy.port, "one", size, { framing })).toBe(hashOfPattern("one", size));
      expect(await download(proxy.port, `/down/two/${size}/${framing}`)).toBe(hashOfPattern("two", size));
    }
    await eventually("nothing is left", () => spillsLeft().length === 0);
  });

  test("many transfers at once are never mixed up", async () => {
    const patterned = await startPatternedTarget();
    const { proxy } = await bed({});
    await proxy.serve(service("files", [patterned.port], { buffering: { ...BOTH, memoryBytes: 10_000 } }));
    const size = MB + 331;
    const hashes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => [
        upload(proxy.port, `u${index}`, size, { framing: index % 2 ? "length" : "chunked" }),
        download(proxy.port, `/down/d${index}/${size}/length`, { everyChunks: 1 + (index % 3), pauseMs: index % 3 }),
      ]).flat(),
    );
    const wanted = Array.from({ length: 8 }, (_, index) => [`u${index}`, `d${index}`]).flat();
    expect(hashes).toEqual(wanted.map((seed) => hashOfPattern(seed, size)));
    await eventually("nothing is left", () => spillsLeft().length === 0);
  });
});

describe("no room", () => {
  test("without a temporary directory a spilling request is a 507, a spilling response a 502, others pass [ST-09]", async () => {
    const directory = await temporaryDirectory();
    const { app, proxy, connect } = await bed({ memoryBytes: 10 }, { answer: () => okResponse("fine") });
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = `${directory}/missing`;
    try {
      const client = await connect();
      expect((await client.ask(post("/", "x".repeat(20)))).status).toBe(507);
      expect((await client.ask(post("/", "short"))).status).toBe(200);
      app.answer = inTwoParts(20);
      expect((await client.ask(get("/"))).status).toBe(502);
      app.answer = () => okResponse("fine");
      expect((await client.ask(get("/"))).body).toBe("fine");
      expect(proxy.events.join("")).toContain("Error buffering request");
      expect(proxy.events.join("")).toContain("Error buffering response");
    } finally {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    }
  });

  test("maxBufferedMemoryBytes: when bodies together use it up, the next ones go on in files and still arrive", async () => {
    const { app, connect } = await bed({ memoryBytes: MB }, { limits: { maxBufferedMemoryBytes: 10_000 } });
    const clients = await Promise.all([connect(), connect(), connect()]);
    for (const client of clients) {
      client.send(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 200000\r\n\r\n${"m".repeat(199_999)}`);
    }
    await eventually("all are in files", () => openSpills().length === 3);
    for (const client of clients) client.send("m");
    for (const client of clients) expect((await client.read(1))[0]?.status).toBe(200);
    expect(app.requests.map(({ body }) => body.length)).toEqual([200_000, 200_000, 200_000]);
    app.answer = inTwoParts(100_000);
    const answers = await Promise.all(clients.map((client) => client.ask(get("/"))));
    expect(answers.map(({ body }) => body.length)).toEqual([100_000, 100_000, 100_000]);
    await eventually("nothing is left", () => spillsLeft().length === 0);
  });
});
