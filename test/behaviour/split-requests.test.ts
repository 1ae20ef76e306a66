/** However the network cuts a client's bytes into pieces, the target sees the same request and the client the same answer. */
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RawClient } from "../support/raw-client.ts";
import { RecordingUpstream } from "../support/recording-upstream.ts";
import { cut, mutatedHead, requestHead, splits } from "../support/request-generator.ts";
import { type RunningProxy, runProxy, service } from "../support/running-proxy.ts";

let proxy: RunningProxy;
let app: RecordingUpstream;
beforeAll(async () => {
  app = await RecordingUpstream.start("app");
  proxy = await runProxy({ limits: { headTimeoutMs: 400, bodyTimeoutMs: 400 } });
  await proxy.serve(service("app", [app.port]));
});
afterAll(async () => {
  await proxy.stop();
  await app.stop();
});

/** Ends every input, so that the connection closes and nothing has to be waited for. */
const LAST = "GET /last HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";

/** What both sides saw of `bytes` in these pieces, without what is new in every request. */
async function seen(pieces: readonly Buffer[]): Promise<{ client: string; target: string[] }> {
  app.forget();
  const client = await RawClient.connect(proxy.port);
  for (const piece of pieces) {
    if (client.ended || client.closed) break;
    client.send(piece);
    // Lets the piece arrive before the next one is written.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
  }
  await client.until(() => client.ended || client.closed, 2_000);
  client.destroy();
  const steady = (text: string): string => text.replace(/(X-Request-ID|X-Request-Start|Date): [^\r]*/g, "$1");
  const target = app.requests.filter(({ complete }) => complete).map(({ head, body }) => steady(head) + body);
  return { client: steady(client.text), target };
}

const BODIES = ["", "5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n", "hello", "b".repeat(300)];

test.each([
  ["proper", requestHead, 60],
  ["broken", mutatedHead, 60],
])("%s requests", async (_, heads, numRuns) => {
  const cases = fc
    .tuple(heads, fc.constantFrom(...BODIES))
    .map(([head, body]) => Buffer.from(head + body + LAST, "latin1"))
    .chain((bytes) => fc.tuple(fc.constant(bytes), splits(bytes.length)));
  await fc.assert(
    fc.asyncProperty(cases, async ([bytes, positions]) => {
      expect(await seen(cut(bytes, positions))).toEqual(await seen([bytes]));
    }),
    { numRuns },
  );
});

test("byte by byte", async () => {
  const chunked =
    "POST /c HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5;x=y\r\nhello\r\n0\r\nX-T: 1\r\n\r\n";
  const length = "PUT /l?q HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nX-A: \xe9\r\n\r\nhello";
  const bytes = Buffer.from(`\r\n${chunked}${length}${LAST}`, "latin1");
  const whole = await seen([bytes]);
  expect(whole.target.map((text) => text.split(" ", 2).join(" "))).toEqual(["POST /c", "PUT /l?q", "GET /last"]);
  const every = Array.from({ length: bytes.length - 1 }, (_, index) => index + 1);
  expect(await seen(cut(bytes, every))).toEqual(whole);
});
