import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type GetRequest, getOnce } from "../../../proxy/http1/get-once.ts";
import { eventually } from "../../support/eventually.ts";
import { unusedPort } from "../../support/unused-port.ts";

function to(port: number, changes: Partial<GetRequest> = {}): GetRequest {
  return {
    host: "127.0.0.1",
    port,
    tls: false,
    path: "/x?y=1",
    hostHeader: "a.test",
    fields: "X-One: 1\r\n",
    timeoutMs: 3_000,
    maxBodyBytes: 1_000,
    keepBodyBytes: 1_000,
    ...changes,
  };
}

/** A server that answers each connection's first bytes as the test says, and what it was sent. */
async function server(onRequest: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const received: string[] = [];
  const listener = createServer((socket) => {
    sockets.push(socket.on("error", () => undefined));
    socket.once("data", (chunk: Buffer) => {
      received.push(chunk.toString("latin1"));
      onRequest(socket);
    });
  });
  await new Promise<void>((resolve) => void listener.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return { port: (listener.address() as AddressInfo).port, sockets, received };
}

const saying = (...pieces: readonly string[]) =>
  server((socket) => {
    for (const piece of pieces) socket.write(piece);
  });

test("exactly one request, with a connection of its own that is closed afterwards", async () => {
  const { port, received, sockets } = await saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  const result = await getOnce(to(port));
  expect(result).toMatchObject({ kind: "response", status: 200, location: "", bodyBytes: 2 });
  expect(result.kind === "response" && result.body.toString()).toBe("hi");
  expect(received).toEqual(["GET /x?y=1 HTTP/1.1\r\nHost: a.test\r\nX-One: 1\r\nConnection: close\r\n\r\n"]);
  await eventually("the connection ends", () => sockets[0]?.destroyed === true || sockets[0]?.readableEnded === true);
});

test.each([
  ["by its length", "HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nabc"],
  ["in chunks", "HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"],
  ["after informational heads", "HTTP/1.1 103 E\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nabc"],
])("a body %s, byte by byte", async (_, bytes) => {
  const { port } = await server((socket) => {
    socket.setNoDelay(true);
    let at = 0;
    const next = () => {
      if (at < bytes.length && !socket.destroyed) socket.write(bytes[at++] as string, () => setImmediate(next));
    };
    next();
  });
  const result = await getOnce(to(port));
  expect(result).toMatchObject({ kind: "response", status: 404, bodyBytes: 3 });
  expect(result.kind === "response" && result.body.toString()).toBe("abc");
});

test("a body until the close, and one that is cut", async () => {
  const whole = await server((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nabc"));
  expect(await getOnce(to(whole.port))).toMatchObject({ kind: "response", bodyBytes: 3 });
  const cut = await server((socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"));
  expect(await getOnce(to(cut.port))).toMatchObject({ kind: "reset" });
});

test("maxBodyBytes ends an endless body, keepBodyBytes is what is kept of it", async () => {
  const { port } = await saying(`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(5_000)}`);
  const result = await getOnce(to(port, { keepBodyBytes: 10 }));
  expect(result.kind === "response" && result.body.toString()).toBe("x".repeat(10));
  expect(result.kind === "response" && result.bodyBytes).toBeGreaterThanOrEqual(1_000);
});

test("enoughStatus: the body is not waited for", async () => {
  const { port } = await saying("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
  expect(await getOnce(to(port, { enoughStatus: 200 }))).toMatchObject({ kind: "response", status: 200 });
  expect(await getOnce(to(port, { enoughStatus: 201, timeoutMs: 50 }))).toEqual({ kind: "timed-out", stage: "body" });
});

test("failures are results", async () => {
  expect(await getOnce(to(await unusedPort()))).toMatchObject({ kind: "refused" });
  expect(await getOnce(to((await saying("SSH-2.0\r\n")).port))).toMatchObject({
    kind: "not-http",
    detail: expect.stringContaining("SSH-2.0"),
  });
  expect(await getOnce(to((await saying("HTTP/1.1 101 X\r\n\r\n")).port))).toMatchObject({ kind: "not-http" });
  const reset = await server((socket) => void socket.resetAndDestroy());
  expect(await getOnce(to(reset.port))).toMatchObject({ kind: "reset" });
  expect(await getOnce(to((await saying("")).port, { timeoutMs: 50 }))).toEqual({
    kind: "timed-out",
    stage: "response",
  });
  expect(await getOnce(to(1, { host: "no-such-host.invalid" }))).toMatchObject({ kind: "dns" });
});

test("an abort ends it, before and in the middle", async () => {
  const silent = await server(() => undefined);
  expect(await getOnce(to(silent.port), AbortSignal.abort())).toEqual({ kind: "unreachable", detail: "aborted" });
  const abort = new AbortController();
  const pending = getOnce(to(silent.port), abort.signal);
  await eventually("the request", () => silent.received.length === 1);
  abort.abort();
  expect(await pending).toEqual({ kind: "unreachable", detail: "aborted" });
  expect(silent.sockets).toHaveLength(1);
});

test("a TLS server that is plain HTTP is a failure, not a crash", async () => {
  const { port } = await saying("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  expect((await getOnce(to(port, { tls: true }))).kind).toBe("unreachable");
});
