/** The metrics page: every request, whatever its path and method, gets the figures of this moment as Prometheus text. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { METRICS_LIMITS } from "../limits.ts";
import type { MetricFamily } from "../observe/metrics-catalogue.ts";
import { ProcessMetrics } from "../observe/process-metrics.ts";
import { CONTENT_TYPE, prometheusChunks } from "../observe/prometheus-text.ts";
import { listenAddress, listenError } from "./listen-error.ts";

/** Longer than the usual time between two scrapes, so that they share a connection. */
const KEEP_ALIVE_MS = 75_000;

/** Characters; shorter pieces are written without a pause between them. */
const LONG_CHUNK = 16 * 1024;

export class MetricsListener {
  /** The real one, when 0 was asked for. */
  readonly port: number;
  readonly #server: Server;
  readonly #process: ProcessMetrics;

  private constructor(server: Server, port: number, process: ProcessMetrics) {
    this.#server = server;
    this.port = port;
    this.#process = process;
  }

  /**
   * @param bind address to listen on; undefined for all, IPv4 and IPv6
   * @param traffic what the data plane knows; the process is added here
   * @throws ProxyError `address-in-use` worded as the reference does
   */
  static listen(
    port: number,
    bind: string | undefined,
    traffic: () => Promise<readonly MetricFamily[]>,
  ): Promise<MetricsListener> {
    const figures = new ProcessMetrics();
    const page = new Page(async () => pageText([...(await traffic()), ...figures.families()]));
    const server = createServer((request, response) => void page.answer(request, response));
    server.maxConnections = METRICS_LIMITS.maxScrapers;
    server.headersTimeout = METRICS_LIMITS.scrapeTimeoutMs;
    server.requestTimeout = METRICS_LIMITS.scrapeTimeoutMs;
    server.timeout = METRICS_LIMITS.scrapeTimeoutMs;
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    return new Promise((resolve, reject) => {
      server.once("error", (error) => {
        figures.stop();
        reject(listenError(error, listenAddress(port, bind), "--metrics-port"));
      });
      server.listen({ port, ...(bind === undefined ? {} : { host: bind }) }, () => {
        const address = server.address();
        server.on("error", () => undefined);
        resolve(new MetricsListener(server, typeof address === "object" && address ? address.port : port, figures));
      });
    });
  }

  close(): void {
    this.#process.stop();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Scrapers that come at the same time share one page: its cost does not grow with their number. */
class Page {
  readonly #write: () => Promise<string>;
  #current: Promise<string> | null = null;

  constructor(write: () => Promise<string>) {
    this.#write = write;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const text = await this.#text();
      response.setHeader("Content-Type", CONTENT_TYPE);
      response.setHeader("Vary", "Accept-Encoding");
      if (!acceptsGzip(request.headers["accept-encoding"])) {
        response.end(text);
        return;
      }
      const packed = await promisify(gzip)(text);
      response.setHeader("Content-Encoding", "gzip");
      response.end(packed);
    } catch {
      response.statusCode = 500;
      response.end();
    }
  }

  #text(): Promise<string> {
    this.#current ??= this.#write().finally(() => {
      this.#current = null;
    });
    return this.#current;
  }
}

/** A long page is written over several turns of the event loop: traffic does not wait for it. */
async function pageText(families: readonly MetricFamily[]): Promise<string> {
  let text = "";
  for (const chunk of prometheusChunks(families)) {
    if (chunk.length > LONG_CHUNK) await turn();
    text += chunk;
  }
  return text;
}

function acceptsGzip(field: string | string[] | undefined): boolean {
  return String(field ?? "")
    .toLowerCase()
    .split(",")
    .some((coding) => /^\s*gzip\s*(?:;\s*q\s*=\s*(?!0(?:\.0*)?\s*$).*)?$/.test(coding));
}
