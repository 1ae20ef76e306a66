/** Everything at once: clients of all manners at the same time, each of which must get exactly its own answers. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { type Bed, startBed } from "../support/bed.ts";
import { eventually, pause } from "../support/eventually.ts";
import type { RequestMessage } from "../support/http-messages.ts";
import type { RawClient } from "../support/raw-client.ts";
import type { UpstreamConnection } from "../support/recording-upstream.ts";

const CLIENTS = 30;
const ROUNDS = 25;

/** Small, seeded, and the same on every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const sum = (text: string): string => createHash("sha1").update(text, "latin1").digest("hex");

/** The body that the target must give to the request `id` whose body hashes to `hash`. */
function answerBody(id: string, hash: string): string {
  const size = Number.parseInt(hash.slice(0, 4), 16) % 40_000;
  return `${id} ${hash} `.repeat(Math.ceil(size / 50) + 1);
}

/** Answers in all framings, in pieces, early hints before some, and now and then closes afterwards. */
function answer(request: RequestMessage, { socket }: UpstreamConnection): null {
  const body = answerBody(request.target, sum(request.body));
  const turn = Number.parseInt(sum(request.target).slice(0, 6), 16);
  const hints = turn % 5 === 0 ? "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" : "";
  const closes = turn % 7 === 0 ? "Connection: close\r\n" : "";
  const finish = (rest: string): void => void (closes === "" ? socket.write(rest) : socket.end(rest));
  const half = Math.floor(body.length / 2);
  if (turn % 3 === 0) {
    socket.write(
      `${hints}HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${closes}\r\n${half.toString(16)}\r\n${body.slice(0, half)}\r\n`,
    );
    const rest = `${(body.length - half).toString(16)};x\r\n${body.slice(half)}\r\n0\r\nX-Id: ${request.target}\r\n\r\n`;
    setTimeout(() => finish(rest), turn % 4);
  } else {
    socket.write(`${hints}HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${closes}\r\n${body.slice(0, half)}`);
    setTimeout(() => finish(body.slice(half)), turn % 4);
  }
  return null;
}

type Sent = { readonly id: string; readonly wire: string; readonly wanted: string };

function requestOf(id: string, random: (below: number) => number): Sent {
  const body = `${id}|`.repeat(random(3) === 0 ? random(6_000) : random(20));
  const wanted = answerBody(id, sum(body));
  const start = (method: string): string => `${method} ${id} HTTP/1.1\r\nHost: a.test\r\n`;
  if (body === "") return { id, wire: `${start("GET")}\r\n`, wanted };
  if (random(2) === 0) return { id, wire: `${start("PUT")}Content-Length: ${body.length}\r\n\r\n${body}`, wanted };
  const cut = random(body.length);
  const chunks = [body.slice(0, cut), body.slice(cut)].filter((chunk) => chunk !== "");
  const coded = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("");
  return { id, wire: `${start("POST")}Transfer-Encoding: chunked\r\n\r\n${coded}0\r\n\r\n`, wanted };
}

/** One client's life: serial, pipelined or torn requests; at times it stops reading or leaves in the middle. */
async function live(bed: Bed, index: number): Promise<string[]> {
  const random = randomFrom(index + 1);
  const wrong: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const client = await bed.connect();
    const sent = Array.from({ length: 1 + random(4) }, (_, turn) => requestOf(`/${index}/${round}/${turn}`, random));
    const wire = sent.map((request) => request.wire).join("");
    await send(client, wire, random);
    if (random(6) === 0) {
      client.reset();
      continue;
    }
    if (random(4) === 0) {
      client.socket.pause();
      await pause(10);
      client.socket.resume();
    }
    const responses = await client.read(sent.length, [], 20_000);
    for (const [turn, { id, wanted }] of sent.entries()) {
      if (responses[turn]?.status !== 200 || responses[turn]?.body !== wanted) wrong.push(id);
    }
    client.destroy();
  }
  return wrong;
}

async function send(client: RawClient, wire: string, random: (below: number) => number): Promise<void> {
  const pieces = random(3) === 0 ? 1 + random(5) : 1;
  for (let piece = 0; piece < pieces; piece++) {
    client.send(wire.slice((wire.length * piece) / pieces, (wire.length * (piece + 1)) / pieces));
    if (pieces > 1) await pause(1);
  }
}

test("nobody gets what belongs to somebody else, and nothing is left over", async () => {
  const bed = await startBed({ answer });
  const wrong = await Promise.all(Array.from({ length: CLIENTS }, (_, index) => live(bed, index)));
  expect(wrong.flat()).toEqual([]);
  const inFlight = async (): Promise<number> => {
    const { targets, clientConnections } = await bed.proxy.plane.counters();
    return clientConnections + Object.values(targets).reduce((total, target) => total + target.inFlight, 0);
  };
  let left = -1;
  await eventually("all is quiet", () => {
    void inFlight().then((count) => (left = count));
    return left === 0;
  });
  const { lines } = await bed.log();
  expect(lines.length).toBe((await bed.proxy.plane.counters()).requestsTotal);
  expect(lines.filter(({ status }) => status !== 200 && status !== 499)).toEqual([]);
});
