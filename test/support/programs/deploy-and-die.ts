/** Restores a data directory, deploys `web` to an address, and kills itself with SIGKILL at the named step. */
import { Certificates } from "../../../proxy/certificate/certificates.ts";
import { ControlPlane } from "../../../proxy/control/control-plane.ts";
import { EventLog } from "../../../proxy/observe/event-log.ts";
import { readDeploymentOptions } from "../../../proxy/options/deployment-options.ts";
import { readServiceOptions } from "../../../proxy/options/service-options.ts";
import { readTargetOptions } from "../../../proxy/options/target-options.ts";
import { SnapshotFile } from "../../../proxy/state/snapshot-file.ts";
import { parseTargetAddress } from "../../../proxy/target/target-address.ts";
import { RecordingDataPlane } from "../recording-data-plane.ts";

const [, , directory = "", address = "", fatalStep = ""] = process.argv;
const log = new EventLog({ write: () => undefined });
const checkpoint = (step: string) => {
  if (step === fatalStep) process.kill(process.pid, "SIGKILL");
};

const snapshotFile = await SnapshotFile.open(directory, log, { checkpoint });
const dataPlane = new RecordingDataPlane();
const issue = () => Promise.reject(new Error("nobody issues certificates here"));
const certificates = new Certificates({ dataPlane, log, dataDirectory: directory, issue });
const plane = new ControlPlane({ dataPlane, certificates, snapshotFile, log, checkpoint });
await plane.restore();
const request = {
  name: "web",
  targets: [parseTargetAddress(address)],
  readTargets: [],
  service: readServiceOptions({}),
  target: readTargetOptions({ healthCheck: { intervalMs: 20 } }),
  deployment: readDeploymentOptions({ deployTimeoutMs: 5_000 }),
};
await plane.deploy(request, () => undefined);
await plane.close();
await snapshotFile.close();
