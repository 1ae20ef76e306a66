import { describe, expect, onTestFinished, test } from "vitest";
import { type AcmeDirectoryOptions, startAcmeDirectory } from "../../support/acme-directory.ts";
import { eventsOf, problemOf, processEventsOf } from "../../support/acme-directory-job.ts";

const WINDOW = { start: "2027-01-02T04:00:00Z", end: "2027-01-03T04:00:00+02:00" };

async function ask(
  options: AcmeDirectoryOptions,
  prepare: (directory: Awaited<ReturnType<typeof startAcmeDirectory>>) => void,
) {
  const directory = await startAcmeDirectory(options);
  onTestFinished(() => directory.stop());
  prepare(directory);
  const job = {
    kind: "renewal-info",
    directory: directory.url,
    certId: "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE",
    timeoutMs: 10_000,
  } as const;
  return { directory, job, events: await eventsOf(job) };
}

describe("[AC-07] the window for a renewal", () => {
  test("is asked for by the certificate's id, and told with the time to ask again", async () => {
    const { directory, job, events } = await ask({}, (directory) => {
      directory.renewal = { ...WINDOW, explanationURL: "https://example.com/why", retryAfter: 21_600 };
    });
    const expected = {
      event: "renewal-info",
      window: {
        start: "2027-01-02T04:00:00.000Z",
        end: "2027-01-03T02:00:00.000Z",
        explanationUrl: "https://example.com/why",
      },
      retryAfterSeconds: 21_600,
    };
    expect(events).toEqual([expected]);
    expect(directory.renewalInfoAsked).toEqual([job.certId]);
    expect(directory.requestCount("newNonce")).toBe(0);
    expect(await processEventsOf(job)).toEqual([expected]);
  });

  test("is null where the authority offers none", async () => {
    const { events } = await ask({ renewalInfo: false }, () => undefined);
    expect(events).toEqual([{ event: "renewal-info", window: null, retryAfterSeconds: null }]);
  });

  test("is null for a certificate that the authority does not know", async () => {
    const { events } = await ask({}, (directory) => directory.fail("renewalInfo", { status: 404, type: "malformed" }));
    expect(events).toEqual([{ event: "renewal-info", window: null, retryAfterSeconds: null }]);
  });

  test("has no explanation where that is no link", async () => {
    const { events } = await ask({}, (directory) => {
      directory.renewal = { ...WINDOW, explanationURL: "javascript:alert(1)" };
    });
    expect(events).toMatchObject([{ window: { explanationUrl: "" } }]);
  });

  test.each([
    ["ends before it starts", { start: WINDOW.end, end: WINDOW.start }],
    ["is empty", { start: WINDOW.start, end: WINDOW.start }],
    ["has no end", { start: WINDOW.start }],
    ["is in words", { start: "soon", end: "later" }],
  ])("is refused when it %s", async (_, window) => {
    const { events } = await ask({}, (directory) =>
      directory.fail("renewalInfo", { body: JSON.stringify({ suggestedWindow: window }) }),
    );
    expect(problemOf(events)).toMatchObject({
      kind: "authority-unavailable",
      detail: expect.stringContaining("suggests a time for renewal that is none"),
    });
  });

  test.each(["null", "[]", "<html>", "{}", '{"suggestedWindow":7}'])(
    "is refused when the answer is %s",
    async (body) => {
      const { events } = await ask({}, (directory) => directory.fail("renewalInfo", { body }));
      expect(problemOf(events).kind).toBe("authority-unavailable");
    },
  );

  test("waits as long as the authority says after an error", async () => {
    const { events } = await ask({}, (directory) => directory.fail("renewalInfo", { status: 503, retryAfter: 900 }));
    expect(problemOf(events)).toMatchObject({ kind: "authority-unavailable", retryAfterSeconds: 900 });
  });
});
