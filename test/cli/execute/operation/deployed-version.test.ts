import { describe, expect, test } from "vitest";
import { commonVersion, deployedVersion } from "../../../../cli/execute/operation/deployed-version.ts";
import { EverydayFleet } from "../../../support/everyday-fleet.ts";
import { roleOf } from "../../remote/example.ts";

const TAGGED =
  /--filter ancestor=\$\(docker image ls --filter reference=acme\/app:latest --format '\{\{\.ID\}\}'\) --format/;

function versionOn(fleet: EverydayFleet, host = "one") {
  return deployedVersion(fleet.work(), host, roleOf(fleet.config));
}

/** One that nothing runs on. */
function still(): EverydayFleet {
  const fleet = new EverydayFleet();
  const server = fleet.server("one");
  server.containers.length = 0;
  server.started("app-web-v1", false);
  server.started("app-web-v2", false);
  return fleet;
}

describe("the version that is deployed on a host", () => {
  test("is the one that runs, whatever else there is", async () => {
    const fleet = new EverydayFleet();
    fleet.server("one").started("app-web-v9", false);
    expect(await versionOn(fleet)).toBe("v1");
    expect(fleet.recording.all).toHaveLength(1);
  });

  test("where nothing runs, is the one that was tagged when it went well, not the newest", async () => {
    const fleet = still();
    fleet.script(TAGGED, { stdout: "id1 exited app-web-v1_replaced_0123456789abcdef\nid2 exited app-web-v1\n" });
    expect(await versionOn(fleet)).toBe("v1");
  });

  test("else is the last one of the record", async () => {
    const fleet = still();
    fleet.script(TAGGED, {});
    fleet.server("one").releases.push('{"version":"v0"}', '{"version":"v1"}');
    expect(await versionOn(fleet)).toBe("v1");
  });

  test("else is the one of the newest container", async () => {
    const fleet = still();
    fleet.script(TAGGED, {});
    expect(await versionOn(fleet)).toBe("v2");
  });

  test("is none where there is nothing", async () => {
    expect(await versionOn(new EverydayFleet({ serving: null }))).toBeUndefined();
  });
});

test("hosts that have nothing are left out; where none has any, the host of the lock is asked", async () => {
  const fleet = new EverydayFleet({ filters: { hosts: "two" } });
  const two = fleet.server("two");
  two.containers.length = 0;
  two.latest = undefined;
  expect(await commonVersion(fleet.work())).toBe("v1");
  expect(new Set(fleet.recording.all.map(({ host }) => host))).toEqual(new Set(["two", "one"]));
});
