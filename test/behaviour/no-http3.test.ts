/** Nobody is told of HTTP/3, because nobody could be served over it: no release of Node speaks it. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:http2";
import { request } from "node:https";
import { expect, onTestFinished, test } from "vitest";
import { startBed } from "../support/bed.ts";
import { tlsRoute } from "../support/running-proxy.ts";
import { certificateFor } from "../support/test-certificates.ts";

const HOST = "app.example.com";

async function startSecure() {
  const bed = await startBed({ route: { hosts: [HOST], tls: tlsRoute() } });
  const { chain, privateKey, ca } = await certificateFor([HOST]);
  await bed.proxy.plane.useCertificates({
    certificates: [{ id: "1", chain, privateKey, names: [HOST] }],
    names: [[HOST, "1"]],
    defaultId: "1",
    askable: [],
  });
  return { port: bed.proxy.httpsPort, ca };
}

test("HTTP/1.1 answers over TLS have no Alt-Svc [A153]", async () => {
  const { port, ca } = await startSecure();
  const sent = request({ host: "127.0.0.1", port, ca, servername: HOST, headers: { Host: HOST } }).end();
  const [response] = await once(sent, "response");
  response.resume();
  expect(response.statusCode).toBe(200);
  expect(response.httpVersion).toBe("1.1");
  expect(response.headers).not.toHaveProperty("alt-svc");
});

test("HTTP/2 answers have no Alt-Svc, and no ALTSVC frame comes [A154]", async () => {
  const { port, ca } = await startSecure();
  const session = connect(`https://127.0.0.1:${port}`, { ca, servername: HOST });
  onTestFinished(() => session.destroy());
  const frames: unknown[] = [];
  session.on("altsvc", (frame) => frames.push(frame));
  const stream = session.request({ ":path": "/", ":authority": HOST });
  const [headers] = await once(stream, "response");
  stream.resume();
  await once(stream, "end");
  expect(headers[":status"]).toBe(200);
  expect(headers).not.toHaveProperty("alt-svc");
  expect(frames).toEqual([]);
});

test("the UDP port beside the HTTPS port stays free [A155]", async () => {
  const { port } = await startSecure();
  const socket = createSocket("udp4");
  onTestFinished(() => void socket.close());
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  expect(socket.address().port).toBe(port);
});
