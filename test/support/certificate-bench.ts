/** Certificates over a recording data plane, a scripted authority and a clock that a test moves; services without traffic. */
import { setImmediate as turn } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { Certificates, type CertificatesOptions } from "../../proxy/certificate/certificates.ts";
import type { TlsService } from "../../proxy/certificate/wishes.ts";
import { readServiceOptions } from "../../proxy/options/service-options.ts";
import { pause } from "./eventually.ts";
import { ManualClock } from "./manual-clock.ts";
import { type RecordedLog, recordedLog } from "./recorded-log.ts";
import { RecordingDataPlane } from "./recording-data-plane.ts";
import { ScriptedIssuer } from "./scripted-issuer.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export type CertificateBench = {
  readonly directory: string;
  readonly certificates: Certificates;
  readonly dataPlane: RecordingDataPlane;
  readonly issuer: ScriptedIssuer;
  readonly clock: ManualClock;
  readonly log: RecordedLog;
  /** What deploys were told. */
  readonly told: string[];
  /** Has these services routed, as control does. */
  serve(...services: TlsService[]): Promise<void>;
  /** Deploys one, beside those that are there, and returns the warnings. */
  deploy(service: TlsService, timeoutMs?: number): Promise<readonly string[]>;
  /** Id of the certificate that clients asking for `name` are shown; undefined for a name that is not known. */
  shown(name: string): string | undefined;
};

/** For an order that a test never lets end. */
const MAX_WAITS = 200;

type BenchOptions = Partial<CertificatesOptions> & {
  readonly directory?: string;
  readonly issuer?: ScriptedIssuer;
  readonly clock?: ManualClock;
};

export async function startCertificates(options: BenchOptions = {}): Promise<CertificateBench> {
  const directory = options.directory ?? (await temporaryDirectory());
  const clock = options.clock ?? new ManualClock();
  const issuer = options.issuer ?? new ScriptedIssuer(() => clock.now());
  const dataPlane = new RecordingDataPlane();
  const log = recordedLog();
  const certificates = new Certificates({
    random: () => 0,
    ...options,
    clock,
    dataPlane,
    log: log.log,
    dataDirectory: directory,
    issue: issuer.issue,
  });
  onTestFinished(() => certificates.close());
  clock.settle = async () => {
    await turn();
    const isBusy = () => certificates.list().certificates.some(({ ordering }) => ordering);
    for (let waits = 0; isBusy() && waits < MAX_WAITS; waits++) await pause(1);
  };
  const told: string[] = [];
  let routed: readonly TlsService[] = [];
  const serve = async (...services: TlsService[]) => {
    routed = services;
    const first = services.find(({ service }) => service.tls.enabled && service.hosts[0] !== "");
    await certificates.prepare(services, first?.service.hosts[0] ?? "");
    await certificates.follow();
  };
  return {
    directory,
    certificates,
    dataPlane,
    issuer,
    clock,
    log,
    told,
    serve,
    async deploy(service, timeoutMs = 5_000) {
      const expectation = await certificates.expect(service, (_, text) => void told.push(text));
      await serve(...routed.filter(({ name }) => name !== service.name), service);
      const warnings = await expectation.settled({ timeoutMs, signal: new AbortController().signal });
      await expectation.release();
      return warnings;
    },
    shown: (name) => new Map(dataPlane.certificateTables.at(-1)?.names ?? []).get(name),
  };
}

/** With TLS, and a healthy target. */
export function tlsService(name: string, hosts: readonly string[], tls: Record<string, unknown> = {}): TlsService {
  return {
    name,
    service: readServiceOptions({ hosts, tls: { enabled: true, ...tls } }),
    gate: { state: "running" },
    targets: [{ role: "writer", address: "127.0.0.1:3000", health: "healthy" }],
  };
}
