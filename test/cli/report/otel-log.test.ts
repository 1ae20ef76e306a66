import { describe, expect, test } from "vitest";
import type { WorkEvent } from "../../../cli/execute/event.ts";
import { OTEL_LIMITS, type OtelLimits, OtelLog } from "../../../cli/report/otel-log.ts";
import { recordingWebhook } from "../../support/recording-webhook.ts";
import { unusedPort } from "../../support/unused-port.ts";

const STARTED: WorkEvent = {
  event: "run-started",
  command: "deploy",
  version: "v1",
  destination: undefined,
  hosts: ["one"],
  changes: true,
};
const line = (text: string, stream: "stdout" | "stderr" = "stdout"): WorkEvent => ({
  event: "command-output",
  id: "00000001",
  host: "one",
  stream,
  line: text,
  level: "debug",
});

function logTo(endpoint: string, limits: Partial<OtelLimits> = {}, destination?: string) {
  const run = {
    endpoint,
    toolVersion: "9.9.9",
    runId: "run-1",
    service: "app",
    destination,
    performer: "tester",
    version: () => "v1",
  };
  return new OtelLog(run, { ...OTEL_LIMITS, ...limits });
}

type Attribute = { key: string; value: Record<string, string> };
type Record1 = { body: { stringValue: string }; attributes: Attribute[]; severityText: string; timeUnixNano: string };
type Batch = {
  resourceLogs: [{ resource: { attributes: Attribute[] }; scopeLogs: [{ logRecords: Record1[] }] }];
};

const plain = (attributes: readonly Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
const recordsOf = (body: unknown) => (body as Batch).resourceLogs[0].scopeLogs[0].logRecords;

describe("output.otel", () => {
  test("a run becomes records with what it is about, in OTLP's form", async () => {
    const { posted, url } = await recordingWebhook();
    const log = logTo(`${url}/`, {}, "production");
    log.report(STARTED);
    log.report(line("hello"));
    log.report(line("oh", "stderr"));
    log.report({ event: "failed", code: "boot-failed", host: "one", message: "no", hint: undefined, details: ["d"] });
    expect(await log.finish({ exitCode: 1, durationMs: 1_600 })).toEqual([
      { event: "said", kind: "notice", text: `The log went to ${url}/v1/logs` },
    ]);
    expect(posted).toMatchObject([{ path: "/v1/logs", type: "application/json" }]);
    const [batch] = posted.map(({ body }) => body as Batch);
    expect(plain(batch?.resourceLogs[0].resource.attributes ?? [])).toEqual({
      "service.name": "kamal",
      "service.version": "9.9.9",
      "kamal.run_id": "run-1",
      "service.namespace": "app",
      "kamal.deploy_version": "v1",
      "kamal.performer": "tester",
      "deployment.environment.name": "production",
    });
    const records = recordsOf(batch);
    expect(
      records.map(({ body, severityText, attributes }) => [severityText, body.stringValue, plain(attributes)]),
    ).toEqual([
      ["INFO", "kamal.start", { "event.name": "kamal.start", "kamal.command": "deploy" }],
      ["DEBUG", "hello", { "server.address": "one", "log.iostream": "stdout" }],
      ["DEBUG", "oh", { "server.address": "one", "log.iostream": "stderr" }],
      ["ERROR", "no\nd", { "server.address": "one", "error.type": "boot-failed" }],
      [
        "ERROR",
        "kamal.failed",
        {
          "event.name": "kamal.failed",
          "kamal.command": "deploy",
          "kamal.runtime": "2",
          "error.type": "boot-failed",
          "error.message": "no",
        },
      ],
    ]);
    expect(records[0]?.timeUnixNano).toMatch(/^\d{13}000000$/);
  });

  test("without a destination and without a failure there is no word of them", async () => {
    const { posted, url } = await recordingWebhook();
    const log = logTo(url);
    await log.finish({ exitCode: 0, durationMs: 1 });
    expect(JSON.stringify(posted)).not.toContain("deployment.environment");
    expect(recordsOf(posted[0]?.body)[0]).toMatchObject({ body: { stringValue: "kamal.complete" } });
  });

  test("batches of a hundred go out while the work goes on, one at a time and in order", async () => {
    const { posted, url } = await recordingWebhook();
    const log = logTo(url);
    for (let at = 0; at < 250; at++) log.report(line(String(at)));
    await expect.poll(() => posted.length).toBe(2);
    await log.finish({ exitCode: 0, durationMs: 1 });
    expect(posted.map(({ body }) => recordsOf(body).length)).toEqual([100, 100, 51]);
    const texts = posted.flatMap(({ body }) => recordsOf(body).map((record) => record.body.stringValue));
    expect(texts.slice(0, 250)).toEqual(Array.from({ length: 250 }, (_, at) => String(at)));
  });

  test("what is less than a batch goes out after a while", async () => {
    const { posted, url } = await recordingWebhook();
    const log = logTo(url, { batchMs: 20 });
    log.report(line("alone"));
    await expect.poll(() => posted.map(({ body }) => body !== undefined && recordsOf(body).length)).toEqual([1]);
  });

  test("a collector that is down is a warning with a number, at once", async () => {
    const log = logTo(`http://127.0.0.1:${await unusedPort()}`);
    log.report(line("a"));
    expect(await log.finish({ exitCode: 0, durationMs: 1 })).toMatchObject([
      {
        kind: "warning",
        text: expect.stringMatching(/^2 records of the log did not reach .*: ECONNREFUSED$/) as string,
      },
    ]);
  });

  test("one that never answers costs no more than its time at the end", async () => {
    const { url } = await recordingWebhook(() => undefined);
    const log = logTo(url, { finishMs: 100 });
    for (let at = 0; at < 350; at++) log.report(line(String(at)));
    const from = performance.now();
    const [said] = await log.finish({ exitCode: 0, durationMs: 1 });
    expect(performance.now() - from).toBeLessThan(2_000);
    expect(said?.text).toContain("351 records of the log did not reach");
  });

  test("an error of the collector is tried once more", async () => {
    const { posted, url } = await recordingWebhook((number) => (number === 0 ? 503 : 200));
    const [said] = await logTo(url).finish({ exitCode: 0, durationMs: 1 });
    expect(said?.kind).toBe("notice");
    expect(posted).toHaveLength(2);
  });

  test("its memory is bounded", async () => {
    const { url } = await recordingWebhook(() => undefined);
    const log = logTo(url, { maxWaiting: 150, finishMs: 10 });
    for (let at = 0; at < 1_000; at++) log.report(line(String(at)));
    const [said] = await log.finish({ exitCode: 0, durationMs: 1 });
    expect(said?.text).toContain("1001 records");
  });
});
