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
      // What was kept of its files, then the container.
      "rm app-cache_replaced_HEX",
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

  test("one that was killed between stop and rename: boot starts the accessory, with its files and variables of before", async () => {
    const fleet = await booted();
    fleet.host("one").trouble(/^docker rename app-cache app-cache_replaced/, "gone-for-good");
    expect((await fleet.run("accessory upgrade cache -y -h one")).exitCode).toBe(6);
    expect(containers(fleet, "one")).toContain("app-cache stopped");
    const again = new EverydayFleet({ config: ACCESSORIES });
    for (const container of fleet.server("one").containers) again.server("one").containers.push(container);
    again.script(/^docker ps -a .*Names/, { stdout: "app-cache\napp-cache_replaced_0123456789abcdef/\n" }, "one");
    const { exitCode, out } = await again.run("accessory boot cache -h one");
    expect(exitCode).toBe(0);
    expect(out).toContain("An upgrade of cache was interrupted; the container from before it comes back.");
    expect(containers(again, "one")).toContain("app-cache");
    const lines = again.lines("one");
    const back = lines.findIndex((line) => /rm -rf \S+\/cache\.env && mv app-cache_replaced_\w+\/\w+ /.test(line));
    expect(back).toBeGreaterThan(-1);
    expect(lines.indexOf("docker container start app-cache")).toBeGreaterThan(back);
    expect(lines.indexOf("/usr/bin/env rm -rf app-cache_replaced_0123456789abcdef")).toBeGreaterThan(
      lines.indexOf("docker container start app-cache"),
    );
  });

  test("one that was killed at its very end: the new container keeps its files", async () => {
    const fleet = await booted();
    fleet.host("one").trouble(/^docker container rm --force app-cache_replaced/, "gone-for-good");
    await fleet.run("accessory upgrade cache -y -h one");
    const lines = fleet.lines("one");
    const kept = lines.findLastIndex((line) => line.startsWith("docker container rm --force app-cache_replaced"));
    const dropped = lines.findIndex((line) => line.startsWith("/usr/bin/env rm -rf app-cache_replaced"));
    expect(dropped).toBeGreaterThan(-1);
    expect(dropped).toBeLessThan(kept);
  });

  test("a failed one puts the variables back before the old container starts", async () => {
    const fleet = await booted();
    fleet.host("one").trouble(/^docker run --name app-cache/, "fails");
    expect((await fleet.run("accessory upgrade cache -y -h one")).exitCode).toBe(1);
    const lines = fleet.lines("one");
    const at = [
      /cp -a \.kamal\/apps\/app\/env\/accessories\/cache\.env app-cache_replaced_/,
      /^upload \.kamal\/apps\/app\/env\/accessories\/cache\.env/,
      /mv app-cache_replaced_\w+\/\w+ \.kamal\/apps\/app\/env\/accessories\/cache\.env/,
      /^docker container start app-cache/,
      /^\/usr\/bin\/env rm -rf app-cache_replaced_/,
    ].map((pattern) => lines.findIndex((line) => pattern.test(line)));
    expect(at).not.toContain(-1);
    expect(at).toEqual(at.toSorted((one, other) => one - other));
  });

  test("one that cannot be stopped keeps its data to itself: no other is started beside it", async () => {
    const fleet = await booted();
    fleet.script(/^docker container stop app-db$/, {
      exitCode: 1,
      stderr: "cannot stop container: did not receive an exit event",
    });
    const { exitCode, err } = await fleet.run("accessory upgrade db -y");
    expect([exitCode, err]).toEqual([1, expect.stringContaining("did not receive an exit event")]);
    expect(steps(fleet, "two").filter((step) => /^(?:run|rename)/.test(step))).not.toContain("run app-db");
    expect(containers(fleet, "two")).toEqual(["app-cache", "app-db"]);
  });

  test("a new container that cannot be removed does not pass for the old one", async () => {
    const fleet = await booted();
    fleet.server("two").behaviour = (name) => (name === "app-db" ? { exits: { code: 1, restarts: 5 } } : {});
    fleet.script(/^docker container rm --force app-db$/, { exitCode: 1, stderr: "device or resource busy" });
    const { exitCode, err, out } = await fleet.run("accessory upgrade db -y");
    expect(exitCode).toBe(1);
    expect(out).not.toContain("db: as before.");
    expect(out + err).toContain("The container of db from before is not back");
  });

  test("files that cannot be kept are told of", async () => {
    const fleet = await booted();
    fleet.script(/^if test -e .*cp -a /, { exitCode: 1, stderr: "cp: cannot open: Permission denied" }, "one");
    const { exitCode, err, out } = await fleet.run("accessory upgrade cache -y -h one");
    expect(exitCode).toBe(0);
    expect(out + err).toContain("would not come back after a failure: cp: cannot open: Permission denied");
  });

  test("killed after the new one was started, and before requests went to it: they do now", async () => {
    const fleet = await booted();
    fleet.host("one").trouble(/kamal-proxy deploy app-admin/, "gone-for-good");
    expect((await fleet.run("accessory upgrade admin -y -h one")).exitCode).toBe(6);
    const again = new EverydayFleet({ config: ACCESSORIES });
    for (const container of fleet.server("one").containers) again.server("one").containers.push(container);
    expect((await again.run("accessory boot admin -h one")).exitCode).toBe(0);
    expect(again.server("one").serving("app-admin")).toBe("app-admin");
    expect(containers(again, "one").filter((name) => name.includes("admin"))).toEqual(["app-admin"]);
  });

  test("cancelled while one host has the new one behind its proxy already: requests go to the old one again", async () => {
    const fleet = await booted();
    const before = fleet.server("one").containers.find(({ name }) => name === "app-admin");
    const { replaceAccessories } = await import("../../../cli/execute/operation/accessory-replace.ts");
    fleet.host("three").trouble(/^docker run --name app-admin/, "hangs");
    fleet.recording.onCommand = (_, { host, command }) => {
      if (host === "one" && command.includes("kamal-proxy deploy app-admin")) setTimeout(() => fleet.stop.abort(), 50);
    };
    await expect(replaceAccessories(fleet.work(), "admin", { what: "Upgrade", rolling: false })).rejects.toMatchObject({
      code: "cancelled",
    });
    expect(fleet.server("one").live.get("app-admin")).toBe(before?.id.slice(0, 12));
    expect(fleet.server("one").serving("app-admin")).toBe("app-admin");
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
