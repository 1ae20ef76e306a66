/** A control plane over a recording data plane and a real state file: what the tests of control start from. */
import { onTestFinished } from "vitest";
import { Certificates, type CertificatesOptions } from "../../proxy/certificate/certificates.ts";
import { ControlPlane } from "../../proxy/control/control-plane.ts";
import type { DeployRequest, DeployResult } from "../../proxy/control/deploy.ts";
import type { ProgressEvent } from "../../proxy/control/progress.ts";
import type { ControlStep } from "../../proxy/control/services.ts";
import { readDeploymentOptions } from "../../proxy/options/deployment-options.ts";
import { readServiceOptions } from "../../proxy/options/service-options.ts";
import { readTargetOptions } from "../../proxy/options/target-options.ts";
import type { WriteStep } from "../../proxy/state/durable-write.ts";
import { SnapshotFile } from "../../proxy/state/snapshot-file.ts";
import { parseTargetAddress } from "../../proxy/target/target-address.ts";
import { type RecordedLog, recordedLog } from "./recorded-log.ts";
import { RecordingDataPlane } from "./recording-data-plane.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export type ControlBench = {
  readonly directory: string;
  readonly plane: ControlPlane;
  readonly dataPlane: RecordingDataPlane;
  readonly log: RecordedLog;
  readonly events: ProgressEvent[];
  /** What the steps of a change and of a write call; a test may replace them at any time. */
  readonly hooks: { control: (step: ControlStep) => void; write: (step: WriteStep) => void };
  deploy(name: string, addresses: readonly string[], options?: DeploySpec): Promise<DeployResult>;
  deployRollout(
    name: string,
    addresses: readonly string[],
    options?: Pick<DeploySpec, "readTargets" | "deployTimeoutMs" | "drainTimeoutMs">,
  ): Promise<DeployResult>;
  /** Ends the plane and gives the directory free, as the end of the process would. */
  end(): Promise<void>;
};

export type DeploySpec = {
  readonly readTargets?: readonly string[];
  /** Further service options. */
  readonly service?: Record<string, unknown>;
  /** Further target options. */
  readonly target?: Record<string, unknown>;
  readonly hosts?: readonly string[];
  readonly pathPrefixes?: readonly string[];
  readonly healthCheck?: Record<string, unknown>;
  readonly deployTimeoutMs?: number;
  readonly drainTimeoutMs?: number;
  readonly force?: boolean;
};

/** @param options of certificates; by default nobody issues any */
export async function startControl(
  directory?: string,
  options: Partial<Omit<CertificatesOptions, "dataPlane" | "log" | "dataDirectory">> = {},
): Promise<ControlBench> {
  const home = directory ?? (await temporaryDirectory());
  const log = recordedLog();
  const dataPlane = new RecordingDataPlane();
  const events: ProgressEvent[] = [];
  const hooks: ControlBench["hooks"] = { control: () => undefined, write: () => undefined };
  const snapshotFile = await SnapshotFile.open(home, log.log, { checkpoint: (step) => hooks.write(step) });
  const checkpoint = (step: ControlStep) => hooks.control(step);
  const issue = () => Promise.reject(new Error("nobody issues certificates here"));
  const certificates = new Certificates({ issue, ...options, dataPlane, log: log.log, dataDirectory: home });
  const plane = new ControlPlane({ certificates, dataPlane, snapshotFile, log: log.log, checkpoint });
  await plane.restore();
  let ended: Promise<void> | undefined;
  const end = () => (ended ??= plane.close().then(() => snapshotFile.close()));
  onTestFinished(end);
  return {
    directory: home,
    plane,
    dataPlane,
    log,
    events,
    hooks,
    end,
    deploy: (name, addresses, options) =>
      plane.deploy(deployRequest(name, addresses, options), (event) => void events.push(event)),
    deployRollout: (name, addresses, options) =>
      plane.deployRollout(deployRequest(name, addresses, options), (event) => void events.push(event)),
  };
}

/** Checks every 20 ms, so that tests are quick. */
export function deployRequest(name: string, addresses: readonly string[], spec: DeploySpec = {}): DeployRequest {
  const { hosts = [], pathPrefixes = [], healthCheck = {}, readTargets = [], service, target, ...deployment } = spec;
  return {
    name,
    targets: addresses.map(parseTargetAddress),
    readTargets: readTargets.map(parseTargetAddress),
    service: readServiceOptions({ hosts, pathPrefixes, ...service }),
    target: readTargetOptions({ healthCheck: { intervalMs: 20, timeoutMs: 500, ...healthCheck }, ...target }),
    deployment: readDeploymentOptions({ deployTimeoutMs: 3_000, drainTimeoutMs: 1_000, ...deployment }),
  };
}
