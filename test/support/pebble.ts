/** Debian's pebble, a real ACME server for tests, with its DNS server, on free loopback ports; all gone with `stop`. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { eventually, pause } from "./eventually.ts";
import { unusedPort } from "./unused-port.ts";

export type PebbleOptions = {
  /** Where the directory listens; 127.0.0.1 by default. */
  readonly address?: string;
  /** Where challenges are looked for, on 127.0.0.1 unless `setA` says otherwise. */
  readonly httpPort?: number;
  readonly tlsPort?: number;
  /** Share of good nonces that are refused; 0 by default. */
  readonly nonceRejectPercent?: number;
  /** Share of valid authorizations that later orders use again; 0 by default. */
  readonly reusePercent?: number;
  /** Of its certificates; five years by default. */
  readonly certificateLifetimeSeconds?: number;
  /** Accounts need this binding; the key is base64url. */
  readonly eab?: { readonly keyId: string; readonly hmacKey: string };
};

export type Pebble = {
  readonly directoryUrl: string;
  /** PEM file with what the directory's certificate is signed by: for NODE_EXTRA_CA_CERTS. */
  readonly caFile: string;
  /** PEM of what its certificates are signed by: for clients' `ca`. */
  readonly rootPem: string;
  /** Management interface of the DNS server, for hooks: POST /set-txt, /clear-txt. */
  readonly dnsManagementUrl: string;
  /** `name` as it stands in DNS, with or without the last dot. */
  setTxt(name: string, value: string): Promise<void>;
  clearTxt(name: string): Promise<void>;
  setA(name: string, addresses: readonly string[]): Promise<void>;
  /** The name does not exist. */
  setMissing(name: string): Promise<void>;
  /** Orders that it has taken so far. */
  orderCount(): number;
  /** Everything it has said. */
  readonly output: readonly string[];
  stop(): Promise<void>;
};

const READY_TIMEOUT_MS = 20_000;

/** Why tests with pebble cannot run here, or `undefined`. Under CI nothing is skipped: there they fail instead. */
export function reasonToSkipPebble(): string | undefined {
  const here = ["pebble", "pebble-challtestsrv"].every((name) => spawnSync(name, ["-h"]).error === undefined);
  return process.env["CI"] || here
    ? undefined
    : "the programs pebble and pebble-challtestsrv (Debian: pebble) are missing";
}

export async function startPebble(options: PebbleOptions = {}): Promise<Pebble> {
  const folder = await mkdtemp(join(tmpdir(), "pb-"));
  const [acme, management, dns, dnsManagement, http, tls] = await Promise.all(Array.from({ length: 6 }, unusedPort));
  const { address = "127.0.0.1" } = options;
  const certificate = makeDirectoryCertificate(folder, address);
  const config = {
    listenAddress: `${address}:${acme}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: certificate.chain,
    privateKey: certificate.key,
    httpPort: options.httpPort ?? http,
    tlsPort: options.tlsPort ?? tls,
    ocspResponderURL: "",
    ...(options.certificateLifetimeSeconds ? { certificateValidityPeriod: options.certificateLifetimeSeconds } : {}),
    externalAccountBindingRequired: options.eab !== undefined,
    externalAccountMACKeys: options.eab ? { [options.eab.keyId]: options.eab.hmacKey } : {},
  };
  const configFile = join(folder, "pebble.json");
  await writeFile(configFile, JSON.stringify({ pebble: config }));
  const output: string[] = [];
  const names = start(
    "pebble-challtestsrv",
    `-defaultIPv4 127.0.0.1 -defaultIPv6= -dns01 127.0.0.1:${dns} -http01= -https01= -tlsalpn01= -management 127.0.0.1:${dnsManagement}`,
    {},
    output,
  );
  const pebble = start(
    "pebble",
    `-config ${configFile} -dnsserver 127.0.0.1:${dns}`,
    {
      PEBBLE_VA_NOSLEEP: "1",
      PEBBLE_WFE_NONCEREJECT: String(options.nonceRejectPercent ?? 0),
      PEBBLE_AUTHZREUSE: String(options.reusePercent ?? 0),
    },
    output,
  );
  const stop = async (): Promise<void> => {
    await Promise.all([end(pebble), end(names)]);
    await rm(folder, { recursive: true, force: true });
  };
  const dnsManagementUrl = `http://127.0.0.1:${dnsManagement}`;
  const tell = (path: string, body: object) => post(`${dnsManagementUrl}/${path}`, body);
  let rootPem = "";
  try {
    await eventually(
      `pebble listens: ${output.slice(-3).join("\n")}`,
      () => output.some((line) => line.includes("ACME directory available")),
      READY_TIMEOUT_MS,
    );
    await untilAnswered(() => tell("set-default-ipv4", { ip: "127.0.0.1" }));
    rootPem = await fetchRoot(`https://127.0.0.1:${management}/roots/0`, certificate.ca);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    directoryUrl: `https://${address}:${acme}/dir`,
    caFile: certificate.ca,
    rootPem,
    dnsManagementUrl,
    setTxt: (name, value) => tell("set-txt", { host: absolute(name), value }),
    clearTxt: (name) => tell("clear-txt", { host: absolute(name) }),
    setA: (name, addresses) => tell("add-a", { host: absolute(name), addresses }),
    setMissing: (name) => tell("set-servfail", { host: absolute(name) }),
    orderCount: () => output.filter((line) => /Added order "/.test(line)).length,
    output,
    stop,
  };
}

function absolute(name: string): string {
  return name.endsWith(".") ? name : `${name}.`;
}

/** An authority of its own and, signed by it, a certificate for `address` and 127.0.0.1. */
function makeDirectoryCertificate(folder: string, address: string): { ca: string; chain: string; key: string } {
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=pebble tests");
  openssl(
    "req",
    ...newKey,
    "-keyout",
    "dir.key",
    "-out",
    "dir.csr",
    "-subj",
    "/CN=directory",
    "-addext",
    `subjectAltName=IP:127.0.0.1,IP:${address}`,
  );
  openssl(
    ..."x509 -req -in dir.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copyall -out dir.pem".split(
      " ",
    ),
  );
  return { ca: file("ca.pem"), chain: file("dir.pem"), key: file("dir.key") };
}

function start(program: string, args: string, environment: NodeJS.ProcessEnv, output: string[]): ChildProcess {
  const child = spawn(program, args.split(" "), {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.on("error", (error) => output.push(String(error)));
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on("line", (line) => output.push(line));
  }
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function post(url: string, body: object): Promise<void> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
}

/** The management interface shows the directory's certificate, which nobody trusts by default. */
function fetchRoot(url: string, caFile: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { ca: readFileSync(caFile), agent: false }, (response) => {
      text(response).then(resolve, reject);
    }).on("error", reject);
  });
}

async function untilAnswered(ask: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === 100) throw error;
      await pause(50);
    }
  }
}
