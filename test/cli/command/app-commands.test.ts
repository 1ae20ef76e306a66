import { describe, expect, test } from "vitest";
import { EverydayFleet } from "../../support/everyday-fleet.ts";

const FILTERS = "--filter label=service=app --filter label=destination=";
const WEB = `${FILTERS} --filter label=role=web`;
const JOBS = `${FILTERS} --filter label=role=jobs`;

/** All roles have been stopped, as `app stop` does it. */
function stopped(): EverydayFleet {
  const fleet = new EverydayFleet();
  for (const server of fleet.servers.values()) {
    for (const container of server.containers) container.running = false;
    server.live.clear();
  }
  return fleet;
}

/** Without questions. */
function changes(fleet: EverydayFleet, host: string): string[] {
  return fleet.lines(host).filter((line) => !/\{\{|ls --all|cat \S*releases|image ls --quiet|--help$/.test(line));
}

describe("app boot", () => {
  test("boots the version that runs: not `latest`, and not that of the sources", async () => {
    const fleet = new EverydayFleet();
    const { exitCode, out } = await fleet.run("app boot");
    expect(exitCode).toBe(0);
    expect(out).toContain("Boots v1, which was deployed last.");
    expect(fleet.state()).toContain("three runs app-jobs-v1 app-web-v1");
    const images = fleet.recording.all.filter(({ command }) => /docker run --detach/.test(command));
    expect(images).toHaveLength(4);
    expect(images.every(({ command }) => / acme\/app:v1(?: work)?$/.test(command))).toBe(true);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("boots the version that is named, pulled where it is missing", async () => {
    const fleet = new EverydayFleet();
    fleet.server("two").images.add("v7");
    expect((await fleet.run("app boot --version v7")).exitCode).toBe(0);
    expect(fleet.lines("one")).toContain("docker pull acme/app:v7");
    expect(fleet.lines("two")).not.toContain("docker pull acme/app:v7");
    expect(fleet.state()).toContain("one app-web → app-web-v7");
  });

  test("a host that is new gets the version of the others", async () => {
    const fleet = new EverydayFleet();
    const two = fleet.server("two");
    two.containers.length = 0;
    two.live.clear();
    two.images.clear();
    two.latest = undefined;
    expect((await fleet.run("app boot -h two")).exitCode).toBe(0);
    expect(fleet.state()).toContain("two app-web → app-web-v1");
    expect(fleet.lines("two")).toContain("docker pull acme/app:v1");
  });

  test("hosts with different versions are not guessed about, and nothing is changed", async () => {
    const fleet = new EverydayFleet();
    const two = fleet.server("two");
    two.containers.length = 0;
    two.started("app-web-v0");
    two.latest = "v0";
    const { exitCode, err } = await fleet.run("app boot");
    expect(exitCode).toBe(1);
    expect(err).toContain("The hosts do not have the same version.");
    expect(err).toContain("two: v0");
    expect(err).toContain("--version");
    expect(fleet.lines("one").filter((line) => /docker (?:run|stop|rename)/.test(line))).toEqual([]);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("where nothing was ever deployed there is nothing to boot", async () => {
    const fleet = new EverydayFleet({ serving: null });
    const { exitCode, err } = await fleet.run("app boot");
    expect(exitCode).toBe(1);
    expect(err).toContain("ERROR (nothing-deployed): Nothing is deployed on these hosts.");
  });
});

describe("app start", () => {
  test("starts what was stopped, and the proxy gets it back", async () => {
    const fleet = stopped();
    expect((await fleet.run("app start")).exitCode).toBe(0);
    expect(changes(fleet, "three")).toEqual([
      "audit: [web] Started app version v1",
      "docker start app-web-v1",
      expect.stringMatching(/^docker exec kamal-proxy kamal-proxy deploy app-web --target="[0-9a-f]{12}:80" /),
      "audit: [jobs] Started app version v1",
      "docker start app-jobs-v1",
    ]);
    expect(fleet.state()).toContain("three app-web → app-web-v1");
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("a version without a container is an error that names it", async () => {
    const fleet = stopped();
    const { exitCode, err } = await fleet.run("app start --version v9 -h one");
    expect(exitCode).toBe(1);
    expect(err).toContain("one: web has no container of version v9 to start.");
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("a failure on one host is told, and the others start", async () => {
    const fleet = stopped();
    fleet.script(/^docker start/, { exitCode: 1, stderr: "no space left" }, "two");
    const { exitCode, err } = await fleet.run("app start -r web");
    expect(exitCode).toBe(1);
    expect(err).toContain("two: docker start app-web-v1 exited 1");
    expect(err).toContain("no space left");
    expect(fleet.state()).toContain("one app-web → app-web-v1");
    expect(fleet.state()).toContain("three app-web → app-web-v1");
  });
});

describe("app stop", () => {
  test("takes it out of the proxy, then stops it; workers have no route", async () => {
    const fleet = new EverydayFleet();
    expect((await fleet.run("app stop -h three")).exitCode).toBe(0);
    expect(changes(fleet, "three")).toEqual([
      "audit: [web] Stopped app",
      "docker exec kamal-proxy kamal-proxy remove app-web",
      `docker stop ${idOf(fleet, "app-web-v1")}`,
      "audit: [jobs] Stopped app",
      `docker stop -t 1 ${idOf(fleet, "app-jobs-v1")}`,
    ]);
    expect(fleet.state()).toContain("three runs ");
    expect(fleet.state()).toContain("one app-web → app-web-v1");
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("a proxy that does not run is no failure; a container that does not stop is one", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/kamal-proxy remove/, { exitCode: 1, stderr: "is not running" });
    expect((await fleet.run("app stop -h one")).exitCode).toBe(0);
    fleet.script(/^docker stop/, { exitCode: 1, stderr: "permission denied" });
    expect((await fleet.run("app stop -h two")).exitCode).toBe(1);
  });

  test("twice is said, and is no failure", async () => {
    const fleet = stopped();
    const { exitCode, out } = await fleet.run("app stop -h one");
    expect(exitCode).toBe(0);
    expect(out).toContain("one: web: nothing runs.");
  });

  test("a dry run says the lines and runs none of them", async () => {
    const fleet = new EverydayFleet();
    const { exitCode, out } = await fleet.run("app stop -h one --dry-run");
    expect(exitCode).toBe(0);
    expect(out).toContain("would run on one: docker exec kamal-proxy kamal-proxy remove app-web");
    expect(out).toContain("would run on one: docker stop ");
    expect(fleet.state()).toContain("one app-web → app-web-v1");
    expect(fleet.lines("one").filter((line) => !line.startsWith("docker container ls"))).toEqual([]);
    expect(fleet.lockSteps("one")).toEqual([]);
  });
});

function idOf(fleet: EverydayFleet, name: string): string {
  return (
    fleet
      .server("three")
      .containers.find((one) => one.name === name)
      ?.id.slice(0, 12) ?? ""
  );
}

describe("maintenance", () => {
  test.each([
    ["app maintenance", 'docker exec kamal-proxy kamal-proxy stop app-web --drain-timeout="1s"'],
    [
      ["app", "maintenance", "--drain-timeout", "10", "--message", "back at 5"],
      'docker exec kamal-proxy kamal-proxy stop app-web --drain-timeout="10s" --message="back at 5"',
    ],
    ["app live", "docker exec kamal-proxy kamal-proxy resume app-web"],
  ])("%s", async (words, line) => {
    const fleet = new EverydayFleet();
    expect((await fleet.run(words)).exitCode).toBe(0);
    for (const host of ["one", "two", "three"]) expect(fleet.lines(host)).toEqual([line]);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("a proxy that refuses is an error, and the lock is free again", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/kamal-proxy resume/, { exitCode: 1, stderr: "service not found" }, "two");
    const { exitCode, err } = await fleet.run("app live");
    expect(exitCode).toBe(1);
    expect(err).toContain("service not found");
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });
});

describe("app remove", () => {
  const GONE = [
    "audit: Removed all app images",
    "docker image prune --all --force --filter label=service=app",
    "audit: Removed app directory",
    "/usr/bin/env rm -r .kamal/apps/app",
    "/usr/bin/env rm -r .kamal/proxy/apps-config/app",
  ];

  test("asks, and does nothing without a yes", async () => {
    const fleet = new EverydayFleet();
    for (const input of ["n\n", "", "what\nwhat\nwhat\n"]) {
      const { exitCode, err } = await fleet.run("app remove", { input });
      expect(exitCode).toBe(1);
      expect(err).toContain("This removes all containers and images of app from one, two, three");
      expect(err).toContain("nothing done");
    }
    expect(fleet.recording.all).toEqual([]);
  });

  test.each([
    ["app remove", "y\n"],
    ["app remove -y", ""],
    ["app remove --confirmed", ""],
  ])(
    "%j answered %j: stops, then removes containers one role after the other, images and files",
    async (words, input) => {
      const fleet = new EverydayFleet();
      expect((await fleet.run(words, { input })).exitCode).toBe(0);
      const lines = changes(fleet, "three");
      expect(lines.slice(-9)).toEqual([
        "audit: [web] Removed all app containers",
        `docker container prune --force ${WEB}`,
        "audit: [jobs] Removed all app containers",
        `docker container prune --force ${JOBS}`,
        ...GONE,
      ]);
      expect(lines.filter((line) => line.startsWith("docker stop"))).toHaveLength(2);
      expect(fleet.server("three").containers).toEqual([]);
      expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
    },
  );

  test("where a role stays, images and files stay", async () => {
    const fleet = new EverydayFleet();
    expect((await fleet.run("app remove -y -r jobs")).exitCode).toBe(0);
    expect(changes(fleet, "three").filter((line) => /image prune|rm -r/.test(line))).toEqual([]);
    expect(fleet.server("three").running()).toEqual(["app-web-v1"]);
    expect(fleet.lines("two")).toEqual([]);
  });

  test.each([
    ["app remove_containers -h one", [`docker container prune --force ${WEB}`]],
    ["app remove-images -h one", ["docker image prune --all --force --filter label=service=app"]],
    [
      "app remove_app_directories -h one",
      ["/usr/bin/env rm -r .kamal/apps/app", "/usr/bin/env rm -r .kamal/proxy/apps-config/app"],
    ],
    [
      "app remove_container v1 -h one",
      ["docker container ls --all --filter 'name=^app-web-v1$' --quiet | xargs docker container rm"],
    ],
  ])("hidden: %s", async (words, lines) => {
    const fleet = new EverydayFleet();
    expect((await fleet.run(words)).exitCode).toBe(0);
    expect(fleet.lines("one").filter((line) => !line.startsWith("audit: "))).toEqual(lines);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });
});

test("a lock that somebody holds keeps every change from beginning", async () => {
  for (const words of ["app stop", "app boot", "app live", "proxy reboot -y", "prune all", "remove -y"]) {
    const fleet = new EverydayFleet();
    fleet.server("one").foreignLock = "Locked by: ann at noon\nVersion: v1\nMessage: leave it";
    const { exitCode, err } = await fleet.run(words);
    expect([words, exitCode]).toEqual([words, 5]);
    expect(err).toContain("Message: leave it");
    expect(fleet.state()).toContain("one app-web → app-web-v1");
  }
});
