/** A whole proxy whose certificates come from pebble, on a home of its own, and what its visitors see. */
import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import { storeDirectoryOf } from "../../proxy/certificate/authority.ts";
import type { ListedCertificate } from "../../proxy/certificate/listing.ts";
import { callControl } from "../../proxy/control/control-client.ts";
import { readTlsOptions } from "../../proxy/options/tls-options.ts";
import { type AppProcess, startApp } from "./app-process.ts";
import { type Pebble, type PebbleOptions, startPebble } from "./pebble.ts";
import { type ProxyProcess, startProxyProcess } from "./proxy-process.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { secure } from "./tls-clients.ts";
import { unusedPort } from "./unused-port.ts";

/** An order on a busy machine: processes are started, an authority checks. */
export const ISSUE_TIMEOUT_MS = 60_000;

export type AutomaticBed = {
  readonly pebble: Pebble;
  readonly home: string;
  readonly proxy: ProxyProcess;
  /** Kills the proxy and starts it again on the same home and ports. `between` runs while there is none. */
  restart(between?: () => Promise<void>): Promise<ProxyProcess>;
};

/** @param environment more for the proxy; its hooks see it too */
export async function automaticBed(
  options: PebbleOptions = {},
  environment: (pebble: Pebble) => Readonly<Record<string, string>> = () => ({}),
): Promise<AutomaticBed> {
  const home = await temporaryDirectory();
  const [port, httpsPort] = [await unusedPort(), await unusedPort()];
  const pebble = await startPebble({ httpPort: port, tlsPort: httpsPort, ...options });
  onTestFinished(() => pebble.stop());
  let proxy = await start();
  return { pebble, home, proxy, restart };

  async function start(): Promise<ProxyProcess> {
    const variables = { NODE_EXTRA_CA_CERTS: pebble.caFile, ...environment(pebble) };
    const started = await startProxyProcess(home, port, variables, ["--https-port", String(httpsPort)]);
    onTestFinished(async () => void (await started.child.end("SIGKILL")));
    return started;
  }

  async function restart(between?: () => Promise<void>): Promise<ProxyProcess> {
    await proxy.child.end("SIGKILL");
    await between?.();
    proxy = await start();
    return proxy;
  }
}

/** An application in a process of its own, until the test ends. */
export async function app(): Promise<AppProcess> {
  const started = await startApp("versioned-app", "1");
  onTestFinished(async () => void (await started.child.end("SIGKILL")));
  return started;
}

/** What a service with automatic TLS is deployed with. */
export function automatic(hosts: readonly string[], directory: string, tls: Readonly<Record<string, unknown>> = {}) {
  return { service: { hosts, tls: { enabled: true, directory, ...tls } }, deployTimeoutMs: ISSUE_TIMEOUT_MS };
}

export async function certificatesOf({ socketPath }: ProxyProcess): Promise<readonly ListedCertificate[]> {
  return (await callControl(socketPath, { command: "certificates" })).certificates;
}

/** @throws when there is none of that name */
export async function certificateOf(proxy: ProxyProcess, name: string): Promise<ListedCertificate> {
  const found = (await certificatesOf(proxy)).find((each) => each.name === name);
  if (found === undefined) throw new Error(`no certificate ${name} is listed`);
  return found;
}

/** The directory of certificates of one authority, in a home. */
export function storeIn(home: string, directory: string): string {
  return storeDirectoryOf(readTlsOptions({ enabled: true, directory }), join(home, ".config", "kamal-proxy"));
}

/**
 * Sets when the next attempt for `name` may be made, in the file that outlives restarts: nobody waits for a minute in a
 * test. Only while the proxy is down.
 * @returns what it was before, ms since 1970
 */
export async function setNextAttempt(store: string, name: string, nextAttemptMs: number): Promise<number> {
  const path = join(store, `${name}+kdeploy`);
  const memory = JSON.parse(await readFile(path, "utf8")) as { nextAttemptMs: number };
  await writeFile(path, JSON.stringify({ ...memory, nextAttemptMs }));
  return memory.nextAttemptMs;
}

/** Shakes hands as a visitor who checks the whole chain and the name. @throws what the handshake failed with */
export function visit(
  httpsPort: number,
  name: string,
  ca: string,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  return secure(httpsPort, name, { ca, rejectUnauthorized: true, ...options });
}

/** Serial number of the certificate that such a visitor is shown, hexadecimal. */
export async function serialShown(...visitor: Parameters<typeof visit>): Promise<string> {
  const socket = await visit(...visitor);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber.toLowerCase();
}

export type PlainAnswer = { readonly status: number; readonly location: string; readonly body: string };

/** One plain HTTP request on a connection of its own, with a Host of its own. */
export function plainGet(port: number, host: string, path = "/", address = "127.0.0.1"): Promise<PlainAnswer> {
  return new Promise((resolve, reject) => {
    request({ host: address, port, path, headers: { host }, agent: false }, (response) => {
      let body = "";
      response.setEncoding("latin1");
      response.on("data", (text: string) => {
        body += text;
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? "", body }),
      );
    })
      .on("error", reject)
      .end();
  });
}
