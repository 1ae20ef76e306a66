/** What a boot leaves on a host beside the containers: the env file of what runs, and nothing to stop that has stopped already. */
import { describe, expect, test } from "vitest";
import { executePlan } from "../../../cli/execute/executor.ts";
import { rollbackPlan } from "../../../cli/plan/rollback.ts";
import { deploy, failureOf } from "../../support/simulated-deploy.ts";
import { SimulatedFleet, THREE_HOSTS } from "../../support/simulated-fleet.ts";

const WEB = ".kamal/apps/app/env/roles/web.env";
const JOBS = ".kamal/apps/app/env/roles/jobs.env";
const KEPT = `${WEB}.previous`;

function fleetWith(files: Readonly<Record<string, string>>): SimulatedFleet {
  const fleet = new SimulatedFleet();
  for (const server of fleet.servers.values())
    for (const [path, content] of Object.entries(files)) server.files.set(path, content);
  return fleet;
}

function filesOn(fleet: SimulatedFleet): Record<string, string>[] {
  return [...fleet.servers.values()].map(({ files }) => Object.fromEntries(files));
}

describe("the env file of a role", () => {
  test("is that of the version that serves, and the old one is gone", async () => {
    const fleet = fleetWith({ [WEB]: "OLD=1\n" });
    await deploy(fleet);
    expect(filesOn(fleet)).toEqual([{ [WEB]: "\n" }, { [WEB]: "\n" }, { [WEB]: "\n", [JOBS]: "\n" }]);
  });

  test("stays that of the old version when the new one does not come up", async () => {
    const fleet = fleetWith({ [WEB]: "OLD=1\n", [JOBS]: "OLD=2\n" });
    fleet.server("three").behaviour = (name) => (name === "app-jobs-v2" ? { exits: { code: 1, restarts: 0 } } : {});
    expect(await failureOf(fleet)).toMatchObject({ code: "boot-failed" });
    expect(filesOn(fleet)).toEqual(Array.from({ length: 3 }, () => ({ [WEB]: "OLD=1\n", [JOBS]: "OLD=2\n" })));
  });

  test("goes when there was none before", async () => {
    const fleet = new SimulatedFleet({ serving: null });
    fleet.host("two").trouble(/--prepare /, "fails");
    await failureOf(fleet);
    expect(filesOn(fleet)).toEqual([{}, {}, {}]);
  });

  test("is put back once, though the connection was lost and the line ran twice", async () => {
    const fleet = fleetWith({ [WEB]: "OLD=1\n" });
    fleet.host("one").trouble(/--prepare /, "fails");
    fleet.host("two").trouble(/^if test -s .*web\.env/, "lost");
    await failureOf(fleet);
    expect(fleet.server("two").files.get(WEB)).toBe("OLD=1\n");
  });

  test("that cannot be put back is told", async () => {
    const fleet = fleetWith({ [WEB]: "OLD=1\n" });
    fleet.host("one").trouble(/--prepare /, "fails");
    fleet.host("two").trouble(/^if test -s .*web\.env/, "fails");
    await failureOf(fleet);
    expect(fleet.said()).toContain(`two: ${WEB} could not be put back; the next deploy writes it anew.`);
    expect(fleet.server("two").files.get(KEPT)).toBe("OLD=1\n");
  });
});

describe("a container of the same version that is there already", () => {
  const goBack = async (fleet: SimulatedFleet): Promise<string[]> => {
    const work = fleet.work({ version: "v1" });
    await executePlan(work, rollbackPlan(fleet.config, work.selection, "v1"));
    return fleet.recording.on("one").filter((command) => command.startsWith("docker stop"));
  };

  test("is not stopped once more when it has stopped before", async () => {
    const fleet = new SimulatedFleet({ serving: "v2", config: THREE_HOSTS });
    for (const [name, server] of fleet.servers) {
      server.started("app-web-v1", false);
      if (name === "three") server.started("app-jobs-v1", false);
    }
    expect(await goBack(fleet)).toEqual(["docker stop app-web-v2"]);
    expect(fleet.server("one").running()).toEqual(["app-web-v1"]);
  });

  test("is stopped when it runs beside the one that serves, as a run that was killed leaves it", async () => {
    const fleet = new SimulatedFleet({ serving: "v2", config: THREE_HOSTS });
    fleet.server("one").started("app-web-v1");
    const stopped = await goBack(fleet);
    expect(stopped).toHaveLength(2);
    expect(stopped[1]).toMatch(/^docker stop app-web-v1_replaced_[0-9a-f]{16}$/);
    expect(fleet.server("one").running()).toEqual(["app-web-v1"]);
  });
});
