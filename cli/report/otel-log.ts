/** Events → records for an OpenTelemetry collector, OTLP over HTTP as JSON, in batches. Source: config-schema §9. */
import type { Said, WorkEvent } from "../execute/event.ts";
import type { Listener, RunEnd } from "./listener.ts";
import { postJson } from "./post-json.ts";

export type OtelRun = {
  /** `/v1/logs` is added. */
  readonly endpoint: string;
  readonly toolVersion: string;
  readonly runId: string;
  readonly service: string;
  readonly destination: string | undefined;
  readonly performer: string;
  /** A rollback finds out its own. */
  readonly version: () => string;
};

export type OtelLimits = {
  readonly batchRecords: number;
  readonly batchMs: number;
  /** Records that wait; later ones are dropped, and counted. */
  readonly maxWaiting: number;
  readonly requestMs: number;
  /** From the end of the run. */
  readonly finishMs: number;
};

export const OTEL_LIMITS: OtelLimits = {
  batchRecords: 100,
  batchMs: 5_000,
  maxWaiting: 10_000,
  requestMs: 5_000,
  finishMs: 3_000,
};

type Attributes = Readonly<Record<string, string | number | undefined>>;
type Severity = "DEBUG" | "INFO" | "WARN" | "ERROR";
const SEVERITY_NUMBERS = { DEBUG: 5, INFO: 9, WARN: 13, ERROR: 17 } as const;

/** Never waits for the collector while the work goes on, and gives it a few seconds at the end. */
export class OtelLog implements Listener {
  readonly #url: string;
  readonly #run: OtelRun;
  readonly #limits: OtelLimits;
  readonly #stop = new AbortController();
  #waiting: unknown[] = [];
  #lost = 0;
  #problem = "";
  #ended = false;
  #command = "";
  #failure: { readonly code: string; readonly message: string } | undefined;
  #sending: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(run: OtelRun, limits: OtelLimits = OTEL_LIMITS) {
    this.#run = run;
    this.#limits = limits;
    this.#url = `${run.endpoint.replace(/\/+$/, "")}/v1/logs`;
  }

  readonly report = (event: WorkEvent): void => {
    switch (event.event) {
      case "run-started":
        this.#command = event.command;
        this.#add("INFO", "kamal.start", { "event.name": "kamal.start", "kamal.command": event.command });
        return;
      case "command-started": {
        const severity = event.level === "debug" ? "DEBUG" : "INFO";
        this.#add(severity, `Running ${event.shown}`, { "server.address": event.host });
        return;
      }
      case "command-output":
        this.#add(event.level === "info" ? "INFO" : "DEBUG", event.line, {
          "server.address": event.host,
          "log.iostream": event.stream,
        });
        return;
      case "command-finished": {
        const exit = event.exitCode ?? "unknown";
        const seconds = (event.durationMs / 1000).toFixed(3);
        const severity = event.exitCode === 0 ? "DEBUG" : "WARN";
        this.#add(severity, `Finished in ${seconds} seconds with exit status ${exit}`, {
          "server.address": event.host,
        });
        return;
      }
      case "step-started":
        this.#add("INFO", event.title, {});
        return;
      case "said":
        this.#add(event.kind === "warning" ? "WARN" : "INFO", event.text, { "server.address": event.host });
        return;
      case "failed":
        this.#failure ??= event;
        this.#add("ERROR", [event.message, ...event.details].join("\n"), {
          "server.address": event.host,
          "error.type": event.code,
        });
        return;
      case "checked":
      case "differs":
      case "host-output":
      case "progress":
      case "run-finished":
      case "step-finished":
        return;
    }
  };

  readonly finish = async ({ exitCode, durationMs }: RunEnd): Promise<readonly Said[]> => {
    const name = exitCode === 0 ? "kamal.complete" : "kamal.failed";
    this.#add(exitCode === 0 ? "INFO" : "ERROR", name, {
      "event.name": name,
      "kamal.command": this.#command,
      "kamal.runtime": Math.round(durationMs / 1000),
      "error.type": this.#failure?.code,
      "error.message": this.#failure?.message,
    });
    const late = setTimeout(() => this.#stop.abort(), this.#limits.finishMs);
    while (this.#waiting.length > 0 || this.#sending !== undefined) {
      this.#send();
      await this.#sending;
    }
    this.#ended = true;
    clearTimeout(late);
    clearTimeout(this.#timer);
    if (this.#lost === 0) return [said("notice", `The log went to ${this.#url}`)];
    const reason = this.#problem === "" ? "there were too many at a time" : this.#problem;
    return [said("warning", `${this.#lost} records of the log did not reach ${this.#url}: ${reason}`)];
  };

  #add(severity: Severity, body: string, attributes: Attributes): void {
    if (this.#ended) return;
    if (this.#waiting.length >= this.#limits.maxWaiting) {
      this.#lost += 1;
      return;
    }
    const time = `${Date.now()}000000`;
    const name = attributes["event.name"];
    this.#waiting.push({
      timeUnixNano: time,
      observedTimeUnixNano: time,
      severityNumber: SEVERITY_NUMBERS[severity],
      severityText: severity,
      ...(name === undefined ? {} : { eventName: name }),
      body: { stringValue: body.toWellFormed() },
      attributes: listed(attributes),
    });
    if (this.#waiting.length >= this.#limits.batchRecords) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), this.#limits.batchMs).unref();
  }

  /** One request at a time; what comes meanwhile waits. */
  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sending !== undefined || this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, this.#limits.batchRecords);
    this.#sending = this.#deliver(batch).finally(() => {
      this.#sending = undefined;
      if (this.#waiting.length >= this.#limits.batchRecords) this.#send();
    });
  }

  async #deliver(records: readonly unknown[]): Promise<void> {
    const { version, ...run } = this.#run;
    const resource = {
      attributes: listed({
        "service.name": "kamal",
        "service.version": run.toolVersion,
        "kamal.run_id": run.runId,
        "service.namespace": run.service,
        "kamal.deploy_version": version(),
        "kamal.performer": run.performer,
        "deployment.environment.name": run.destination,
      }),
    };
    const scopeLogs = [{ scope: { name: "kdeploy", version: run.toolVersion }, logRecords: records }];
    const { signal } = this.#stop;
    const problem = signal.aborted
      ? "there was no time left"
      : await postJson({
          url: this.#url,
          body: { resourceLogs: [{ resource, scopeLogs }] },
          timeoutMs: this.#limits.requestMs,
          attempts: 2,
          signal,
        });
    if (problem === undefined) return;
    this.#lost += records.length;
    this.#problem ||= problem;
  }
}

function listed(attributes: Attributes): unknown[] {
  return Object.entries(attributes).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return [
      { key, value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value.toWellFormed() } },
    ];
  });
}

function said(kind: "notice" | "warning", text: string): Said {
  return { event: "said", kind, text };
}
