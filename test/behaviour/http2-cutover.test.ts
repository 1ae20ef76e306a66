/** A switch under an HTTP/2 connection: what has begun ends where it began, what comes next goes to the new target. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { runProxy, service, tlsRoute } from "../support/running-proxy.ts";
import { certificateFor } from "../support/test-certificates.ts";

const HOST = "app.example.com";
const STREAMS = 50;

/** An app of one version that answers `/slow` when it is told to. */
async function startApp(version: string) {
  const held: ServerResponse[] = [];
  const server = createServer((request, response) => {
    if (request.url === "/slow") held.push(response);
    else response.end(version);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return {
    port: (server.address() as AddressInfo).port,
    held,
    release: () => {
      for (const response of held) response.end(version);
    },
  };
}

async function bodyOf(session: ClientHttp2Session, path: string): Promise<string> {
  const stream = session.request({ ":path": path, ":authority": HOST });
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (piece: string) => {
    text += piece;
  });
  await once(stream, "end");
  return text;
}

test("50 streams of one connection finish on the old target, new ones reach the new one [DP-07]", async () => {
  const [before, after] = await Promise.all([startApp("old"), startApp("new")]);
  const proxy = await runProxy();
  onTestFinished(() => proxy.stop());
  const { chain, privateKey, ca } = await certificateFor([HOST]);
  await proxy.plane.useCertificates({
    certificates: [{ id: "1", chain, privateKey, names: [HOST] }],
    names: [[HOST, "1"]],
    defaultId: "",
    askable: [],
  });
  const route = { hosts: [HOST], tls: tlsRoute() };
  await proxy.serve(service("app", [before.port], route));
  const session = connect(`https://127.0.0.1:${proxy.httpsPort}`, { ca, servername: HOST });
  onTestFinished(() => session.destroy());
  const goodbyes: unknown[] = [];
  session.on("goaway", (code) => goodbyes.push(code));
  const slow = Array.from({ length: STREAMS }, () => bodyOf(session, "/slow"));
  await eventually("the old target has them all", () => before.held.length === STREAMS);

  await proxy.serve(service("app", [after.port], route));
  const drained = proxy.plane.drain([`app-${before.port}`], { timeoutMs: 20_000, cut: true, upgraded: true });
  const next = await Promise.all(Array.from({ length: STREAMS }, () => bodyOf(session, "/")));
  expect(new Set(next)).toEqual(new Set(["new"]));
  before.release();
  expect(new Set(await Promise.all(slow))).toEqual(new Set(["old"]));
  expect(await drained).toEqual({ completed: STREAMS, cut: 0 });
  expect(goodbyes).toEqual([]);
});
