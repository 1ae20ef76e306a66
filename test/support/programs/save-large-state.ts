/** Saves a small state and then one that is larger than a file may be; prints what came of it. */
import { EventLog } from "../../../proxy/observe/event-log.ts";
import { readServiceOptions } from "../../../proxy/options/service-options.ts";
import { readTargetOptions } from "../../../proxy/options/target-options.ts";
import { SnapshotFile } from "../../../proxy/state/snapshot-file.ts";
import { NOTHING_CARRIED, type Snapshot } from "../../../proxy/state/snapshot-format.ts";

const [, , directory = ""] = process.argv;
const file = await SnapshotFile.open(directory, new EventLog({ write: () => undefined }));

function snapshot(target: string, size: number): Snapshot {
  const options = { service: readServiceOptions({}), target: readTargetOptions({}) };
  const gate = { state: "stopped", message: "x".repeat(size) } as const;
  const others = { readTargets: [], rolloutTargets: [], rolloutReadTargets: [], rollout: null };
  return {
    services: [{ name: "web", ...options, ...others, targets: [target], gate, carried: NOTHING_CARRIED }],
    quarantined: [],
  };
}

await file.save(snapshot("small:80", 10));
await file.save(snapshot("large:80", 1_000_000)).catch((error: { code: string; message: string }) => {
  console.log(error.code, error.message);
});
console.log("kept", (await file.load()).services[0]?.targets[0]);
await file.close();
