/** Error pages: the built-in ones, a service's own ones, and that nobody ever sees half of one. */
import { describe, expect, test } from "vitest";
import { TEMPLATE_LIMITS } from "../../proxy/limits.ts";
import { errorPage } from "../../proxy/response/error-page.ts";
import type { ServiceRoute } from "../../proxy/route/routing-table.ts";
import { startBed } from "../support/bed.ts";
import { type ResponseMessage, valueOf, valuesOf } from "../support/http-messages.ts";
import { get, post } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";
import { service } from "../support/running-proxy.ts";

const PAGES = {
  "404.html": "<h1>own 404</h1>",
  "503.html":
    '<h1>own 503</h1><p title="{{ .Message }}">{{ with .Message }}{{ . }}{{ else }}no message{{ end }}</p>{{ template "foot.html" . }}',
  "502.html": "<h1>own 502</h1>{{ .Message }}{{ .Anything }}",
  "504.html": "<h1>own 504</h1>{{ len 5 }}",
  "foot.html": "<footer>foot</footer>",
};

function stopped(message: string): Partial<ServiceRoute> {
  return { gate: { state: "stopped", message } };
}

function expectHtml(response: ResponseMessage, status: number): void {
  expect(response.status).toBe(status);
  expect(valuesOf(response, "content-type")).toEqual(["text/html; charset=utf-8"]);
  expect(valuesOf(response, "cache-control")).toEqual(["no-store"]);
}

const text = (response: ResponseMessage): string => Buffer.from(response.body, "latin1").toString("utf8");

describe("built-in pages", () => {
  test("an address that nobody serves is a 404 page [A46]", async () => {
    const { proxy, connect } = await startBed();
    await proxy.serve();
    const response = await (await connect()).ask(get("/"));
    expectHtml(response, 404);
    expect(text(response)).toContain("Not Found");
  });

  test("a stopped service shows its message, escaped, and says when to come back [A47]", async () => {
    const { connect } = await startBed({ route: stopped("Back <b>soon</b> </script> ünï") });
    const response = await (await connect()).ask(get("/"));
    expectHtml(response, 503);
    expect(text(response)).toContain("Service Temporarily Unavailable");
    expect(text(response)).toContain("Back &lt;b&gt;soon&lt;/b&gt; &lt;/script&gt; ünï");
    expect(Number(valueOf(response, "retry-after"))).toBeGreaterThan(0);
  });

  test("a status without a page of its own has a plain one with its reason [A48]", () => {
    expect(errorPage(418, undefined).toString()).toContain("I'm a Teapot");
    expect(errorPage(499, undefined).toString()).toContain("499");
  });

  test("what the application says itself is left alone, with and without own pages [A49]", async () => {
    for (const errorPages of [null, PAGES]) {
      const answer = (): string => okResponse("app's own").replace("200 OK", "404 Nope");
      const { connect } = await startBed({ answer, route: { errorPages } });
      const response = await (await connect()).ask(get("/"));
      expect([response.status, valueOf(response, "content-type"), response.body]).toEqual([
        404,
        "text/plain",
        "app's own",
      ]);
    }
  });
});

describe("a service's own pages", () => {
  test("take the place of the built-in ones; what they lack stays built-in [A50 A51 A52]", async () => {
    const { proxy, app, connect } = await startBed({ route: { errorPages: PAGES } });
    const buffering = { requests: true, responses: false, memoryBytes: 10, maxRequestBytes: 5, maxResponseBytes: 0 };
    await proxy.serve(service("app", [app.port], { errorPages: PAGES, buffering }));
    app.answer = (_, { socket }) => {
      socket.destroy();
      return null;
    };
    const own = await (await connect()).ask(get("/"));
    expectHtml(own, 502);
    expect(own.body).toBe("<h1>own 502</h1>");
    const builtIn = await (await connect()).ask(post("/", "too much"));
    expectHtml(builtIn, 413);
    expect(builtIn.body).toContain("Content Too Large");
  });

  test("show the message of a stop, escaped where it stands, and include one another", async () => {
    const { proxy, app, connect } = await startBed({ route: { errorPages: PAGES, ...stopped('"><script>') } });
    const client = await connect();
    const response = await client.ask(get("/"));
    expectHtml(response, 503);
    expect(response.body).toBe(
      '<h1>own 503</h1><p title="&#34;&gt;&lt;script&gt;">&#34;&gt;&lt;script&gt;</p><footer>foot</footer>',
    );
    expect(valueOf(response, "retry-after")).toBe("60");
    await proxy.serve(service("app", [app.port], { errorPages: PAGES, ...stopped("") }));
    expect((await client.ask(get("/"))).body).toContain("no message");
  });

  test("HEAD: the same fields, no body", async () => {
    const { connect } = await startBed({ route: { errorPages: PAGES, ...stopped("m") } });
    const client = await connect();
    const whole = await client.ask(get("/"));
    const other = await connect();
    const head = await other.ask(get("/").replace("GET", "HEAD"), "HEAD");
    const named = (response: ResponseMessage) => response.fields.filter(([name]) => name !== "Date");
    expect(named(head)).toEqual(named(whole));
    expect(Number(valueOf(head, "content-length"))).toBe(whole.body.length);
  });

  test("serve for errors inside the service only, not for hosts that nobody knows", async () => {
    const { proxy, app, connect } = await startBed();
    await proxy.serve(service("app", [app.port], { hosts: ["a.test"], errorPages: PAGES }));
    const response = await (await connect()).ask(get("/", "b.test"));
    expectHtml(response, 404);
    expect(response.body).not.toContain("own 404");
  });

  test("a page that fails on its way is replaced whole by the built-in one, and told once [W25]", async () => {
    const { proxy, app, connect } = await startBed();
    await proxy.serve(service("app", [app.port], { errorPages: PAGES, gate: { state: "paused", maxPauseMs: 100 } }));
    for (let index = 0; index < 2; index++) {
      const response = await (await connect()).ask(get("/"));
      expectHtml(response, 504);
      expect(response.body).toContain("Gateway Timeout");
      expect(response.body).not.toContain("own 504");
    }
    const told = proxy.events.filter((line) => line.includes("custom error page"));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain("line 1: a text is needed");
  });

  test("pages that are too large give way to the built-in ones [DP-13]", async () => {
    for (const size of [TEMPLATE_LIMITS.maxRenderedBytes + 1, 5 * 1024 * 1024]) {
      const errorPages = { "503.html": "x".repeat(size) };
      const { connect } = await startBed({ route: { errorPages, ...stopped("m") } });
      expect((await (await connect()).ask(get("/"))).body).toContain("Service Temporarily Unavailable");
    }
    const errorPages = { "503.html": "x".repeat(TEMPLATE_LIMITS.maxRenderedBytes) };
    const { connect } = await startBed({ route: { errorPages, ...stopped("m") } });
    expect((await (await connect()).ask(get("/"))).body).toHaveLength(TEMPLATE_LIMITS.maxRenderedBytes);
  });

  test("change with a redeploy, and pages that cannot be parsed leave the service as it is", async () => {
    const { connect, ...bed } = await startBed({ route: { errorPages: PAGES, ...stopped("m") } });
    const client = await connect();
    const serve = (errorPages: ServiceRoute["errorPages"]) =>
      bed.proxy.serve(service("app", [bed.app.port], { errorPages, ...stopped("m") }));
    await serve({ "503.html": "second" });
    expect((await client.ask(get("/"))).body).toBe("second");
    await serve({ "503.html": "{{ nonsense }}" });
    expect((await client.ask(get("/"))).body).toContain("Service Temporarily Unavailable");
    expect(bed.proxy.events.join("")).toContain("503.html:1: unknown function");
    await serve(null);
    expect((await client.ask(get("/"))).body).toContain("Service Temporarily Unavailable");
  });
});
