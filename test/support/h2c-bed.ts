/** A proxy in front of targets that speak HTTP/2 without TLS: real applications, and frames by hand. */

import type { ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { Limits } from "../../proxy/limits.ts";
import type { ServiceRoute } from "../../proxy/route/routing-table.ts";
import { connectTo } from "./bed.ts";
import { type H2cHandler, startH2cApp } from "./h2c-app.ts";
import { Frame, frame, headerBlock, uint32 } from "./http2-frames.ts";
import { type RunningProxy, runProxy, service } from "./running-proxy.ts";

export const END_STREAM = 1;
const END_HEADERS = 4;
export const REFUSED = 7;
export const CANCEL = 8;

export type H2cOptions = { limits?: Partial<Limits>; route?: Partial<ServiceRoute>; ports?: readonly number[] };

export async function startH2cProxy(port: number, { limits = {}, route = {}, ports = [port] }: H2cOptions = {}) {
  const proxy = await runProxy({ limits, metrics: {} });
  onTestFinished(() => proxy.stop());
  await proxy.serve(service("app", ports, { targetProtocol: "h2c", ...route }));
  return { proxy, connect: () => connectTo(proxy.port) };
}

export async function startH2cBed(handler: H2cHandler, options: H2cOptions & { streams?: number } = {}) {
  const { streams } = options;
  const app = await startH2cApp(handler, streams ? { settings: { maxConcurrentStreams: streams } } : {});
  return { app, ...(await startH2cProxy(app.port, options)) };
}

export function readAll(stream: ServerHttp2Stream): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => resolve(Buffer.concat(chunks)));
  });
}

export const hello: H2cHandler = (stream) => {
  stream.respond({ ":status": 200, "content-type": "text/plain" });
  stream.end("hello");
};

/** Frames by hand: for what a well-behaved server would never do. Told of each HEADERS that comes. */
export async function startFrames(onRequest: (socket: Socket, stream: number, connection: number) => void) {
  const sockets = new Set<Socket>();
  const frames: { type: number | undefined; flags: number; stream: number; payload: Buffer }[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    const number = connections++;
    let received: Buffer = Buffer.alloc(0);
    let begun = false;
    sockets.add(socket.on("error", () => undefined));
    socket.write(frame(Frame.Settings, 0, 0));
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (!begun && received.length >= 24) {
        begun = true;
        received = received.subarray(24);
      }
      if (!begun) return;
      while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
        const length = received.readUIntBE(0, 3);
        const [type, flags, stream] = [received[3], received[4] as number, received.readUInt32BE(5)];
        const payload = Buffer.from(received.subarray(9, 9 + length));
        frames.push({ type, flags, stream, payload });
        if (type === Frame.Settings && flags === 0) socket.write(frame(Frame.Settings, 1, 0));
        if (type === Frame.Ping && flags === 0) socket.write(frame(Frame.Ping, 1, 0, payload));
        if (type === Frame.Headers) onRequest(socket, stream, number);
        received = received.subarray(9 + length);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections, frames };
}

export const okHead = (stream: number) => frame(Frame.Headers, END_HEADERS, stream, headerBlock([[":status", "200"]]));
export const dataFrame = (stream: number, text: string, flags = END_STREAM) =>
  frame(Frame.Data, flags, stream, Buffer.from(text));
export const resetFrame = (stream: number, code: number) => frame(Frame.Reset, 0, stream, uint32(code));
export const goawayFrame = (last: number, code = 0) => frame(Frame.GoAway, 0, 0, uint32(last, code));

export const failuresOf = (proxy: RunningProxy) =>
  proxy.events.filter((line) => line.includes("Error while proxying")).map((line) => JSON.parse(line).error as string);
