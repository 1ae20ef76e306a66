import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { OnDemandApproval, type OnDemandSubject } from "../../../proxy/certificate/on-demand.ts";
import { checkOfPath, checkOfUrl } from "../../../proxy/certificate/on-demand-url.ts";
import { ON_DEMAND_LIMITS } from "../../../proxy/limits.ts";
import { startTarget } from "../../support/bed.ts";
import { eventually } from "../../support/eventually.ts";
import { recordedLog } from "../../support/recorded-log.ts";
import { type Answerer, okResponse, type RecordingUpstream } from "../../support/recording-upstream.ts";
import { certificateFor } from "../../support/test-certificates.ts";
import { unusedPort } from "../../support/unused-port.ts";

const DENIED = "TLS on-demand check denied host";

function approval(limits: Partial<typeof ON_DEMAND_LIMITS> = {}) {
  const log = recordedLog();
  const approval = new OnDemandApproval(log.log, { ...ON_DEMAND_LIMITS, ...limits });
  onTestFinished(() => approval.close());
  return { approval, log };
}

function local(port: number, changes: Partial<OnDemandSubject> = {}): OnDemandSubject {
  return { onDemandUrl: "/check", gate: { state: "running" }, targetAddress: `127.0.0.1:${port}`, ...changes };
}

function external(port: number, path = "/check"): OnDemandSubject {
  return { onDemandUrl: `http://127.0.0.1:${port}${path}`, gate: { state: "running" }, targetAddress: "" };
}

function saying(status: number, body = "", fields = ""): Answerer {
  return () => `HTTP/1.1 ${status} X\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${fields}\r\n${body}`;
}

function targets(app: RecordingUpstream): string[] {
  return app.requests.map(({ target }) => target);
}

test("the application allows with 200 [A214]", async () => {
  const app = await startTarget("app");
  const { approval: asked, log } = approval();
  expect(await asked.approve("shop.example.com", local(app.port))).toEqual({ allowed: true, reason: "" });
  expect(log.lines).toEqual([]);
});

test("anything else denies, and the denial names host, status and body [A214]", async () => {
  const app = await startTarget("app", saying(403, 'no "such" shop'));
  const { approval: asked, log } = approval();
  expect(await asked.approve("shop.example.com", local(app.port))).toEqual({
    allowed: false,
    reason: 'shop.example.com is not allowed to get a certificate (status: 403, body: "no \\"such\\" shop")',
  });
  expect(log.saying(DENIED)).toMatchObject([
    { level: "WARN", host: "shop.example.com", status: 403, body: 'no "such" shop' },
  ]);
});

test.each([201, 204, 206, 301, 302, 401, 404, 500, 503])("%d denies [A219 A220] [AC-05]", async (status) => {
  const app = await startTarget("app", saying(status, "", "Location: /elsewhere\r\n"));
  const { approval: asked } = approval();
  for (const subject of [local(app.port), external(app.port)]) {
    const { allowed, reason } = await asked.approve("a.test", subject);
    expect(allowed).toBe(false);
    expect(reason).toContain(`status: ${status}`);
  }
  // A redirect is not followed.
  expect(targets(app)).toEqual(["/check?host=a.test", "/check?host=a.test"]);
});

test("the application sees the checked name as its host, over HTTP, and no trace of a client [A215 A216]", async () => {
  const app = await startTarget("app");
  await approval().approval.approve("shop.example.com", local(app.port));
  expect(app.requests[0]?.fields).toEqual([
    ["Host", "shop.example.com"],
    ["X-Forwarded-Proto", "http"],
    ["User-Agent", "kdeploy-proxy"],
    ["Accept", "*/*"],
    ["Connection", "close"],
  ]);
});

test("maxQuotedBytes: the body in the denial is cut at 256 bytes, and an endless one is not waited for [A217]", async () => {
  const app = await startTarget("app", () => `HTTP/1.1 403 Forbidden\r\n\r\n${"x".repeat(1_000)}`);
  const { approval: asked, log } = approval();
  const { reason } = await asked.approve("a.test", local(app.port));
  expect(/x+/.exec(reason)?.[0]).toHaveLength(256);
  expect(log.saying(DENIED)[0]?.["body"]).toHaveLength(256);
  expect(ON_DEMAND_LIMITS.maxQuotedBytes).toBe(256);
});

test("a 200 allows before its body has come", async () => {
  const app = await startTarget("app", () => "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  expect((await approval().approval.approve("a.test", local(app.port))).allowed).toBe(true);
});

test("stopped and paused deny at once: the handshake waits for nobody, and the health path approves nobody [A218] [W19]", async () => {
  const app = await startTarget("app");
  const { approval: asked, log } = approval();
  const gates = [
    { state: "stopped", message: "later" },
    { state: "paused", maxPauseMs: 60_000 },
  ] as const;
  for (const gate of gates) {
    for (const onDemandUrl of ["/check", "/up"]) {
      expect(await asked.approve("a.test", local(app.port, { gate, onDemandUrl }))).toEqual({
        allowed: false,
        reason: `a.test is not allowed to get a certificate (the service is ${gate.state})`,
      });
    }
  }
  expect(app.connections).toHaveLength(0);
  expect(log.saying(DENIED)).toHaveLength(4);
  // It is not remembered: the service may run again at any moment.
  expect((await asked.approve("a.test", local(app.port))).allowed).toBe(true);
});

test("an endpoint elsewhere is asked even while the service does not run", async () => {
  const endpoint = await startTarget("endpoint");
  const subject: OnDemandSubject = { ...external(endpoint.port), gate: { state: "stopped", message: "" } };
  expect((await approval().approval.approve("a.test", subject)).allowed).toBe(true);
});

test("without a healthy target the application is not asked", async () => {
  const { reason } = await approval().approval.approve("a.test", local(0, { targetAddress: "" }));
  expect(reason).toBe("a.test is not allowed to get a certificate (no target is healthy)");
});

test("an endpoint elsewhere is asked under its own name [A219]", async () => {
  const endpoint = await startTarget("endpoint");
  const { approval: asked } = approval();
  expect((await asked.approve("shop.example.com", external(endpoint.port))).allowed).toBe(true);
  expect(endpoint.requests[0]?.fields).toEqual([
    ["Host", `127.0.0.1:${endpoint.port}`],
    ["User-Agent", "kdeploy-proxy"],
    ["Accept", "*/*"],
    ["Connection", "close"],
  ]);
  endpoint.answer = saying(403, "no");
  expect((await asked.approve("other.example.com", external(endpoint.port))).reason).toBe(
    'other.example.com is not allowed to get a certificate (status: 403, body: "no")',
  );
});

test("an endpoint over HTTPS is believed only with a certificate that can be verified", async () => {
  const certificate = await certificateFor(["127.0.0.1"]);
  const server = createServer({ key: certificate.privateKey, cert: certificate.chain }, (request, response) => {
    response.writeHead(request.url === "/check?host=a.test" ? 200 : 403).end();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const subject = { ...external(0), onDemandUrl: `https://127.0.0.1:${port}/check` };
  const stranger = await approval().approval.approve("a.test", subject);
  expect(stranger).toMatchObject({ allowed: false, reason: expect.stringContaining("the check failed: ") });
  const before = tls.getCACertificates("default");
  tls.setDefaultCACertificates([certificate.ca]);
  onTestFinished(() => tls.setDefaultCACertificates(before));
  expect(await approval().approval.approve("a.test", subject)).toEqual({ allowed: true, reason: "" });
});

test("timeoutMs: a slow endpoint denies, whether it says nothing or says it slowly [AC-05]", async () => {
  const silent = await startTarget("silent", () => null);
  const dripping = await startTarget("drip", () => "HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\nabc");
  const { approval: asked } = approval({ timeoutMs: 100 });
  for (const { port } of [silent, dripping]) {
    const startedAt = performance.now();
    expect((await asked.approve("a.test", external(port))).reason).toContain("did not answer within 100 ms");
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
  }
  expect(ON_DEMAND_LIMITS.timeoutMs).toBe(2_000);
});

test("an endpoint that cannot be reached, or is no HTTP server, denies with the reason", async () => {
  const { approval: asked, log } = approval();
  expect((await asked.approve("a.test", external(await unusedPort()))).reason).toMatch(/ECONNREFUSED/);
  const noHttp = await startTarget("ssh", () => "SSH-2.0-OpenSSH_9.2\r\n");
  expect((await asked.approve("a.test", external(noHttp.port))).reason).toContain("SSH-2.0");
  expect(log.saying(DENIED)).toMatchObject([{ error: expect.any(String) }, { error: expect.any(String) }]);
});

test("an endpoint that comes to want the same certificate itself is not asked in circles [AC-05]", async () => {
  const { approval: asked } = approval({ timeoutMs: 150 });
  const inner: Promise<unknown>[] = [];
  const looping = await startTarget("loop", () => {
    inner.push(asked.approve("a.test", external(looping.port)));
    return null;
  });
  expect((await asked.approve("a.test", external(looping.port))).allowed).toBe(false);
  expect(await Promise.all(inner)).toMatchObject([{ allowed: false }]);
  expect(looping.connections).toHaveLength(1);
});

test("a check that is cancelled ends at once, its connection too [A221]", async () => {
  const silent = await startTarget("silent", () => null);
  const { approval: asked, log } = approval();
  const abort = new AbortController();
  const pending = asked.approve("a.test", external(silent.port), abort.signal);
  await eventually("the question", () => silent.requests.length === 1);
  abort.abort();
  expect(await pending).toEqual({
    allowed: false,
    reason: "a.test is not allowed to get a certificate (the check was cancelled)",
  });
  await eventually("the connection ends", () => silent.connections[0]?.closed === true);
  expect(log.lines).toEqual([]);
  // That nobody wanted to know is no answer.
  silent.answer = saying(200);
  expect((await asked.approve("a.test", external(silent.port))).allowed).toBe(true);
});

test("many handshakes for one name are one question, and every new name is asked once [A222] [AC-04]", async () => {
  const app = await startTarget("app", () => null);
  const { approval: asked } = approval();
  const names = ["a.test", "b.test", "c.test"];
  const answers = Promise.all(
    Array.from({ length: 90 }, (_, n) => asked.approve(names[n % 3] as string, local(app.port))),
  );
  await eventually("the questions", () => app.requests.length === 3);
  await sleep(20);
  expect(targets(app).toSorted()).toEqual(names.map((name) => `/check?host=${name}`));
  for (const { socket } of app.connections) socket.write(okResponse(""));
  expect(new Set((await answers).map(({ allowed }) => allowed))).toEqual(new Set([true]));
});

test("denialMs: a denial stands for a while, without another question or log line [W19] [AC-04]", async () => {
  const app = await startTarget("app", saying(403, "no"));
  const { approval: asked, log } = approval({ denialMs: 100 });
  const first = await asked.approve("a.test", local(app.port));
  app.answer = saying(200);
  expect(await asked.approve("a.test", local(app.port))).toEqual(first);
  expect(app.requests).toHaveLength(1);
  expect(log.saying(DENIED)).toHaveLength(1);
  expect((await asked.approve("b.test", local(app.port))).allowed).toBe(true);
  await sleep(110);
  expect((await asked.approve("a.test", local(app.port))).allowed).toBe(true);
});

test("failureMs: an endpoint that fails is asked again sooner", async () => {
  const app = await startTarget("app", saying(503));
  const { approval: asked } = approval({ failureMs: 100, timeoutMs: 50 });
  expect((await asked.approve("a.test", local(app.port))).allowed).toBe(false);
  app.answer = () => null;
  expect((await asked.approve("b.test", local(app.port))).allowed).toBe(false);
  app.answer = saying(200);
  expect((await asked.approve("a.test", local(app.port))).allowed).toBe(false);
  expect((await asked.approve("b.test", local(app.port))).allowed).toBe(false);
  expect(app.requests).toHaveLength(2);
  await sleep(110);
  expect((await asked.approve("a.test", local(app.port))).allowed).toBe(true);
  expect((await asked.approve("b.test", local(app.port))).allowed).toBe(true);
});

test("another check for the same name is another question", async () => {
  const app = await startTarget("app", ({ target }) =>
    target.startsWith("/old") ? "HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n" : okResponse(""),
  );
  const { approval: asked } = approval();
  expect((await asked.approve("a.test", local(app.port, { onDemandUrl: "/old" }))).allowed).toBe(false);
  expect((await asked.approve("a.test", local(app.port, { onDemandUrl: "/new" }))).allowed).toBe(true);
});

test("questionsPerMinute: a thousand invented names are denied, and few are asked for [W19] [AC-04]", async () => {
  const app = await startTarget("app", saying(403));
  const { approval: asked, log } = approval();
  const startedAt = performance.now();
  const answers: string[] = [];
  for (let index = 0; index < 1_000; index++) {
    answers.push((await asked.approve(`x${index}.test`, local(app.port))).reason);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  expect(answers.every((reason) => reason.includes("is not allowed to get a certificate"))).toBe(true);
  expect(answers.at(-1)).toContain("too many names are being checked");
  const { questionsPerMinute } = ON_DEMAND_LIMITS;
  expect(app.requests.length).toBeGreaterThanOrEqual(questionsPerMinute);
  expect(app.requests.length).toBeLessThanOrEqual(Math.ceil(questionsPerMinute * (1 + seconds / 60)));
  // Nor is the log flooded.
  expect(log.saying(DENIED).length).toBeLessThanOrEqual(11 * (1 + Math.ceil(seconds)));
});

test("maxQuestions and maxRememberedDenials hold", async () => {
  const silent = await startTarget("silent", () => null);
  const { approval: asked } = approval({ maxQuestions: 2 });
  void asked.approve("a.test", local(silent.port));
  void asked.approve("b.test", local(silent.port));
  expect((await asked.approve("c.test", local(silent.port))).reason).toContain("too many names");
  const app = await startTarget("app", saying(403));
  const { approval: forgetful } = approval({ maxRememberedDenials: 1 });
  for (const name of ["a.test", "b.test", "a.test"]) await forgetful.approve(name, local(app.port));
  expect(app.requests).toHaveLength(3);
});

test("what is no host name is denied unasked", async () => {
  const app = await startTarget("app");
  for (const name of ["", "a b", "a.test\r\nX: 1", "a/b", "ä.test", "a?b"]) {
    expect((await approval().approval.approve(name, local(app.port))).allowed, name).toBe(false);
  }
  expect(app.connections).toHaveLength(0);
});

test.each([
  ["/check", "/check?host=a.test"],
  ["/", "/?host=a.test"],
  ["/check?", "/check?host=a.test"],
  ["/check?token=1", "/check?host=a.test&token=1"],
  ["/check?z=1&b=2&b=1", "/check?b=2&b=1&host=a.test&z=1"],
  ["/check?host=evil.test&host=x", "/check?host=a.test"],
  ["/a%2Fb?q=a+b%26c", "/a%2Fb?host=a.test&q=a+b%26c"],
  ["/check?next=/x?y=1", "/check?host=a.test&next=%2Fx%3Fy%3D1"],
  ["/prüfen#top", "/pr%C3%BCfen?host=a.test"],
  ["/\\evil.test/x", "/\\evil.test/x?host=a.test"],
])("the check %s asks for %s [A223]", (configured, target) => {
  expect(checkOfPath(configured, "127.0.0.1:3000", "a.test").path).toBe(target);
  const url = `http://check.test:81${configured.replace("\\", "")}`;
  expect(checkOfUrl(url, "a.test").path).toBe(target.replace("\\", ""));
});

test("a name is escaped where it has to be [A223]", () => {
  expect(checkOfPath("/c", "127.0.0.1:3000", "::1").path).toBe("/c?host=%3A%3A1");
});

test.each([
  ["http://check.test/c", "check.test", 80, false, "check.test"],
  ["https://check.test/c", "check.test", 443, true, "check.test"],
  ["https://check.test:8443/c", "check.test", 8443, true, "check.test:8443"],
  ["http://[::1]:81/c", "::1", 81, false, "[::1]:81"],
  ["HTTP://CHECK.test/c", "check.test", 80, false, "check.test"],
])("%s leads to its own host [A223 A224]", (url, host, port, overTls, hostHeader) => {
  expect(checkOfUrl(url, "a.test")).toMatchObject({ host, port, tls: overTls, hostHeader, path: "/c?host=a.test" });
});

test("a user in the URL is who asks", () => {
  expect(checkOfUrl("http://me:p%40ss@check.test/", "a.test").fields).toContain(
    `Authorization: Basic ${Buffer.from("me:p@ss").toString("base64")}\r\n`,
  );
  expect(checkOfUrl("http://check.test/", "a.test").fields).not.toContain("Authorization");
});
