/** The waiting room of a paused service: bounded, in order, and empty of those who have left. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { Ticker } from "../../../proxy/deadlines.ts";
import { WaitingRoom } from "../../../proxy/service/waiting-room.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { StillExchange } from "../../support/still-exchange.ts";

let ticker: Ticker;
let expired: string[];
let room: WaitingRoom;
beforeEach(() => {
  ticker = new Ticker();
  expired = [];
  room = new WaitingRoom(ticker, 3, ({ path }) => expired.push(path));
});
afterEach(() => ticker.stop());

const enter = (path: string, maxPauseMs = 60_000): StillExchange => {
  const exchange = new StillExchange(path);
  expect(room.enter(exchange, maxPauseMs)).toBe(true);
  return exchange;
};

function release(): string[] {
  const order: string[] = [];
  room.release(({ path }) => order.push(path));
  return order;
}

test("first come, first out, and the room is empty", () => {
  for (const path of ["/1", "/2", "/3"]) enter(path);
  expect(release()).toEqual(["/1", "/2", "/3"]);
  expect([room.size, release()]).toEqual([0, []]);
});

test("when it is full nobody comes in, until somebody leaves", () => {
  const [first] = ["/1", "/2", "/3"].map((path) => enter(path));
  expect(room.enter(new StillExchange("/4"), 60_000)).toBe(false);
  first?.onClientGone?.();
  expect(room.size).toBe(2);
  enter("/5");
  expect(release()).toEqual(["/2", "/3", "/5"]);
});

test("who has left is neither let out nor expires", async () => {
  const gone = enter("/gone", 50);
  gone.onClientGone?.();
  await pause(200);
  expect([expired, release()]).toEqual([[], []]);
  expect(gone.onClientGone).toBeNull();
});

test("who waits too long is told, once", async () => {
  enter("/late", 60);
  await eventually("it expires", () => expired.length === 1);
  await pause(150);
  expect([expired, room.size]).toEqual([["/late"], 0]);
});

test("everybody keeps the time that was given, also when later ones get less", async () => {
  enter("/long", 60_000);
  enter("/short", 60);
  await eventually("the short one expires", () => expired.length === 1);
  expect([expired, room.size]).toEqual([["/short"], 1]);
});

test("who comes in while others are let out waits for the next time", () => {
  enter("/1");
  const order: string[] = [];
  room.release(({ path }) => {
    order.push(path);
    if (path === "/1") enter("/again");
  });
  expect([order, room.size]).toEqual([["/1"], 1]);
});

test("whose client leaves at an earlier one's turn is passed over", () => {
  enter("/1");
  const second = enter("/2");
  const order: string[] = [];
  room.release(({ path }) => {
    order.push(path);
    second.onClientGone?.();
  });
  expect(order).toEqual(["/1"]);
});
