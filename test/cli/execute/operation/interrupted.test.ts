import { describe, expect, test } from "vitest";
import { execInApp } from "../../../../cli/execute/operation/app-exec.ts";
import { appLogSources } from "../../../../cli/execute/operation/app-logs.ts";
import { stopApp } from "../../../../cli/execute/operation/app-stop.ts";
import { followLogs } from "../../../../cli/execute/operation/follow-logs.ts";
import { rebootProxies } from "../../../../cli/execute/operation/proxy-reboot.ts";
import { EverydayFleet } from "../../../support/everyday-fleet.ts";
import { THREE_HOSTS } from "../../../support/simulated-fleet.ts";

const DATE = {
  command: "date",
  version: undefined,
  env: {},
  reuse: true,
  detach: false,
  primaryOnly: false,
  raw: undefined,
};

/** Cancelled as soon as such a command has begun. */
function cancelAt(fleet: EverydayFleet, pattern: RegExp): void {
  fleet.recording.onCommand = (_, { command }) => {
    if (pattern.test(command)) setImmediate(() => fleet.stop.abort());
  };
}

describe("a run that is interrupted", () => {
  test("while it follows logs has done what it was for", async () => {
    const fleet = new EverydayFleet();
    for (const host of ["one", "two", "three"]) fleet.host(host).trouble(/docker logs/, "hangs");
    cancelAt(fleet, /docker logs/);
    const work = fleet.work();
    await expect(followLogs(work, appLogSources(work, {}, false), () => undefined)).resolves.toBeUndefined();
  });

  test("in a command says so, and starts none on other hosts", async () => {
    const fleet = new EverydayFleet({ limits: { maxHostsAtOnce: 1 } });
    fleet.host("one").trouble(/docker exec/, "hangs");
    cancelAt(fleet, /docker exec/);
    await expect(execInApp(fleet.work(), DATE)).rejects.toMatchObject({ code: "cancelled", exitCode: 130 });
    expect(fleet.recording.on("two").filter((line) => line.startsWith("docker exec"))).toEqual([]);
  });

  test("gives the lock back", async () => {
    const fleet = new EverydayFleet();
    fleet.host("two").trouble(/kamal-proxy remove/, "hangs");
    cancelAt(fleet, /kamal-proxy remove/);
    await expect(stopApp(fleet.work())).rejects.toMatchObject({ code: "cancelled" });
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("between the old proxy and the new one leaves the host with a proxy, and the next hosts as they are", async () => {
    const config = THREE_HOSTS.replace("host: app.example.com", "host: app.example.com, run: { version: v9 }");
    const fleet = new EverydayFleet({ config });
    cancelAt(fleet, /container stop kamal-proxy/);
    await expect(rebootProxies(fleet.work(), { rolling: true })).rejects.toMatchObject({ code: "cancelled" });
    expect(fleet.recording.on("one").some((line) => line.startsWith("docker run --name kamal-proxy"))).toBe(true);
    expect(fleet.lines("two")).toEqual([]);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });
});
