/** Every request that reaches a target has an id and the time of its arrival, its own or the proxy's. */
import { expect, test } from "vitest";
import { startBed } from "../support/bed.ts";
import { valuesOf } from "../support/http-messages.ts";
import { get } from "../support/raw-client.ts";

async function received(fields: string) {
  const bed = await startBed();
  const client = await bed.connect();
  await client.ask(get("/", "a.test", fields));
  const [request] = bed.app.requests;
  if (!request) throw new Error("no request");
  return { bed, id: valuesOf(request, "x-request-id"), start: valuesOf(request, "x-request-start") };
}

test("a request without an id gets one, which the log shows [A91]", async () => {
  const { bed, id } = await received("");
  expect(id).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  expect((await bed.log()).lines).toMatchObject([{ request_id: id[0] }]);
});

test("an id that is there already is kept [A92]", async () => {
  const { bed, id } = await received("X-Request-ID: from-outside\r\n");
  expect(id).toEqual(["from-outside"]);
  expect((await bed.log()).lines).toMatchObject([{ request_id: "from-outside" }]);
});

test("a request without a start time gets one, in milliseconds since 1970 [A93]", async () => {
  const before = Date.now();
  const { start } = await received("");
  const [, sentMs] = /^t=(\d{13})$/.exec(start[0] ?? "") ?? [];
  expect(start).toHaveLength(1);
  expect(Number(sentMs)).toBeGreaterThanOrEqual(before - 1);
  expect(Number(sentMs)).toBeLessThanOrEqual(Date.now() + 1);
});

test("a start time that is there already is kept [A94]", async () => {
  expect((await received("X-Request-Start: t=1234567890123\r\n")).start).toEqual(["t=1234567890123"]);
});
