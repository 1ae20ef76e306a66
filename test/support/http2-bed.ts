/** A bed reached by HTTP/2: the proxy's own TLS listener with a test certificate, and clients that speak frames or requests. */
import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import { type Bed, type BedOptions, startBed } from "./bed.ts";
import { FrameClient } from "./http2-frames.ts";
import { tlsRoute } from "./running-proxy.ts";
import { certificateFor } from "./test-certificates.ts";

export const NAMES = ["a.test", "b.test", "c.test"];

export type Http2Response = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Name, value, name, value … as they came. */
  readonly raw: readonly string[];
  readonly informational: readonly IncomingHttpHeaders[];
  readonly body: string;
  readonly trailers: IncomingHttpHeaders | null;
  /** How the stream ended: 0 is in peace. */
  readonly code: number;
};

export type Http2Bed = Bed & {
  /** A session of node's own client, gone when the test ends. */
  session(): Promise<ClientHttp2Session>;
  /** A client that sends exactly the frames that it is told; preface and SETTINGS are out. */
  frames(settings?: Buffer): Promise<FrameClient>;
};

/** The service is served by TLS, at any host; the certificate is good for `NAMES`. */
export async function startHttp2Bed(options: BedOptions = {}): Promise<Http2Bed> {
  const bed = await startBed({ ...options, route: { tls: tlsRoute(), ...options.route } });
  const certificate = await certificateFor(NAMES);
  await bed.proxy.plane.useCertificates({
    certificates: [{ id: "1", chain: certificate.chain, privateKey: certificate.privateKey, names: NAMES }],
    names: NAMES.map((name) => [name, "1"] as const),
    defaultId: "1",
    askable: [],
  });
  const socket = async (): Promise<TLSSocket> => {
    const port = bed.proxy.httpsPort;
    const trust = { servername: "a.test", ca: certificate.ca, ALPNProtocols: ["h2"] };
    const made = connectTls({ host: "127.0.0.1", port, ...trust });
    made.on("error", ignore);
    await once(made, "secureConnect");
    onTestFinished(() => void made.destroy());
    return made;
  };
  return {
    ...bed,
    session: async () => {
      const made = await socket();
      const session = connectHttp2("https://a.test", { createConnection: () => made });
      session.on("error", ignore);
      await once(session, "remoteSettings");
      return session;
    },
    frames: async (settings) => FrameClient.start(await socket(), settings),
  };
}

/** Sends one request and waits for the end of its stream, however it ends. */
export function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  body: string | Buffer | null = null,
  trailers: OutgoingHttpHeaders | null = null,
): Promise<Http2Response> {
  const options = { endStream: body === null && trailers === null, waitForTrailers: trailers !== null };
  const stream = session.request({ ":path": "/", ":authority": "a.test", ...headers }, options);
  let status = 0;
  let received: IncomingHttpHeaders = {};
  let raw: string[] = [];
  let trailing: IncomingHttpHeaders | null = null;
  const informational: IncomingHttpHeaders[] = [];
  const chunks: Buffer[] = [];
  stream.on("error", ignore);
  stream.on("headers", (given) => informational.push(given));
  stream.on("response", (given, _flags, list) => {
    status = given[":status"] ?? 0;
    received = given;
    raw = list;
  });
  stream.on("trailers", (given) => {
    trailing = given;
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (trailers !== null) stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  if (!options.endStream) stream.end(body ?? "");
  return new Promise((resolve) => {
    stream.on("close", () =>
      resolve({
        status,
        headers: received,
        raw,
        informational,
        body: Buffer.concat(chunks).toString("latin1"),
        trailers: trailing,
        code: stream.rstCode ?? 0,
      }),
    );
  });
}

function ignore(): void {}
