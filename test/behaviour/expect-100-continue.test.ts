/** `Expect: 100-continue` from end to end: who says "continue", and what happens when nobody does. */
import { expect, test } from "vitest";
import { startBed } from "../support/bed.ts";
import { eventually, pause } from "../support/eventually.ts";
import { valuesOf } from "../support/http-messages.ts";
import { get } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";

const head = (length: number, path = "/upload"): string =>
  `POST ${path} HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;

test("the target says continue, the client hears it, then sends", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  client.send(head(5));
  expect(await client.until(() => client.text === "HTTP/1.1 100 Continue\r\n\r\n")).toBe(true);
  expect(valuesOf(app.requests[0] ?? { fields: [] }, "expect")).toEqual(["100-continue"]);
  client.send("hello");
  const [response] = await client.read(1);
  expect([response?.status, response?.body]).toEqual([200, "app POST /upload 5"]);
});

test("as long as the target does not say continue, neither does the proxy", async () => {
  const { app, connect } = await startBed();
  app.continues = false;
  const client = await connect();
  client.send(head(5));
  await eventually("the head reaches the target", () => app.requests.length === 1);
  await pause(50);
  expect(client.text).toBe("");
  client.send("hello");
  expect((await client.read(1))[0]?.status).toBe(200);
});

test("a final answer instead of continue reaches the client, and the connection is not used again", async () => {
  const { app, connect } = await startBed();
  app.continues = false;
  const client = await connect();
  client.send(head(5));
  await eventually("the head reaches the target", () => app.requests.length === 1);
  app.connections[0]?.socket.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  const [response] = await client.read(1);
  expect([response?.status, response?.body]).toEqual([403, "no"]);
  expect(valuesOf(response ?? { fields: [] }, "connection")).toEqual(["close"]);
  expect(await client.until(() => client.ended)).toBe(true);
  await eventually("the target's connection closes", () => app.connections[0]?.closed === true);
  expect(app.requests.some(({ complete }) => complete)).toBe(false);
});

test("a final 2xx instead of continue does not let the body become a request", async () => {
  const { app, connect } = await startBed();
  app.continues = false;
  const client = await connect();
  const smuggled = get("/smuggled");
  client.send(head(smuggled.length));
  await eventually("the head reaches the target", () => app.requests.length === 1);
  app.connections[0]?.socket.write(okResponse("early"));
  await client.read(1);
  client.send(smuggled);
  await client.until(() => client.ended, 300);
  expect(client.responses().map(({ body }) => body)).toEqual(["early"]);
  expect(app.requests.map(({ target }) => target)).not.toContain("/smuggled");
});

test("the body comes along without waiting: nothing is lost", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  const response = await client.ask(`${head(5)}hello`);
  expect(response.status).toBe(200);
  expect(app.requests[0]?.body).toBe("hello");
});

test("expectations that nobody knows are refused with 417 and never reach the target", async () => {
  const { app, connect } = await startBed();
  for (const value of ["200-ok", "100-continue, x", "x 100-continue", '"100-continue"']) {
    const client = await connect();
    client.send(`POST / HTTP/1.1\r\nHost: a.test\r\nExpect: ${value}\r\nContent-Length: 2\r\n\r\nhi`);
    expect((await client.read(1))[0]?.status, value).toBe(417);
    expect(await client.until(() => client.ended)).toBe(true);
  }
  expect(app.requests).toEqual([]);
});

test("without a body there is nothing to expect", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  expect((await client.ask(get("/", "a.test", "Expect: 100-continue\r\n"))).status).toBe(200);
  expect(valuesOf(app.requests[0] ?? { fields: [] }, "expect")).toEqual([]);
});

test("HTTP/1.0 knows no expectations", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  client.send("POST / HTTP/1.0\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi");
  const [response] = await client.read(1);
  expect([response?.status, response?.informational.length]).toEqual([200, 0]);
  expect(valuesOf(app.requests[0] ?? { fields: [] }, "expect")).toEqual([]);
});
