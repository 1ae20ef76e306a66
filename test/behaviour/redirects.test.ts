/** Redirects: to HTTPS, to the canonical host, in one hop, before anything else that a service does. */
import { expect, test } from "vitest";
import type { ServiceRoute } from "../../proxy/route/routing-table.ts";
import { type BedOptions, startBed } from "../support/bed.ts";
import { type ResponseMessage, valueOf } from "../support/http-messages.ts";
import { get, post } from "../support/raw-client.ts";
import { service, tlsRoute } from "../support/running-proxy.ts";

const HOSTS = ["example.com", "www.example.com"];
const TLS = { hosts: HOSTS, tls: tlsRoute({ enabled: true, redirect: true }) };
const CANONICAL = { hosts: HOSTS, canonicalHost: "example.com" };

const startRedirecting = (route: Partial<ServiceRoute>, options: BedOptions = {}) => startBed({ ...options, route });
const seen = (response: ResponseMessage) => [response.status, valueOf(response, "location"), response.body];

test("plain HTTP is sent to HTTPS: 301 for GET and HEAD, 308 with an empty body for the rest [A125 A165] [W24 RT-08]", async () => {
  const { app, connect } = await startRedirecting(TLS);
  for (const [method, status] of [
    ["GET", 301],
    ["HEAD", 301],
    ["DELETE", 308],
    ["POST", 308],
  ] as const) {
    const client = await connect();
    const response = await client.ask(`${method} /a?b=c HTTP/1.1\r\nHost: example.com\r\n\r\n`, method);
    expect(seen(response), method).toEqual([status, "https://example.com/a?b=c", ""]);
  }
  expect(app.requests).toEqual([]);
});

test("with the redirect off, plain HTTP is served, and says so [A168]", async () => {
  const { app, connect } = await startRedirecting({ ...TLS, tls: tlsRoute({ enabled: true, redirect: false }) });
  expect((await (await connect()).ask(get("/", "example.com"))).status).toBe(200);
  expect(valueOf(app.requests[0] ?? { fields: [] }, "x-forwarded-proto")).toBe("http");
});

test("without TLS a POST is proxied, plain as it came [A163 A170]", async () => {
  const { connect } = await startRedirecting({ hosts: HOSTS });
  expect((await (await connect()).ask(post("/", "x", "example.com"))).body).toBe("app POST / 1");
});

test("other hosts are sent to the canonical one, which answers itself [A126]", async () => {
  const { connect } = await startRedirecting(CANONICAL);
  const client = await connect();
  expect(seen(await client.ask(get("/a?b", "www.example.com:8080")))).toEqual([301, "http://example.com:8080/a?b", ""]);
  for (const host of ["example.com", "EXAMPLE.com:8080", "example.com."]) {
    expect((await client.ask(get("/", host))).status, host).toBe(200);
  }
});

test("to both in a single hop [A127]", async () => {
  const { connect } = await startRedirecting({ ...CANONICAL, ...TLS });
  const response = await (await connect()).ask(get("/a", "www.example.com:8080"));
  expect(seen(response)).toEqual([301, "https://example.com/a", ""]);
});

test("the connection stays open [W24]", async () => {
  const { connect } = await startRedirecting(TLS);
  const client = await connect();
  for (let turn = 0; turn < 3; turn++) {
    const response = await client.ask(get("/", "example.com"));
    expect(valueOf(response, "connection")).toBeUndefined();
  }
  client.send(post("/", "some body", "example.com"));
  expect((await client.read(4))[3]?.status).toBe(308);
});

test("path and query are kept byte for byte [W24]", async () => {
  const { connect } = await startRedirecting(TLS);
  const client = await connect();
  for (const target of ["/", "/?", "//x.test/", "/a%2Fb/../c//d%41", "/a|b'[\xc3\xa9]", '/?q=;%zz&"', "/\\x"]) {
    expect(valueOf(await client.ask(get(target, "example.com")), "location")).toBe(`https://example.com${target}`);
  }
  const absolute = await client.ask("GET http://www.example.com?x HTTP/1.1\r\nHost: other.test\r\n\r\n");
  expect(valueOf(absolute, "location")).toBe("https://www.example.com/?x");
});

test("paused, stopped and asked for its health, a service redirects all the same", async () => {
  const { proxy, connect } = await startRedirecting(TLS);
  for (const gate of [{ state: "stopped", message: "" } as const, { state: "paused", maxPauseMs: 50 } as const]) {
    await proxy.serve(service("app", [], { ...TLS, gate }));
    for (const path of ["/up", "/"]) {
      expect((await (await connect()).ask(get(path, "example.com"))).status).toBe(301);
    }
  }
});

test("a host that somebody made up never gets into the location [RT-07]", async () => {
  const { connect } = await startRedirecting({ ...TLS, hosts: ["example.com", "*.example.com", ""] });
  for (const [fields, location] of [
    ["Host: a.example.com\r\n", "https://a.example.com/"],
    ["Host: evil.test\r\n", "https://example.com/"],
    ["Host: evil.example.com.evil.test\r\n", "https://example.com/"],
    ["Host: example.com\r\nX-Forwarded-Host: evil.test\r\n", "https://example.com/"],
  ]) {
    const response = await (await connect()).ask(`GET / HTTP/1.1\r\n${fields}\r\n`);
    expect(valueOf(response, "location"), fields).toBe(location);
  }
  for (const host of ["evil.com:443@example.com", "example.com/evil", "example.com\rX: y", "a b", "[::1", "x:99999"]) {
    const response = await (await connect()).ask(get("/", host));
    expect([response.status, valueOf(response, "location")], host).toEqual([400, undefined]);
  }
});

test("a request without a host cannot be sent anywhere", async () => {
  const { connect } = await startRedirecting({ tls: TLS.tls });
  expect((await (await connect()).ask("GET / HTTP/1.0\r\n\r\n")).status).toBe(400);
});

test("a trusted proxy that speaks HTTPS with the client ends the loop; anybody else's word does not", async () => {
  const request = get("/", "example.com", "X-Forwarded-Proto: https\r\n");
  const trusting = await startRedirecting(TLS, { trustedProxies: ["127.0.0.0/8"] });
  expect((await (await trusting.connect()).ask(request)).status).toBe(200);
  for (const trustedProxies of [[], ["10.0.0.0/8"]]) {
    const { connect } = await startRedirecting(TLS, { trustedProxies });
    expect((await (await connect()).ask(request)).status).toBe(301);
  }
});
