import { describe, expect, test } from "vitest";
import type { Notification } from "../../../cli/config/config.ts";
import { KdeployError } from "../../../cli/errors.ts";
import { bodyOf, type News, sentenceOf } from "../../../cli/report/notification.ts";
import { NOTIFY_LIMITS, type NotifiedRun, Notifier, type NotifyLimits } from "../../../cli/report/notifier.ts";
import { recordingWebhook } from "../../support/recording-webhook.ts";
import { unusedPort } from "../../support/unused-port.ts";
import { configOf, issuesOf } from "../config/written-config.ts";

const ALL = ["started", "finished", "failed", "rolled-back", "maintenance", "live"] as const;
const NEWS: News = {
  event: "finished",
  command: "deploy",
  service: "shop",
  destination: "production",
  version: "0123456789abcdef",
  performer: "Ann <ann@example.com>",
  hosts: ["one", "two"],
  durationMs: 12_345,
  error: undefined,
};

function notifier(
  url: string,
  more: Partial<NotifiedRun> = {},
  entry: Partial<Notification> = {},
  limits: NotifyLimits = NOTIFY_LIMITS,
) {
  const run: NotifiedRun = {
    command: "deploy",
    service: "shop",
    destination: undefined,
    performer: "ann",
    hosts: ["one"],
    version: () => "v1",
    dryRun: false,
    address: () => Promise.resolve(url),
    redact: (text) => text.replaceAll("hunter22", "[REDACTED]"),
    ...more,
  };
  return new Notifier([{ urlSecret: "HOOK", format: "json", on: ALL, ...entry }], run, limits);
}

const textsOf = (posted: readonly { readonly body: unknown }[]) =>
  posted.map(({ body }) => (body as { text: string }).text);

describe("what is said", () => {
  test.each<[Partial<News>, string]>([
    [{}, "shop (production): deploy 0123456 finished in 12.3 s, by Ann <ann@example.com>, 2 hosts."],
    [
      { event: "started", durationMs: undefined, destination: undefined, hosts: ["one"] },
      "shop: deploy 0123456 started, by Ann <ann@example.com>, 1 host.",
    ],
    [
      { event: "failed", error: { code: "boot-failed", message: "web did not come up\nmore" } },
      "shop (production): deploy 0123456 FAILED after 12.3 s, by Ann <ann@example.com>, 2 hosts. boot-failed: web did not come up",
    ],
    [
      { event: "rolled-back" },
      "shop (production): rolled back to 0123456 in 12.3 s, by Ann <ann@example.com>, 2 hosts.",
    ],
    [
      { event: "maintenance", version: undefined },
      "shop (production): maintenance began in 12.3 s, by Ann <ann@example.com>, 2 hosts.",
    ],
  ])("%j", (more, sentence) => {
    expect(sentenceOf({ ...NEWS, ...more })).toBe(sentence);
  });

  test("to Slack, with what is special there escaped", () => {
    expect(bodyOf(NEWS, "slack", new Date(0))).toEqual({
      text: "shop (production): deploy 0123456 finished in 12.3 s, by Ann &lt;ann@example.com&gt;, 2 hosts.",
    });
  });

  test("to Discord, where nobody is called by it, and within what it takes", () => {
    const error = { code: "x", message: "@everyone ".repeat(500) };
    const body = bodyOf({ ...NEWS, event: "failed", error }, "discord", new Date(0)) as { content: string };
    expect(body).toMatchObject({ allowed_mentions: { parse: [] } });
    expect(body.content.length).toBeLessThan(2_000);
  });

  test("to a program, field by field", () => {
    expect(bodyOf({ ...NEWS, version: undefined }, "json", new Date(0))).toEqual({
      event: "finished",
      time: "1970-01-01T00:00:00.000Z",
      text: expect.any(String) as string,
      command: "deploy",
      service: "shop",
      destination: "production",
      version: null,
      performer: "Ann <ann@example.com>",
      hosts: ["one", "two"],
      durationMs: 12_345,
      error: null,
    });
  });
});

describe("notify", () => {
  test("start and end of a deploy arrive in that order [C16]", async () => {
    const { posted, url } = await recordingWebhook();
    const told = notifier(`${url}/hook`);
    expect(await told.finish({ exitCode: 0, durationMs: 1_000 })).toEqual([]);
    expect(textsOf(posted)).toEqual([
      "shop: deploy v1 started, by ann, 1 host.",
      "shop: deploy v1 finished in 1.0 s, by ann, 1 host.",
    ]);
    expect(posted[0]).toMatchObject({ path: "/hook", type: "application/json" });
  });

  test("a failure with its code and first line, without secrets [C16]", async () => {
    const { posted, url } = await recordingWebhook();
    const told = notifier(url, {}, { on: ["failed"] });
    told.report({
      event: "failed",
      code: "hook-failed",
      host: undefined,
      message: "said hunter22",
      hint: "",
      details: [],
    });
    told.report({ event: "failed", code: "later", host: undefined, message: "other", hint: "", details: [] });
    await told.finish({ exitCode: 1, durationMs: 0 });
    expect(posted.map(({ body }) => body)).toMatchObject([
      { error: { code: "hook-failed", message: "said [REDACTED]" } },
    ]);
  });

  test("of several hosts that failed, why the first one did", async () => {
    const { posted, url } = await recordingWebhook();
    const told = notifier(url, {}, { on: ["failed"] });
    const details = ["one: web did not come up", "  log", "two: web did not come up"];
    const message = "2 hosts failed: one, two";
    told.report({ event: "failed", code: "several-hosts-failed", host: undefined, message, hint: undefined, details });
    await told.finish({ exitCode: 1, durationMs: 0 });
    expect(posted[0]?.body).toMatchObject({ error: { message: `${message}. one: web did not come up` } });
  });

  test.each([
    ["rollback", "rolled-back"],
    ["app maintenance", "maintenance"],
    ["app live", "live"],
    ["remove", "finished"],
  ])("%s is told as %s", async (command, event) => {
    const { posted, url } = await recordingWebhook();
    const on = ALL.filter((one) => one !== "started");
    await notifier(url, { command }, { on }).finish({ exitCode: 0, durationMs: 0 });
    expect(posted.map(({ body }) => (body as { event: string }).event)).toEqual([event]);
  });

  test("what nobody asked for is not sent", async () => {
    const { posted, url } = await recordingWebhook();
    await notifier(url, {}, { on: ["failed"] }).finish({ exitCode: 0, durationMs: 0 });
    expect(posted).toEqual([]);
  });

  test("a dry run says what it would send, and asks for no secret", async () => {
    const address = () => Promise.reject(new Error("asked"));
    const said = await notifier("", { dryRun: true, address }, { on: ["finished"] }).finish({
      exitCode: 0,
      durationMs: 9,
    });
    expect(said).toEqual([
      { event: "said", kind: "progress", text: "would tell HOOK (json): shop: deploy v1 finished, by ann, 1 host." },
    ]);
  });

  test.each<[string, (number: number) => number | undefined, number, string | undefined]>([
    ["an error that passes", (number) => (number === 0 ? 500 : 200), 2, undefined],
    ["an address that is gone", () => 404, 1, "HOOK was not notified: status 404"],
    ["too many requests", () => 429, 2, "HOOK was not notified: status 429"],
    ["no answer", () => undefined, 2, "HOOK was not notified: no answer within 0.2 s"],
  ])("%s: tried so often, then a warning", async (_, answer, attempts, warning) => {
    const { posted, url } = await recordingWebhook(answer);
    const limits = { ...NOTIFY_LIMITS, requestMs: warning?.includes("no answer") === true ? 200 : 30_000 };
    const said = await notifier(url, {}, { on: ["finished"] }, limits).finish({ exitCode: 0, durationMs: 0 });
    expect(posted).toHaveLength(attempts);
    expect(said.map(({ kind, text }) => `${kind}: ${text}`)).toEqual(
      warning === undefined ? [] : [`warning: ${warning}`],
    );
  });

  test("what never comes to an end costs no more than its time", async () => {
    const { url } = await recordingWebhook(() => undefined);
    const never = { address: () => new Promise<string>(() => {}) };
    const limits = { requestMs: 60_000, attempts: 2, finishMs: 50 };
    for (const more of [{}, never]) {
      const said = await notifier(url, more, {}, limits).finish({ exitCode: 0, durationMs: 0 });
      expect(said.map(({ text }) => text)).toEqual(Array(2).fill("HOOK was not notified: there was no time left"));
    }
  });

  test("nobody at the address: a warning that does not show it", async () => {
    const said = await notifier(`http://127.0.0.1:${await unusedPort()}/T0/B0/token`, {}, { on: ["finished"] }).finish({
      exitCode: 0,
      durationMs: 0,
    });
    expect(said).toMatchObject([{ kind: "warning", text: "HOOK was not notified: ECONNREFUSED" }]);
  });

  test("a secret that is missing, or no address, is a warning", async () => {
    const missing = new KdeployError("secret-not-found", "secret 'HOOK' not found");
    const address = () => Promise.reject(missing);
    const end = { exitCode: 0, durationMs: 0 };
    const texts = [
      ...(await notifier("", { address }, { on: ["finished"] }).finish(end)),
      ...(await notifier("file:///etc/passwd", {}, { on: ["finished"] }).finish(end)),
    ].map(({ text }) => text);
    expect(texts).toEqual([
      "HOOK was not notified: secret 'HOOK' not found",
      "HOOK was not notified: the secret is no http or https address",
    ]);
  });
});

describe("the section", () => {
  test("is a list; all but the start is told unless said otherwise", () => {
    expect(configOf("notify: [{ url: HOOK }, { url: CHAT, format: slack, on: [failed] }]").notify).toEqual([
      { urlSecret: "HOOK", format: "json", on: ["finished", "failed", "rolled-back", "maintenance", "live"] },
      { urlSecret: "CHAT", format: "slack", on: ["failed"] },
    ]);
    expect(configOf("").notify).toEqual([]);
  });

  test.each([
    ["notify: { url: A }", "1:9 notify: should be an array"],
    ["notify: [{}]", "1:10 notify/0/url: is required"],
    [
      "notify: [{ url: 'https://hooks.slack.com/x' }]",
      "1:17 notify/0/url: should be the name of a secret: whoever knows the address can post there",
    ],
    ["notify: [{ url: A, format: teams }]", "1:28 notify/0/format: should be one of: slack, discord, json"],
    [
      "notify: [{ url: A, on: [done] }]",
      "1:25 notify/0/on/0: should be one of: started, finished, failed, rolled-back, maintenance, live",
    ],
    ["notify: [{ url: A, onn: [] }]", "1:20 notify/0: unknown key: onn — did you mean on?"],
  ])("%s", (fragment, issue) => {
    expect(issuesOf(fragment)).toEqual([issue]);
  });
});
