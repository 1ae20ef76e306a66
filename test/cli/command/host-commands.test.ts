import { describe, expect, test } from "vitest";
import { EverydayFleet } from "../../support/everyday-fleet.ts";
import { THREE_HOSTS } from "../../support/simulated-fleet.ts";

const WITH_ACCESSORIES = `${THREE_HOSTS}
accessories:
  db: { image: "postgres:16", host: two, env: { clear: { A: b } } }
  admin: { image: admin, host: one, proxy: { host: admin.example.com } }
`;

describe("server bootstrap", () => {
  test("installs Docker where it is missing; the hook runs in any case", async () => {
    const fleet = new EverydayFleet();
    fleet.server("two").docker = false;
    await fleet.recordHooks(["docker-setup"]);
    expect((await fleet.run("server bootstrap")).exitCode).toBe(0);
    const installed = fleet.recording.all.filter(({ command }) => command.includes("get.docker.com"));
    expect(installed.map(({ host }) => host)).toEqual(["two"]);
    expect(await fleet.hookLog()).toEqual(["docker-setup one,two,three server bootstrap"]);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
    await fleet.run("server bootstrap");
    expect(await fleet.hookLog()).toHaveLength(2);
  });

  test("where it may not, the host is named, and the lock is free again", async () => {
    const fleet = new EverydayFleet();
    fleet.server("two").docker = false;
    fleet.server("two").mayInstall = false;
    const { exitCode, err } = await fleet.run("server bootstrap");
    expect(exitCode).toBe(1);
    expect(err).toContain("two: Docker is not installed");
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });
});

describe("prune", () => {
  const old = () => {
    const fleet = new EverydayFleet();
    const server = fleet.server("two");
    const [current] = server.containers.splice(0);
    for (const version of ["a", "b", "c", "d", "e", "f"]) server.started(`app-web-${version}`, false);
    if (current !== undefined) server.containers.unshift(current);
    return fleet;
  };
  const kept = (fleet: EverydayFleet) =>
    fleet.server("two").containers.map(({ name }) => name.slice("app-web-".length));

  test.each([
    ["all", ["v1", "f", "e", "d", "c", "b"], true],
    ["containers", ["v1", "f", "e", "d", "c", "b"], false],
    ["containers --retain 1", ["v1", "f"], false],
    ["images", ["v1", "f", "e", "d", "c", "b", "a"], true],
  ])("%s", async (words, versions, images) => {
    const fleet = old();
    expect((await fleet.run(`prune ${words}`)).exitCode).toBe(0);
    expect(kept(fleet)).toEqual(versions);
    expect(fleet.lines("two").some((line) => line.startsWith("docker image prune"))).toBe(images);
    expect(fleet.lines("two").includes("audit: Pruned images")).toBe(images);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("what cannot be removed is a failure, other than after a deploy", async () => {
    const fleet = old();
    fleet.script(/^docker image prune/, { exitCode: 1, stderr: "daemon is busy" }, "two");
    const { exitCode, err } = await fleet.run("prune all");
    expect(exitCode).toBe(1);
    expect(err).toContain("daemon is busy");
    expect(fleet.lines("one").filter((line) => line.startsWith("docker image"))).toHaveLength(2);
  });

  test("none at all are not kept", async () => {
    const fleet = old();
    expect((await fleet.run("prune containers --retain 0")).exitCode).toBe(2);
    expect(fleet.recording.all).toEqual([]);
  });
});

describe("lock", () => {
  const LOCK_STAT = /^if test -d/;

  test("status says in words who has it", async () => {
    const fleet = new EverydayFleet();
    expect((await fleet.run("lock status -q")).out).toBe("There is no deploy lock.\n");
    fleet.script(LOCK_STAT, {
      stdout: "beat abc 7\ndetails\nLocked by: ann at noon\nVersion: v1\nMessage: Automatic deploy lock\n",
    });
    expect((await fleet.run("lock status -q")).out).toBe(
      "Locked by ann at noon, for version v1.\nMessage: Automatic deploy lock\nIts last sign of life was 7 s ago.\n",
    );
    expect(new Set(fleet.recording.all.map(({ host }) => host))).toEqual(new Set(["one"]));
  });

  test("it is on the one host, whatever is selected", async () => {
    const fleet = new EverydayFleet();
    await fleet.run("lock status -h three");
    expect(fleet.recording.all.map(({ host }) => host)).toEqual(["one"]);
  });

  test("acquire takes it as the original does, so that it never goes stale", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/mkdir \.kamal\/lock-app/, {});
    expect((await fleet.run(["lock", "acquire", "-m", "moving\nhouse"])).out).toContain("The deploy lock is taken.\n");
    const lines = fleet.recording.on("one");
    expect(lines[0]).toBe("/usr/bin/env mkdir -p .kamal");
    const [, encoded = ""] =
      /^\/usr\/bin\/env mkdir \.kamal\/lock-app && echo "([^"]*)" > \.kamal\/lock-app\/details$/.exec(lines[1] ?? "") ??
      [];
    expect(Buffer.from(encoded, "base64").toString()).toMatch(
      /^Locked by: \S+ at \S+Z\nVersion: v2\nMessage: moving house$/,
    );
  });

  test("acquire fails when somebody has it, and says who", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/mkdir \.kamal\/lock-app/, { exitCode: 1, stderr: "mkdir: Das Verzeichnis existiert bereits" });
    fleet.script(LOCK_STAT, { stdout: "details\nLocked by: ann at noon\n" });
    const { exitCode, err } = await fleet.run("lock acquire -m mine");
    expect(exitCode).toBe(5);
    expect(err).toContain("Locked by ann at noon");
    expect(err).toContain("kdeploy lock release");
  });

  test("acquire that cannot write is no lock of somebody's", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/mkdir \.kamal\/lock-app/, { exitCode: 1, stderr: "read-only file system" });
    const { exitCode, err } = await fleet.run("lock acquire -m mine");
    expect(exitCode).toBe(1);
    expect(err).toContain("read-only file system");
  });

  test("acquire needs a message", async () => {
    const fleet = new EverydayFleet();
    expect((await fleet.run("lock acquire")).exitCode).toBe(2);
    expect((await fleet.run(["lock", "acquire", "-m", " "])).exitCode).toBe(2);
    expect(fleet.recording.all).toEqual([]);
  });

  test("release frees whoever's it is, and says whose it was", async () => {
    const fleet = new EverydayFleet();
    fleet.script(LOCK_STAT, { stdout: "details\nLocked by: ann at noon\n" });
    const { exitCode, out } = await fleet.run("lock release");
    expect(exitCode).toBe(0);
    expect(out).toContain("Locked by ann at noon");
    expect(out).toContain("The deploy lock is released.\n");
    expect(fleet.recording.on("one").at(-1)).toBe("/usr/bin/env rm .kamal/lock-app/details && rm -r .kamal/lock-app");
  });

  test("release of one that broke off half made", async () => {
    const fleet = new EverydayFleet();
    fleet.script(LOCK_STAT, { stdout: "details\n" });
    fleet.script(/rm \.kamal\/lock-app\/details/, { exitCode: 1, stderr: "No such file" });
    expect((await fleet.run("lock release")).exitCode).toBe(0);
    expect(fleet.recording.on("one").at(-1)).toBe("/usr/bin/env rm -rf .kamal/lock-app");
  });

  test("release of none is no failure", async () => {
    const fleet = new EverydayFleet();
    const { exitCode, out } = await fleet.run("lock release");
    expect(exitCode).toBe(0);
    expect(out).toContain("There is no deploy lock.\n");
    expect(fleet.recording.on("one")).toHaveLength(1);
  });
});

test("audit: the last entries of every host, in order; one without any is no failure", async () => {
  const fleet = new EverydayFleet();
  fleet.script(/tail -n 50/, { stdout: "[t] [ann] Booted\n" });
  fleet.script(/tail -n 50/, { exitCode: 1, stderr: "No such file" }, "two");
  const { exitCode, out } = await fleet.run("audit");
  expect(exitCode).toBe(0);
  expect(fleet.recording.on("one")).toEqual(["/usr/bin/env tail -n 50 .kamal/app-audit.log"]);
  expect(out.slice(out.indexOf("App Host"))).toBe(
    "App Host: one\n[t] [ann] Booted\n\nApp Host: two\nNothing recorded\n\nApp Host: three\n[t] [ann] Booted\n\n",
  );
});

test("details: proxy, app, accessories", async () => {
  const fleet = new EverydayFleet({ config: WITH_ACCESSORIES });
  fleet.script(/^docker ps/, { stdout: "listed" });
  const { out } = await fleet.run("details");
  expect(out.match(/^\S+(?: \w+)? Host: \w+/gm)).toEqual([
    "Proxy Host: one",
    "Proxy Host: two",
    "Proxy Host: three",
    "App Host: one",
    "App Host: two",
    "App Host: three",
    "App Host: three",
    "Accessory db Host: two",
    "Accessory admin Host: one",
  ]);
  expect(fleet.recording.on("two").at(-1)).toBe("docker ps --filter label=service=app-db");
});

describe("remove", () => {
  const gist = (line: string): string[] => {
    const known: [RegExp, string][] = [
      [/kamal-proxy remove (\S+)/, "route of $1"],
      [/^docker container stop (\S+)|^docker stop/, "stop $1"],
      [/^docker container prune --force .*title=kamal-proxy/, "proxy"],
      [/^docker container prune --force .*role=(\w+)/, "containers of $1"],
      [/^docker container prune --force --filter label=service=(\S+)$/, "container $1"],
      [/^docker image rm --force (\S+)/, "image $1"],
      [/rm -rf? (\S+)$/, "directory $1"],
      [/rm -f (\S+)$/, "file $1"],
      [/^docker logout/, "logout"],
    ];
    return known
      .flatMap(([pattern, words]) => {
        const match = pattern.exec(line);
        return match === null ? [] : [words.replace("$1", match[1] ?? "app").trim()];
      })
      .slice(0, 1);
  };

  test("everything, the proxy after the accessories that are behind it", async () => {
    const fleet = new EverydayFleet({ config: WITH_ACCESSORIES });
    fleet.script(/^\/usr\/bin\/env ls/, { stdout: "0\n" });
    const { exitCode } = await fleet.run("remove", { input: "y\n" });
    expect(exitCode).toBe(0);
    expect(fleet.lines("one").flatMap(gist)).toEqual([
      "route of app-web",
      "stop app",
      "containers of web",
      "directory .kamal/apps/app",
      "directory .kamal/proxy/apps-config/app",
      "route of app-admin",
      "stop app-admin",
      "container app-admin",
      "image admin",
      "directory app-admin",
      "file .kamal/apps/app/env/accessories/admin.env",
      "directory app-admin_replaced_*",
      "stop kamal-proxy",
      "proxy",
      "directory .kamal/proxy",
      "logout",
    ]);
    expect(fleet.lines("two").flatMap(gist)).toContain("container app-db");
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("asks once, and does nothing without a yes", async () => {
    const fleet = new EverydayFleet({ config: WITH_ACCESSORIES });
    const { exitCode, err } = await fleet.run("remove", { input: "n\n" });
    expect(exitCode).toBe(1);
    expect(err.match(/Are you sure/g)).toHaveLength(1);
    expect(fleet.recording.all).toEqual([]);
  });

  test("the proxy stays where other apps need it, and that is no failure", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/^\/usr\/bin\/env ls/, { stdout: "0\n" });
    fleet.script(/^\/usr\/bin\/env ls/, { stdout: "1\n" }, "two");
    const { exitCode, out } = await fleet.run("remove -y");
    expect(exitCode).toBe(0);
    expect(out).toContain("two: The proxy stays: other apps need it.");
    expect(fleet.lines("two").flatMap(gist)).not.toContain("proxy");
    expect(fleet.lines("one").flatMap(gist)).toContain("proxy");
  });

  test("what cannot be removed does not keep the rest, and is told at the end; a second run finishes it", async () => {
    const fleet = new EverydayFleet({ config: WITH_ACCESSORIES });
    fleet.script(/^\/usr\/bin\/env ls/, { stdout: "0\n" });
    fleet.host("two").trouble(/rm -rf app-db/, "fails");
    fleet.host("three").trouble(/prune --force .*role=web/, "fails");
    const { exitCode, err } = await fleet.run("remove -y");
    expect(exitCode).toBe(1);
    expect(err).toContain("two: /usr/bin/env rm -rf app-db exited 1");
    expect(err).toContain("three: docker container prune");
    expect(fleet.lines("two").flatMap(gist)).toContain("logout");
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
    expect((await fleet.run("remove -y")).exitCode).toBe(0);
  });

  test("accessories whose image others use, and a route that is gone, are no failure", async () => {
    const fleet = new EverydayFleet({ config: WITH_ACCESSORIES });
    fleet.script(/^docker image rm/, { exitCode: 1, stderr: "image is being used" });
    fleet.script(/kamal-proxy remove/, { exitCode: 1, stderr: "No such container: kamal-proxy" });
    const { exitCode, out } = await fleet.run("remove -y");
    expect(exitCode).toBe(0);
    expect(out).toContain("two: The image postgres:16 stays");
  });

  test("prunes of one host come one after the other, also with parallel roles", async () => {
    const fleet = new EverydayFleet({ config: `${THREE_HOSTS}\nboot: { parallel_roles: true }` });
    let busy = 0;
    let most = 0;
    const host = fleet.host("three");
    const run = host.run.bind(host);
    host.run = async (command, options) => {
      if (!/prune/.test(command)) return run(command, options);
      busy += 1;
      most = Math.max(most, busy);
      const result = await run(command, options);
      busy -= 1;
      return result;
    };
    expect((await fleet.run("remove -y")).exitCode).toBe(0);
    expect(most).toBe(1);
  });

  test("a dry run asks nothing and changes nothing", async () => {
    const fleet = new EverydayFleet({ config: WITH_ACCESSORIES });
    const { exitCode, out } = await fleet.run("remove --dry-run");
    expect(exitCode).toBe(0);
    expect(out).toContain("would run on two: /usr/bin/env rm -rf app-db");
    expect(
      fleet.recording.all.filter(
        ({ command }) => !/^docker container ls|ls \.kamal|^if test -d|kamal-proxy list$/.test(command),
      ),
    ).toEqual([]);
  });
});
