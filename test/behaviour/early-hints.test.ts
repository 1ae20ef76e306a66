/** 1xx responses on their way from a target to the client: passed on, bounded, never mixed up with the answer. */
import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../proxy/limits.ts";
import { startBed } from "../support/bed.ts";
import { valuesOf } from "../support/http-messages.ts";
import { get } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";

const hint = (name: string): string => `HTTP/1.1 103 Early Hints\r\nLink: </${name}>; rel=preload\r\n\r\n`;

test("early hints arrive before the answer, at once, with their own fields only [W13]", async () => {
  const { app, connect } = await startBed();
  let finish = (): void => {};
  app.answer = (request, { socket }) => {
    finish = () => void socket.write(okResponse("page", request));
    return hint("style.css");
  };
  const client = await connect();
  client.send(get("/"));
  expect(await client.until(() => client.text === hint("style.css"))).toBe(true);
  finish();
  const [response] = await client.read(1);
  expect(response?.body).toBe("page");
  expect(valuesOf(response ?? { fields: [] }, "link")).toEqual([]);
  expect(response?.informational.length).toBe(1);
});

test("several 1xx pass in their order, in one packet with the answer or torn apart", async () => {
  const whole = hint("a") + hint("b") + "HTTP/1.1 102 Processing\r\n\r\n" + okResponse("done");
  const { app, connect } = await startBed();
  for (const cut of [0, 5, 40, 90, 120, whole.length - 3]) {
    app.answer = (_, { socket }) => {
      setTimeout(() => socket.write(whole.slice(cut)), 5);
      return whole.slice(0, cut);
    };
    const client = await connect();
    const response = await client.ask(get(`/${cut}`));
    expect(response.informational.map(({ head }) => head).join("") + response.body).toBe(
      whole.slice(0, whole.indexOf("HTTP/1.1 200")) + "done",
    );
  }
});

test("hop-by-hop fields of a 1xx stay behind", async () => {
  const early = "HTTP/1.1 103 Early Hints\r\nConnection: X-Mine\r\nX-Mine: 1\r\nLink: </a>\r\n\r\n";
  const { connect } = await startBed({ answer: (request) => early + okResponse("done", request) });
  const client = await connect();
  const response = await client.ask(get("/"));
  expect(response.informational[0]?.fields).toEqual([["Link", "</a>"]]);
});

test("as many as allowed pass; one more and the answer is a 502", async () => {
  const allowed = DEFAULT_LIMITS.maxInformationalResponses;
  const { app, connect } = await startBed({
    answer: (request) => hint("x").repeat(Number(request.target.slice(1))) + okResponse("done", request),
  });
  const client = await connect();
  const fine = await client.ask(get(`/${allowed}`));
  expect([fine.status, fine.informational.length]).toEqual([200, allowed]);
  const flooded = await client.ask(get(`/${allowed + 1}`));
  expect([flooded.status, flooded.informational.length]).toEqual([502, allowed]);
  expect((await client.ask(get("/0"))).body).toBe("done");
  expect(app.connections.length).toBe(2);
});

test("a 101 that nobody asked for is a 502, not a tunnel", async () => {
  const { connect } = await startBed({
    answer: ({ target }) =>
      target === "/odd"
        ? "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
        : okResponse("ok"),
  });
  const client = await connect();
  expect((await client.ask(get("/odd"))).status).toBe(502);
  expect((await client.ask(get("/"))).body).toBe("ok");
});
