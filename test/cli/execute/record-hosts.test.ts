import { describe, expect, test } from "vitest";
import { deploy, failureOf } from "../../support/simulated-deploy.ts";
import { SimulatedFleet } from "../../support/simulated-fleet.ts";

const RECORD = /apps\/app\/hosts\.new/;

describe("the hosts of an app", () => {
  test("are noted on each of them when a version serves, with one command", async () => {
    const fleet = new SimulatedFleet();
    await deploy(fleet);
    for (const host of ["one", "two", "three"]) {
      const lines = fleet.recording.on(host);
      expect(lines.filter((line) => RECORD.test(line))).toEqual([
        expect.stringContaining("'one web' 'three jobs,web' 'two web'"),
      ]);
      const tagged = lines.findIndex((line) => line.startsWith("docker tag"));
      expect(lines.findIndex((line) => RECORD.test(line))).toBe(tagged + 1);
    }
  });

  test("that cannot be noted do not make the deploy fail, and are told of", async () => {
    const fleet = new SimulatedFleet();
    fleet.host("two").trouble(RECORD, "fails");
    expect(await failureOf(fleet)).toBeUndefined();
    expect(fleet.said().join("\n")).toContain("two: The hosts of the app could not be noted");
  });

  test("are not noted by a deploy that failed", async () => {
    const fleet = new SimulatedFleet();
    fleet.server("two").behaviour = () => ({ unhealthy: true });
    await failureOf(fleet);
    expect(fleet.recording.all.filter(({ command }) => RECORD.test(command))).toEqual([]);
  });
});
