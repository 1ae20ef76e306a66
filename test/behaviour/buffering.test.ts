/** Both buffers together: every combination of limits, large bodies, and what happens when there is no room. */
import { describe, expect, test } from "vitest";
import { startBed } from "../support/bed.ts";
import { BOTH, inTwoParts, OFF, openSpills, spillsLeft, startBufferedBed } from "../support/buffered-bed.ts";
import { eventually } from "../support/eventually.ts";
import { download, hashOfPattern, startPatternedTarget, upload } from "../support/patterned-target.ts";
import { get, post } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";
import { service } from "../support/running-proxy.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MB = 1024 * 1024;

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
    const { proxy, app, connect } = await startBufferedBed({ maxRequestBytes: 10, memoryBytes: 5 });
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
    const { proxy } = await startBufferedBed({});
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
    const { proxy } = await startBufferedBed({});
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
    const { app, proxy, connect } = await startBufferedBed({ memoryBytes: 10 }, { answer: () => okResponse("fine") });
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
    const { app, connect } = await startBufferedBed(
      { memoryBytes: MB },
      { limits: { maxBufferedMemoryBytes: 10_000 } },
    );
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
