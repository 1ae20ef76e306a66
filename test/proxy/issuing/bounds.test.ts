import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Authority } from "../../../proxy/issuing/authority.ts";
import { ISSUING_LIMITS } from "../../../proxy/limits.ts";
import { startAcmeDirectory } from "../../support/acme-directory.ts";
import { certificateJob, eventsOf, problemOf, processEventsOf } from "../../support/acme-directory-job.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

/** A limit that nobody wants to wait for, made short for one test. */
function shorten(limit: keyof typeof ISSUING_LIMITS, value: number): void {
  const before = ISSUING_LIMITS[limit];
  ISSUING_LIMITS[limit] = value;
  onTestFinished(() => {
    ISSUING_LIMITS[limit] = before;
  });
}

async function anyDirectory() {
  const directory = await startAcmeDirectory();
  onTestFinished(() => directory.stop());
  return directory;
}

async function script(body: string): Promise<string> {
  const file = join(await temporaryDirectory(), "script");
  await writeFile(file, body, { mode: 0o755 });
  return file;
}

describe("waiting has an end", () => {
  test("for one answer of the authority", async () => {
    shorten("requestTimeoutMs", 300);
    const directory = await anyDirectory();
    directory.fail("newOrder", { delayMs: 5_000 });
    expect(problemOf(await eventsOf(certificateJob(directory.url)))).toMatchObject({
      kind: "authority-unavailable",
      detail: `${directory.url} did not answer within 0.3s`,
    });
  });

  test("for a DNS hook, and for its cleanup", async () => {
    shorten("dnsHookTimeoutMs", 300);
    const directory = await anyDirectory();
    const dnsHook = await script("#!/bin/sh\nexec sleep 600\n");
    const events = await eventsOf(certificateJob(directory.url, { challenge: "dns-01", dnsHook }));
    expect(problemOf(events)).toMatchObject({
      kind: "dns-hook",
      detail: expect.stringMatching(/ present _acme-challenge\.app\.example\.com did not end within 0\.3s$/),
    });
    expect(events).toContainEqual({ event: "step", text: expect.stringMatching(/left behind: .* within 0\.3s$/) });
  });

  test("for a hook's cleanup once the job's time is up", async () => {
    shorten("dnsCleanupTimeoutMs", 300);
    const directory = await anyDirectory();
    const dnsHook = await script("#!/bin/sh\nexec sleep 600\n");
    const job = certificateJob(directory.url, { challenge: "dns-01", dnsHook, timeoutMs: 1_000 });
    const events = await eventsOf(job);
    expect(events).toContainEqual({ event: "step", text: expect.stringMatching(/left behind: .* within 0\.3s$/) });
  });

  test("for a process that neither works nor ends", async () => {
    shorten("endTimeoutMs", 500);
    const program = await script("setInterval(() => {}, 1000); process.stderr.write('stuck\\n');");
    const events = await processEventsOf(certificateJob("http://127.0.0.1:1/", { timeoutMs: 500 }), undefined, {
      program,
    });
    expect(problemOf(events)).toMatchObject({
      kind: "timed-out",
      detail:
        "the process for the certificate for app.example.com: not finished after 0.5s, and the process did not say so itself (stuck)",
    });
  });

  test("for a process that has said its last word and stays", async () => {
    shorten("endTimeoutMs", 300);
    const program = await script('console.log(\'{"event":"issued","chain":"x"}\'); setInterval(() => {}, 1000);');
    const events = await processEventsOf(certificateJob("http://127.0.0.1:1/"), undefined, { program });
    expect(events).toEqual([{ event: "issued", chain: "x" }]);
  });

  test("between two looks, however long the authority wants to be left alone", async () => {
    shorten("maxPollMs", 200);
    const directory = await anyDirectory();
    directory.renewal = { start: "2027-01-01T00:00:00Z", end: "2027-01-02T00:00:00Z", retryAfter: 3_600 };
    const authority = new Authority(directory.url, AbortSignal.timeout(10_000));
    const url = directory.url.replace("directory", "renewalInfo/a.b");
    let looks = 0;
    await authority.poll(
      () => authority.get(url),
      () => ++looks === 3,
    );
    expect(directory.renewalInfoAsked).toHaveLength(3);
  });
});

test("between two looks, the authority's wish counts", async () => {
  const directory = await anyDirectory();
  directory.renewal = { start: "2027-01-01T00:00:00Z", end: "2027-01-02T00:00:00Z", retryAfter: 1 };
  const authority = new Authority(directory.url, AbortSignal.timeout(10_000));
  const url = directory.url.replace("directory", "renewalInfo/a.b");
  const began = performance.now();
  await authority.poll(
    () => authority.get(url),
    () => directory.renewalInfoAsked.length === 2,
  );
  expect(performance.now() - began).toBeGreaterThan(990);
});

test("of what a process or a hook writes to stderr, the end is kept", async () => {
  const program = await script("process.stderr.write('a'.repeat(9000) + ' the end', () => process.exit(1));");
  const ofProcess = problemOf(
    await processEventsOf(certificateJob("http://127.0.0.1:1/"), undefined, { program }),
  ).detail;
  expect(ofProcess).toMatch(/exited with 1 \(a+ the end\)$/);
  expect(ofProcess.length).toBeLessThan(ISSUING_LIMITS.maxStderrBytes + 200);
  const directory = await anyDirectory();
  const dnsHook = await script('#!/bin/sh\nhead -c 9000 /dev/zero | tr "\\0" b >&2; echo "${1}ed" >&2; exit 1\n');
  const ofHook = problemOf(await eventsOf(certificateJob(directory.url, { challenge: "dns-01", dnsHook }))).detail;
  expect(ofHook.length).toBeLessThan(ISSUING_LIMITS.maxStderrBytes + 400);
  expect(ofHook).toMatch(/: b+presented$/);
});

test("a private key that cannot be read is found before anything is ordered", async () => {
  const directory = await anyDirectory();
  const problem = problemOf(await eventsOf(certificateJob(directory.url, { privateKey: "none" })));
  expect(problem).toMatchObject({
    kind: "internal",
    detail: expect.stringContaining("the private key for app.example.com"),
  });
  expect(directory.requestCount()).toBe(0);
});

test("a connection that the authority closed while it was idle is not a failure", async () => {
  const directory = await anyDirectory();
  const authority = new Authority(directory.url, AbortSignal.timeout(10_000));
  await authority.get(directory.url);
  directory.fail("directory", { hangUp: true });
  expect((await authority.get(directory.url)).data).toMatchObject({ newNonce: expect.any(String) });
  expect(directory.requestCount("directory")).toBe(3);
});
