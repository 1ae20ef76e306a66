import { describe, expect, test } from "vitest";
import { rollBack } from "../../../cli/execute/rollback.ts";
import { SimulatedFleet } from "../../support/simulated-fleet.ts";

const entry = (version: string, rolledBackFrom?: string) =>
  JSON.stringify({ version, rolledBackFrom, at: "2026-01-01T00:00:00Z", performer: "tester" });

/** v3 serves; every host has what `record` says behind it, and the images of `images`. */
function fleetWith(record: readonly string[], images = ["v1", "v2", "v3"]): SimulatedFleet {
  const fleet = new SimulatedFleet({ serving: "v3", version: "v3" });
  for (const server of fleet.servers.values()) {
    server.releases.push(...record);
    for (const image of images) server.images.add(image);
  }
  return fleet;
}

const serves = (fleet: SimulatedFleet) => [...fleet.servers.values()].map((server) => server.serving("app-web"));

function refusal(
  promise: Promise<unknown>,
): Promise<{ code: string; exitCode: number; message: string; details: string[] }> {
  return promise.then(
    () => Promise.reject(new Error("no refusal")),
    (error) => error,
  );
}

describe("a rollback without a version", () => {
  test("goes to the last good release", async () => {
    const fleet = fleetWith([entry("v1"), entry("v2"), entry("v3")]);
    expect(await rollBack(fleet.work(), undefined)).toBe("v2");
    expect(serves(fleet)).toEqual(["app-web-v2", "app-web-v2", "app-web-v2"]);
    expect(fleet.said()).toContain("The last good release is v2.");
    expect(fleet.server("one").latest).toBe("v2");
    expect(fleet.server("one").lock).toBeUndefined();
  });

  test("a second time goes further back, not to what was left", async () => {
    const fleet = fleetWith([entry("v1"), entry("v2"), entry("v3")]);
    await rollBack(fleet.work(), undefined);
    expect(await rollBack(fleet.work(), undefined)).toBe("v1");
    await expect(rollBack(fleet.work(), undefined)).rejects.toMatchObject({ code: "rollback-impossible" });
    expect(serves(fleet)).toEqual(["app-web-v1", "app-web-v1", "app-web-v1"]);
  });

  test("after a Kamal CLI goes by the containers that are left", async () => {
    const fleet = fleetWith([]);
    for (const server of fleet.servers.values()) {
      const old = server.started("app-web-v2", false);
      server.containers.push(...server.containers.splice(server.containers.indexOf(old), 1));
    }
    expect(await rollBack(fleet.work(), undefined)).toBe("v2");
    expect(serves(fleet)).toEqual(["app-web-v2", "app-web-v2", "app-web-v2"]);
  });

  test("refuses where there is nothing to go back to, and where the hosts do not agree", async () => {
    const none = fleetWith([entry("v3")]);
    expect(await refusal(rollBack(none.work(), undefined))).toMatchObject({
      code: "rollback-impossible",
      exitCode: 1,
      message: "No host has a release to go back to.",
    });
    const differing = fleetWith([entry("v2"), entry("v3")]);
    differing.server("two").releases.splice(0, 1, entry("v1"));
    expect(await refusal(rollBack(differing.work(), undefined))).toMatchObject({
      message: "The hosts do not agree on the last good release.",
      details: ["one: v2", "two: v1"],
    });
    expect(serves(differing)).toEqual(["app-web-v3", "app-web-v3", "app-web-v3"]);
  });
});

describe("a rollback to a version", () => {
  test("starts from the image when the container is gone, and pulls the image when that is gone too", async () => {
    const fleet = fleetWith([], ["v3"]);
    fleet.server("one").images.add("v1");
    expect(await rollBack(fleet.work(), "v1")).toBe("v1");
    const pulls = fleet.recording.all.filter(({ command }) => command.startsWith("docker pull"));
    expect(pulls.map(({ host }) => host)).toEqual(["two", "three"]);
    expect(serves(fleet)).toEqual(["app-web-v1", "app-web-v1", "app-web-v1"]);
  });

  test("reuses the name of a stopped container", async () => {
    const fleet = fleetWith([]);
    fleet.server("two").started("app-web-v1", false);
    await rollBack(fleet.work(), "v1");
    expect(fleet.server("two").running()).toEqual(["app-web-v1"]);
  });

  test("that some host cannot have is refused in words, with exit code 1 and nothing changed [CLI-20]", async () => {
    const fleet = fleetWith([]);
    for (const name of ["two", "three"]) fleet.server(name).pullable = false;
    for (const name of ["two", "three"]) fleet.server(name).images.delete("v1");
    const error = await refusal(rollBack(fleet.work(), "v1"));
    expect(error).toMatchObject({
      code: "rollback-impossible",
      exitCode: 1,
      message: "v1 cannot be had on two, three; nothing was changed.",
    });
    expect(error.details.join("\n")).toContain("manifest unknown");
    expect(fleet.recording.all.filter(({ command }) => /docker (?:run|stop|rename)/.test(command))).toEqual([]);
    expect(serves(fleet)).toEqual(["app-web-v3", "app-web-v3", "app-web-v3"]);
    expect(fleet.server("one").lock).toBeUndefined();
  });

  test("that does not come up leaves everything as it was", async () => {
    const fleet = fleetWith([]);
    const stopped = fleet.server("two").started("app-web-v1", false);
    fleet.server("three").behaviour = (name) => (name === "app-web-v1" ? { unhealthy: true } : {});
    await expect(rollBack(fleet.work(), "v1")).rejects.toMatchObject({ code: "boot-failed" });
    expect(serves(fleet)).toEqual(["app-web-v3", "app-web-v3", "app-web-v3"]);
    expect(stopped.name).toBe("app-web-v1");
    expect(fleet.server("one").containers.map(({ name }) => name)).toEqual(["app-web-v3"]);
  });

  test("in a dry run says what it would do", async () => {
    const fleet = fleetWith([entry("v2"), entry("v3")]);
    await rollBack(fleet.work({ dryRun: true }), undefined);
    expect(serves(fleet)).toEqual(["app-web-v3", "app-web-v3", "app-web-v3"]);
    expect(fleet.said().join("\n")).toMatch(/would run on three: docker run .* --name app-jobs-v2 /);
  });
});
