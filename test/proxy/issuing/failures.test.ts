import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type AcmeDirectoryOptions, startAcmeDirectory } from "../../support/acme-directory.ts";
import { newTestAuthority, spkiOf } from "../../support/acme-directory-certificates.ts";
import {
  certificateJob,
  challengeServer,
  eventsOf,
  problemOf,
  processEventsOf,
} from "../../support/acme-directory-job.ts";
import { unusedPort } from "../../support/unused-port.ts";

async function anyDirectory(options: AcmeDirectoryOptions = {}) {
  const directory = await startAcmeDirectory(options);
  onTestFinished(() => directory.stop());
  return directory;
}

async function failureAt(directoryUrl: string, over: object = {}) {
  return problemOf(await eventsOf(certificateJob(directoryUrl, over)));
}

describe("[AC-02] the authority", () => {
  test("refuses connections", async () => {
    const directory = await anyDirectory();
    await directory.stop();
    expect(await failureAt(directory.url)).toEqual({
      kind: "authority-unavailable",
      detail: `${directory.url} refuses connections`,
      type: "",
      retryAfterSeconds: null,
    });
  });

  test("has a name that does not exist", async () => {
    const problem = await failureAt("https://acme.invalid/directory");
    expect(problem.kind).toBe("authority-unavailable");
    expect(problem.detail).toMatch(/^https:\/\/acme\.invalid\/directory has a name that .* check the proxy's DNS$/);
  });

  test("does not speak TLS", async () => {
    const port = await unusedPort();
    const server = createServer((socket) => void socket.on("error", () => undefined).end("SSH-2.0-OpenSSH\r\n"));
    await new Promise<void>((resolve) => {
      server.listen(port, "127.0.0.1", resolve);
    });
    onTestFinished(() => void server.close());
    expect(await failureAt(`https://127.0.0.1:${port}/`)).toMatchObject({ kind: "authority-unavailable" });
  });

  test.each([
    ["has an error", { status: 503, retryAfter: 120 }, { retryAfterSeconds: 120 }],
    [
      "says that it has one",
      { status: 500, type: "serverInternal", detail: "No disk." },
      { detail: /It says: No disk$/ },
    ],
    ["redirects", { status: 307, location: "http://127.0.0.1/" }, { detail: /redirects/ }],
    ["cuts the connection", { hangUp: true }, {}],
    ["sends a web page", { body: "<html>" }, { detail: /is not an ACME directory/ }],
    ["is something else", { status: 404 }, { detail: /check that it is an ACME directory \(status 404\)/ }],
    ["sends more than a directory can have", { body: "x".repeat(300_000) }, { detail: /maxContentLength/ }],
  ] as const)(
    "%s",
    async (_, fault, {
      detail = /./,
      retryAfterSeconds = null,
    }: { detail?: RegExp; retryAfterSeconds?: number | null }) => {
      const directory = await anyDirectory();
      directory.fail("directory", fault);
      expect(await failureAt(directory.url)).toMatchObject({
        kind: "authority-unavailable",
        detail: expect.stringMatching(detail),
        retryAfterSeconds,
      });
      expect(directory.requestCount()).toBe(1);
    },
  );

  test("answers too slowly for the job, which tells how far it came", async () => {
    const directory = await anyDirectory();
    directory.fail("newOrder", { delayMs: 10_000 });
    const events = await processEventsOf(certificateJob(directory.url, { timeoutMs: 2_500 }));
    expect(problemOf(events)).toMatchObject({
      kind: "timed-out",
      detail: `not finished after 2.5s; the last step was: ordering a certificate for app.example.com from ${directory.url}`,
    });
  });
});

describe("[AC-03] a rate limit", () => {
  test.each([
    ["in seconds", "3600", 3600],
    ["as a date", new Date(Date.now() + 3_600_000).toUTCString(), 3600],
    ["that is not said", undefined, null],
  ])("ends the job at once, with the wait %s", async (_, retryAfter, expected) => {
    const directory = await anyDirectory();
    const detail = "too many certificates already issued";
    const wish = retryAfter === undefined ? {} : { retryAfter };
    directory.fail("newOrder", { status: 429, type: "rateLimited", detail, ...wish }, 9);
    const problem = await failureAt(directory.url);
    expect(problem).toMatchObject({ kind: "rate-limited", type: "urn:ietf:params:acme:error:rateLimited" });
    expect(problem.detail).toContain(`${directory.url} has had too many requests for app.example.com`);
    expect(problem.detail).toContain(detail);
    // A date is not to the second.
    const { retryAfterSeconds } = problem;
    expect(retryAfterSeconds === null ? null : Math.round(retryAfterSeconds / 60) * 60).toBe(expected);
    expect(directory.requestCount("newOrder")).toBe(1);
  });

  test("counts for the nonce and the directory too, and without a problem document", async () => {
    for (const resource of ["newNonce", "directory"] as const) {
      const directory = await anyDirectory();
      directory.fail(resource, { status: 429, retryAfter: 7 });
      expect(await failureAt(directory.url)).toMatchObject({ kind: "rate-limited", retryAfterSeconds: 7 });
    }
  });
});

describe("a check", () => {
  test("that reaches another server says so, with what the authority saw", async () => {
    const server = await challengeServer();
    const directory = await anyDirectory({ httpPort: server.port });
    const problem = await failureAt(directory.url);
    expect(problem).toMatchObject({ kind: "wrong-answer", type: "urn:ietf:params:acme:error:unauthorized" });
    expect(problem.detail).toMatch(
      /whoever answers for app\.example\.com on port 80 .* It says: 127\.0\.0\.1: Invalid/,
    );
  });

  test("that finds the port closed says so", async () => {
    const directory = await anyDirectory({ httpPort: await unusedPort() });
    const problem = await failureAt(directory.url);
    expect(problem.kind).toBe("connection");
    expect(problem.detail).toContain("could not connect to app.example.com on port 80");
  });
});

describe("[AC-13] what is sent as a certificate", () => {
  const stranger = newTestAuthority();
  const publicKey = spkiOf(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey);
  const validity = { notBefore: new Date(), notAfter: new Date(Date.now() + 86_400_000) };

  test.each([
    ["is for another key", stranger.issue({ publicKey, names: ["app.example.com"] }, validity), /for another key/],
    ["is cut", "-----BEGIN CERTIFICATE-----\nMIIB", /sent no certificate for app\.example\.com/],
    ["is empty", "", /sent no certificate/],
    ["is JSON", "{}", /sent no certificate/],
  ])("%s: it is not passed on", async (_, body, detail) => {
    const directory = await anyDirectory();
    directory.fail("certificate", { body });
    expect(await failureAt(directory.url)).toMatchObject({
      kind: "authority-unavailable",
      detail: expect.stringMatching(detail),
    });
  });
});

describe("an order", () => {
  test("that is ready here and not ready there is finalised a moment later", async () => {
    const directory = await anyDirectory();
    directory.fail("finalize", { status: 403, type: "orderNotReady", detail: "wait" });
    const events = await eventsOf(certificateJob(directory.url));
    expect(events.at(-1)).toMatchObject({ event: "issued" });
    expect(directory.requestCount("finalize")).toBe(2);
  });

  test("is not repeated without what it replaces where that is not the reason", async () => {
    const directory = await anyDirectory();
    directory.fail("newOrder", { status: 429, type: "rateLimited" });
    expect(await failureAt(directory.url, { replaces: "a.b" })).toMatchObject({ kind: "rate-limited" });
    expect(directory.requestCount("newOrder")).toBe(1);
  });
});
