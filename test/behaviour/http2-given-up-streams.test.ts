/** Answers that are never taken, and streams given up with them: what node's HTTP/2 forgets must not bring the proxy down. */
import { once } from "node:events";
import { connect } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { startChild } from "../support/child-process.ts";
import { eventually } from "../support/eventually.ts";
import { END_HEADERS, Frame, FrameClient, frame, headers, setting } from "../support/http2-frames.ts";

const INITIAL_WINDOW_SIZE = 4;
const PING = Buffer.from("12345678");

/** The proxy is a child: one that turns in a circle would take the test along. It gives up what is not taken in 250 ms. */
async function startClient(): Promise<FrameClient> {
  const child = startChild("test/support/programs/http2-front.ts", []);
  onTestFinished(async () => void (await child.end("SIGKILL")));
  const { port, ca } = JSON.parse(await child.line((line) => line.startsWith("{"))) as { port: number; ca: string };
  const socket = connect({ host: "127.0.0.1", port, ca, servername: "a.test", ALPNProtocols: ["h2"] });
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, "secureConnect");
  return FrameClient.start(socket, setting(INITIAL_WINDOW_SIZE, 0));
}

/** Requests that are answered with a page before they are whole; nobody serves any host. */
const answeredEarly: [string, Buffer][] = [
  ["an upload that nobody wants", headers(1, [[":method", "POST"]], END_HEADERS)],
  ["no request at all", headers(1, [["host", "other.test"]], END_HEADERS)],
];

test.each(answeredEarly)(
  "%s: the client opens its window when the stream has been given up [H2-22]",
  async (_, request) => {
    const client = await startClient();
    client.send(request);
    await eventually("the answer's head", () => client.of(Frame.Headers).length === 1);
    await eventually("it is given up", () => client.of(Frame.Reset, 1).length === 1);
    client.send(frame(Frame.Settings, 0, 0, setting(INITIAL_WINDOW_SIZE, 65_535)), frame(Frame.Ping, 0, 0, PING));
    await eventually("the proxy is alive", () => client.of(Frame.Ping).length === 1);
    expect(client.of(Frame.Data)).toEqual([]);
  },
);
