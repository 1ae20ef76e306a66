/** Several targets: whose turn it is, and who steps in for one that cannot be reached. */
import { expect, test } from "vitest";
import { connectTo, startBed, startTarget } from "../support/bed.ts";
import { eventually } from "../support/eventually.ts";
import { get, post } from "../support/raw-client.ts";
import { service, target } from "../support/running-proxy.ts";
import { unusedPort } from "../support/unused-port.ts";

test("requests take turns between the targets [A117]", async () => {
  const bed = await startBed();
  const others = [await startTarget("second"), await startTarget("third")];
  await bed.proxy.serve(service("app", [bed.app.port, ...others.map(({ port }) => port)]));
  const client = await bed.connect();
  const names: string[] = [];
  for (let turn = 0; turn < 9; turn++) names.push((await client.ask(get("/"))).body.split(" ")[0] ?? "");
  expect(names.slice(0, 3).sort()).toEqual(["app", "second", "third"]);
  expect(names).toEqual([...names.slice(0, 3), ...names.slice(0, 3), ...names.slice(0, 3)]);
});

test("a target out of rotation gets nothing", async () => {
  const bed = await startBed();
  const other = await startTarget("other");
  const route = service("app", [bed.app.port]);
  await bed.proxy.serve({
    ...route,
    targets: [...route.targets, { ...target("other", other.port), inRotation: false }],
  });
  const client = await bed.connect();
  for (let turn = 0; turn < 4; turn++) expect((await client.ask(get("/"))).body).toBe("app GET / 0");
  expect(other.connections).toEqual([]);
});

test.each([
  ["a GET", get("/x")],
  ["a POST with its body", post("/x", "hello")],
  ["a chunked POST", "POST /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
])("%s goes to another target when one refuses connections [W8]", async (_, bytes) => {
  const bed = await startBed();
  await bed.proxy.serve(service("app", [bed.app.port, await unusedPort()]));
  for (let turn = 0; turn < 4; turn++) {
    const client = await bed.connect();
    client.send(bytes);
    expect((await client.read(1))[0]?.status).toBe(200);
  }
  expect(bed.app.requests.length).toBe(4);
  const bodies = new Set(bed.app.requests.map(({ body }) => body));
  expect([...bodies]).toEqual([bytes.startsWith("GET") ? "" : "hello"]);
  const { lines } = await bed.log();
  expect(lines.map(({ target: name }) => name)).toEqual(Array.from({ length: 4 }, () => `127.0.0.1:${bed.app.port}`));
});

test("when no target can be reached it is a 502, said once", async () => {
  const bed = await startBed();
  await bed.proxy.serve(service("app", [await unusedPort(), await unusedPort()]));
  const client = await bed.connect();
  expect((await client.ask(get("/"))).status).toBe(502);
  expect(bed.proxy.events.filter((line) => line.includes("Error while proxying")).length).toBe(1);
  expect(bed.proxy.events.join("")).toContain("connection refused");
  expect((await bed.log()).lines.length).toBe(1);
});

test("a target that took the request and broke is not replaced by another", async () => {
  const bed = await startBed();
  const other = await startTarget("other");
  for (const recorder of [bed.app, other]) {
    recorder.answer = (_, { socket }) => {
      socket.destroy();
      return null;
    };
  }
  await bed.proxy.serve(service("app", [bed.app.port, other.port]));
  const client = await bed.connect();
  expect((await client.ask(get("/"))).status).toBe(502);
  expect(bed.app.requests.length + other.requests.length).toBe(1);
});

test("a service without any target is a 503", async () => {
  const bed = await startBed();
  await bed.proxy.serve(service("app", []));
  const client = await connectTo(bed.proxy.port);
  expect((await client.ask(get("/"))).status).toBe(503);
});

test("the count of requests in flight is right after every kind of end", async () => {
  const bed = await startBed();
  const dead = await unusedPort();
  await bed.proxy.serve(service("app", [bed.app.port, dead]));
  const client = await bed.connect();
  for (let turn = 0; turn < 5; turn++) await client.ask(get("/"));
  const gone = await bed.connect();
  gone.send(get("/gone"));
  gone.reset();
  await eventually("the log has it", () => gone.closed);
  const { targets } = await bed.proxy.plane.counters();
  expect(Object.values(targets).map(({ inFlight }) => inFlight)).toEqual([0, 0]);
});
