import { describe, expect, test } from "vitest";
import { ACCESSORIES, booted, containers, steps } from "../../support/accessory-fleet.ts";
import { EverydayFleet } from "../../support/everyday-fleet.ts";

describe("upgrade", () => {
  test("pulls first, keeps the old container until the new one is healthy, and then removes it", async () => {
    const fleet = await booted();
    await fleet.recordHooks(["pre-accessory-upgrade", "post-accessory-upgrade"]);
    expect((await fleet.run("accessory upgrade cache -y")).exitCode).toBe(0);
    const upgraded = [
      "pull redis:7",
      "audit: Upgraded cache accessory",
      "stop app-cache",
      "rename app-cache app-cache_replaced_HEX",
      "run app-cache",
      "rm app-cache_replaced_HEX",
    ];
    expect(steps(fleet, "one")).toEqual(upgraded);
    expect(steps(fleet, "two")).toEqual(upgraded);
    expect(containers(fleet, "one")).toEqual(["app-admin", "app-cache"]);
    expect(await fleet.hookLog()).toEqual([
      "pre-accessory-upgrade one,two accessory upgrade",
      "post-accessory-upgrade one,two accessory upgrade",
    ]);
  });

  test("when it does not get healthy on one host, the old one comes back on all", async () => {
    const fleet = await booted();
    const before = ["one", "two"].map(
      (host) => fleet.server(host).containers.find(({ name }) => name === "app-cache")?.id,
    );
    const ids = new Set(before);
    fleet.server("two").behaviour = (name) => {
      const found = fleet.server("two").containers.find((one) => one.name === name);
      return name === "app-cache" && !ids.has(found?.id) ? { exits: { code: 1, restarts: 5 } } : {};
    };
    const { exitCode, err, out } = await fleet.run("accessory upgrade cache -y");
    expect(exitCode).toBe(1);
    expect(err).toContain("cache did not come up on two");
    for (const host of ["one", "two"]) expect(out).toContain(`${host}: cache: as before.`);
    const after = ["one", "two"].map((host) => fleet.server(host).containers.find(({ name }) => name === "app-cache"));
    expect(after.map((container) => container?.id)).toEqual(before);
    expect(after.every((container) => container?.running)).toBe(true);
    expect(containers(fleet, "two")).toEqual(["app-cache", "app-db"]);
    expect(fleet.lines("two").at(-1)).not.toContain("rename");
    expect(fleet.lines("two")).toContain("audit: Started cache accessory again, as it was before");
  });

  test("a dry run asks nothing, and changes nothing", async () => {
    const fleet = await booted();
    const { exitCode, out } = await fleet.run("accessory upgrade all --rolling --dry-run");
    expect(exitCode).toBe(0);
    expect(out).toMatch(/would run on one: docker rename app-cache app-cache_replaced_[0-9a-f]{16}/);
    expect(out).toContain("would run on one: docker run --name app-cache");
    expect(fleet.recording.all.filter(({ command }) => !/^docker ps|^if test -d/.test(command))).toEqual([]);
  });

  test("an image that cannot be had leaves everything running", async () => {
    const fleet = await booted();
    fleet.server("two").pullable = false;
    expect((await fleet.run("accessory upgrade cache -y")).exitCode).toBe(1);
    for (const host of ["one", "two"]) expect(steps(fleet, host)).toEqual(["pull redis:7"]);
  });

  test("--rolling: the first host that fails keeps the others as they are", async () => {
    const fleet = await booted();
    fleet.server("one").behaviour = () => ({ exits: { code: 1, restarts: 5 } });
    expect((await fleet.run("accessory upgrade cache --rolling -y")).exitCode).toBe(1);
    expect(steps(fleet, "two")).toEqual([]);
  });

  test.each([
    [/^docker rename app-cache app-cache_replaced/, "start"],
    [/^docker run --name app-cache/, "boot"],
    [/^docker run --name app-cache/, "upgrade -y"],
  ])("one that was killed at %s: %s brings the accessory back", async (pattern, command) => {
    const fleet = await booted();
    fleet.host("one").trouble(pattern, "gone-for-good");
    expect((await fleet.run("accessory upgrade cache -y -h one")).exitCode).toBe(6);
    const again = new EverydayFleet({ config: ACCESSORIES });
    for (const container of fleet.server("one").containers) again.server("one").containers.push(container);
    expect((await again.run(`accessory ${command} cache -h one`)).exitCode).toBe(0);
    expect(containers(again, "one").filter((name) => name.includes("cache"))).toEqual(["app-cache"]);
  });

  test("a cancelled one brings the old container back", async () => {
    const fleet = await booted();
    const before = fleet.server("two").containers.find(({ name }) => name === "app-db")?.id;
    const { replaceAccessories } = await import("../../../cli/execute/operation/accessory-replace.ts");
    fleet.recording.onCommand = (_, { command }) => {
      if (command.startsWith("docker run --name app-db")) fleet.stop.abort();
    };
    await expect(replaceAccessories(fleet.work(), "db", { what: "Upgrade", rolling: false })).rejects.toMatchObject({
      code: "cancelled",
    });
    expect(fleet.server("two").containers.find(({ name }) => name === "app-db")?.id).toBe(before);
    expect(containers(fleet, "two")).toEqual(["app-cache", "app-db"]);
    expect(fleet.server("one").lock).toBeUndefined();
  });

  test.each(["reboot cache", "upgrade cache", "remove cache", "restore db Dockerfile"])(
    "%s asks first",
    async (words) => {
      const fleet = await booted();
      await fleet.recordHooks(["accessory-restore"]);
      const { exitCode, err } = await fleet.run(`accessory ${words}`, { input: "n\n" });
      expect([exitCode, err]).toEqual([1, expect.stringContaining("Are you sure")]);
      expect(fleet.recording.all).toEqual([]);
    },
  );

  test("behind a proxy, requests go to the new one; after a failure, to the old one again", async () => {
    const fleet = await booted();
    expect((await fleet.run("accessory reboot admin -y -h one")).exitCode).toBe(0);
    expect(steps(fleet, "one")).toContain("audit: Rebooted admin accessory");
    const good = fleet.server("one").containers.find(({ name }) => name === "app-admin");
    expect(fleet.server("one").live.get("app-admin")).toBe(good?.id.slice(0, 12));
    fleet.server("one").behaviour = (name) => {
      const found = fleet.server("one").containers.find((one) => one.name === name);
      return { unhealthy: name === "app-admin" && found?.id !== good?.id };
    };
    expect((await fleet.run("accessory reboot admin -y -h one")).exitCode).toBe(1);
    expect(fleet.server("one").live.get("app-admin")).toBe(good?.id.slice(0, 12));
    expect(fleet.server("one").serving("app-admin")).toBe("app-admin");
  });
});
