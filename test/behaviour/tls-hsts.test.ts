/** Strict-Transport-Security: on everything a service says over TLS, on nothing that it says without. RFC 6797. */
import { once } from "node:events";
import { connect } from "node:http2";
import { expect, onTestFinished, test } from "vitest";
import { startBed } from "../support/bed.ts";
import { valuesOf } from "../support/http-messages.ts";
import { get } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";
import { service, tlsRoute } from "../support/running-proxy.ts";
import { secureClient, served, tableOf } from "../support/tls-clients.ts";

const FIELD = "strict-transport-security";

async function startStrict(hstsSeconds: number, redirect = false) {
  const bed = await startBed({ route: { tls: tlsRoute({ hstsSeconds, redirect }) } });
  await bed.proxy.plane.useCertificates(tableOf([await served(["a.test"])]));
  return { ...bed, secureAsk: async (text: string) => (await secureClient(bed.proxy.httpsPort, "a.test")).ask(text) };
}

test("a target's responses carry it over TLS, and never over plain HTTP", async () => {
  const { secureAsk, connect } = await startStrict(3_600);
  expect(valuesOf(await secureAsk(get("/")), FIELD)).toEqual(["max-age=3600"]);
  const plain = await connect();
  expect(valuesOf(await plain.ask(get("/")), FIELD)).toEqual([]);
});

test("the proxy's own answers carry it: errors, pauses, redirects", async () => {
  const { secureAsk, proxy, app, connect } = await startStrict(3_600);
  const tls = tlsRoute({ hstsSeconds: 3_600 });
  await proxy.serve(service("app", [app.port], { tls, gate: { state: "stopped", message: "later" } }));
  const stopped = await secureAsk(get("/"));
  expect([stopped.status, valuesOf(stopped, FIELD)]).toEqual([503, ["max-age=3600"]]);
  await proxy.serve(service("app", [app.port], { tls, canonicalHost: "www.a.test" }));
  const moved = await secureAsk(get("/"));
  expect([moved.status, valuesOf(moved, FIELD)]).toEqual([301, ["max-age=3600"]]);
  const plain = await (await connect()).ask(get("/"));
  expect([plain.status, valuesOf(plain, FIELD)]).toEqual([301, []]);
});

test("a target that has a policy of its own keeps it", async () => {
  const { secureAsk, app } = await startStrict(3_600);
  const own = "max-age=1; includeSubDomains";
  app.answer = () => okResponse("x", undefined, `strict-TRANSPORT-security: ${own}\r\n`);
  expect(valuesOf(await secureAsk(get("/")), FIELD)).toEqual([own]);
});

test("it goes along with scoped cookies", async () => {
  const { secureAsk, proxy, app } = await startStrict(0);
  const route = { pathPrefixes: ["/app"], scopeCookiePaths: true, tls: tlsRoute({ hstsSeconds: 60 }) };
  await proxy.serve(service("app", [app.port], route));
  app.answer = () => okResponse("x", undefined, "Set-Cookie: a=b; Path=/\r\n");
  const response = await secureAsk(get("/app/"));
  expect([valuesOf(response, FIELD), valuesOf(response, "set-cookie")]).toEqual([["max-age=60"], ["a=b; Path=/app"]]);
});

test("over HTTP/2 as well, from targets and from the proxy itself", async () => {
  const { proxy, app } = await startStrict(3_600);
  const strict = tlsRoute({ hstsSeconds: 3_600 });
  await proxy.serve(
    service("app", [app.port], { tls: strict }),
    service("off", [app.port], { tls: strict, pathPrefixes: ["/off"], gate: { state: "stopped", message: "" } }),
  );
  const session = connect(`https://127.0.0.1:${proxy.httpsPort}`, { servername: "a.test", rejectUnauthorized: false });
  onTestFinished(() => session.destroy());
  for (const [path, status] of [
    ["/", 200],
    ["/off", 503],
  ] as const) {
    const stream = session.request({ ":path": path, ":authority": "a.test" });
    const [fields] = (await once(stream, "response")) as [Record<string, unknown>];
    expect([fields[":status"], fields[FIELD]]).toEqual([status, "max-age=3600"]);
    stream.close();
  }
});

test("0 seconds: no such field", async () => {
  const { secureAsk } = await startStrict(0);
  expect(valuesOf(await secureAsk(get("/")), FIELD)).toEqual([]);
});
