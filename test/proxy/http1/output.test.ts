/** The shared output buffer: what one socket still has to send is never written over by what comes after it. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Output } from "../../../proxy/http1/output.ts";
import { eventually, settled } from "../../support/eventually.ts";

let server: Server;
let open: Socket[];
beforeEach(async () => {
  open = [];
  server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(() => {
  for (const socket of open) socket.destroy();
  server.close();
});

/** A socket to write to, and its other end, which does not read yet. */
async function pair(): Promise<{ socket: Socket; reader: Socket; received: () => string; length: () => number }> {
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const reader = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" });
  reader.pause();
  const [socket] = await accepted;
  open.push(reader, socket);
  const chunks: Buffer[] = [];
  let length = 0;
  reader.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
  });
  reader.pause();
  return { socket, reader, received: () => Buffer.concat(chunks).toString("latin1"), length: () => length };
}

test("what is put together goes out as one piece", async () => {
  const output = new Output();
  const { socket, reader, received } = await pair();
  output.text("caf\xe9 ");
  output.copy(Buffer.from("..bytes.."), 2, 7);
  expect(output.flush(socket)).toBe(true);
  expect(output.used).toBe(0);
  reader.resume();
  await eventually("it arrives", () => received() === "caf\xe9 bytes");
});

test("many messages to slow readers arrive as they were, though the buffer is poisoned after every flush", async () => {
  const output = new Output();
  const pairs: Awaited<ReturnType<typeof pair>>[] = [];
  for (let index = 0; index < 6; index++) pairs.push(await pair());
  const sent = pairs.map(() => "");
  for (let round = 0; round < 220; round++) {
    for (const [index, { socket }] of pairs.entries()) {
      const message = `<${index}:${round}>`.repeat(9_000).slice(0, 60_000 + index);
      output.text(message);
      sent[index] += message;
      output.flush(socket);
      output.bytes.fill("!");
    }
  }
  expect(pairs.some(({ socket }) => socket.writableLength > 0)).toBe(true);
  for (const { reader } of pairs) reader.resume();
  for (const [index, { received, length, socket }] of pairs.entries()) {
    await eventually("all arrives", () => socket.writableLength === 0 && length() === sent[index]?.length, 10_000);
    expect(received() === sent[index]).toBe(true);
  }
});

test("lent buffers come back into use only when their socket is done with them", async () => {
  const output = new Output();
  const { socket, reader, received, length } = await pair();
  let sent = "";
  const fill = (): void => {
    while (socket.writableLength === 0) {
      const message = String(sent.length).padEnd(100_000, "s");
      output.text(message);
      sent += message;
      output.flush(socket);
    }
  };
  const other = await pair();
  for (let turn = 0; turn < 30; turn++) {
    fill();
    output.text("x".repeat(100_000));
    output.flush(other.socket);
    other.reader.resume();
    if (turn % 3 === 0) {
      reader.resume();
      await settled(() => socket.writableLength, 5);
      reader.pause();
    }
  }
  reader.resume();
  await eventually("all arrives", () => length() === sent.length, 10_000);
  expect(received() === sent).toBe(true);
});

test("discarded bytes go nowhere", async () => {
  const output = new Output();
  const { socket, reader, received } = await pair();
  output.text("secret");
  output.discard();
  output.text("public");
  output.flush(socket);
  reader.resume();
  await eventually("it arrives", () => received().length > 0);
  expect(received()).toBe("public");
});

test("it says what fits, and when a socket wants to be left alone", async () => {
  const output = new Output();
  const { socket } = await pair();
  expect(output.fits(200_000)).toBe(true);
  output.text("x".repeat(200_000));
  expect(output.fits(200_000)).toBe(false);
  while (output.flush(socket)) output.text("x".repeat(200_000));
  expect(socket.writableNeedDrain).toBe(true);
  expect(output.flush(socket)).toBe(false);
});
