/** `run`: the proxy itself, from its flags to its last request. */
import { isIP } from "node:net";
import { dataDirectoryOf, socketPathOf } from "../control/paths.ts";
import { ProxyError } from "../errors.ts";
import { type FlagValues, RUN_FLAGS } from "../options/flags.ts";
import { readPeers } from "../options/tls-options.ts";
import { readTrustedProxies } from "../options/trusted-proxies.ts";
import { defineCommand } from "./command.ts";
import { sayError } from "./terminal.ts";

/** `docker stop` kills after 10 s; what is left is cut a second before, so that it ends by our hand and in our log. */
const STOP_GRACE_MS = 9_000;
/** The original's exit code when its server panics. */
const UNEXPECTED_FAILURE = 2;
const MAX_PORT = 65_535;

export const command = defineCommand({
  flags: RUN_FLAGS,
  async run({ values, terminal }) {
    refuseUnsupported(values);
    // Listened for before anything starts, so that a signal during the start is not lost.
    const signals = new Signals();
    const { startServer } = await import("../server.ts");
    const server = await startServer({
      httpPort: portOf("http-port", values["http-port"]),
      httpsPort: portOf("https-port", values["https-port"]),
      bind: addressOf("bind", values.bind),
      trustedProxies: readTrustedProxies(values["trusted-proxy"]),
      proxyProtocol: values["proxy-protocol"],
      acmePeers: readPeers(values["acme-peer"]),
      metricsPort: portOf("metrics-port", values["metrics-port"]),
      metricsBind: addressOf("metrics-bind", values["metrics-bind"]),
      socketPath: socketPathOf(terminal.environment),
      dataDirectory: dataDirectoryOf(terminal.environment),
      debug: values.debug,
      accessLog: values["access-log"],
    });
    try {
      await Promise.race([signals.first, server.failed]);
    } catch (error) {
      sayError(terminal, error);
      await Promise.race([server.stop(STOP_GRACE_MS), signals.first]);
      return UNEXPECTED_FAILURE;
    }
    const ending = await Promise.race([server.stop(STOP_GRACE_MS).then(() => "stopped"), signals.second]);
    if (ending === "stopped") return 0;
    server.kill();
    return 1;
  },
});

/** SIGTERM and SIGINT, counted. A terminal that hangs up is no reason to stop serving. */
class Signals {
  readonly #first = Promise.withResolvers<"signal">();
  readonly #second = Promise.withResolvers<"signal">();
  #count = 0;

  constructor() {
    process.on("SIGTERM", () => this.#received());
    process.on("SIGINT", () => this.#received());
    process.on("SIGHUP", () => undefined);
  }

  get first(): Promise<"signal"> {
    return this.#first.promise;
  }

  get second(): Promise<"signal"> {
    return this.#second.promise;
  }

  #received(): void {
    this.#count++;
    if (this.#count === 1) this.#first.resolve("signal");
    else this.#second.resolve("signal");
  }
}

function refuseUnsupported(values: FlagValues<typeof RUN_FLAGS>): void {
  if (values.http3) {
    throw new ProxyError("invalid-argument", "--http3 is not supported: no release of Node speaks HTTP/3", {
      hint: "Leave the flag out; clients use HTTP/1.1 and HTTP/2.",
    });
  }
}

function portOf(name: string, port: number): number {
  if (port >= 0 && port <= MAX_PORT) return port;
  throw new ProxyError("invalid-argument", `--${name} must be between 0 and ${MAX_PORT}, not ${port}`);
}

function addressOf(name: string, text: string): string | undefined {
  if (text === "") return undefined;
  const address = text.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) !== 0) return address;
  throw new ProxyError("invalid-argument", `--${name} takes an IP address, not ${JSON.stringify(text)}`);
}
