/** A proxy with one recording target behind it, for one test: everything is closed when the test ends. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Limits } from "../../proxy/limits.ts";
import type { ServiceRoute } from "../../proxy/route/routing-table.ts";
import { RawClient } from "./raw-client.ts";
import { type Answerer, RecordingUpstream } from "./recording-upstream.ts";
import { type ProxyOptions, type RunningProxy, runProxy, service } from "./running-proxy.ts";

/** One line of the access log, parsed. */
export type LogLine = Readonly<Record<string, string | number>>;

export type Bed = {
  readonly proxy: RunningProxy;
  readonly app: RecordingUpstream;
  connect(): Promise<RawClient>;
  /** The access log so far, raw and parsed. */
  log(): Promise<{ readonly text: string; readonly lines: readonly LogLine[] }>;
};

export type BedOptions = {
  readonly metrics?: NonNullable<ProxyOptions["metrics"]>;
  readonly limits?: Partial<Limits>;
  readonly accessLog?: boolean;
  readonly trustedProxies?: readonly string[];
  readonly proxyProtocol?: boolean;
  readonly localPort?: number;
  readonly route?: Partial<ServiceRoute>;
  readonly answer?: Answerer;
};

/** Starts a proxy whose only service, on any host, is called `app`, as is its target. */
export async function startBed(options: BedOptions = {}): Promise<Bed> {
  const directory = mkdtempSync(join(tmpdir(), "kdeploy-bed-"));
  const logFile = join(directory, "access.log");
  const app = await startTarget("app", options.answer);
  const proxy = await runProxy({
    logFile,
    ...(options.metrics ? { metrics: options.metrics } : {}),
    limits: options.limits ?? {},
    accessLog: options.accessLog ?? true,
    trustedProxies: options.trustedProxies ?? [],
    proxyProtocol: options.proxyProtocol ?? false,
    ...(options.localPort === undefined ? {} : { localPort: options.localPort }),
  });
  await proxy.serve(service("app", [app.port], options.route));
  onTestFinished(async () => {
    await proxy.stop();
    await proxy.lines.drain(1_000);
    rmSync(directory, { recursive: true });
  });
  return {
    proxy,
    app,
    connect: () => connectTo(proxy.port),
    log: async () => {
      await proxy.lines.drain(2_000);
      const text = readFileSync(logFile, "latin1");
      return {
        text,
        lines: text
          .split("\n")
          .slice(0, -1)
          .map((line) => JSON.parse(line) as LogLine),
      };
    },
  };
}

/** A recording target that ends with the test. */
export async function startTarget(name: string, answer?: Answerer): Promise<RecordingUpstream> {
  const target = await RecordingUpstream.start(name, answer);
  onTestFinished(() => target.stop());
  return target;
}

/** A raw client that ends with the test. */
export async function connectTo(port: number): Promise<RawClient> {
  const client = await RawClient.connect(port);
  onTestFinished(() => client.destroy());
  return client;
}
