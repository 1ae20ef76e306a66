import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EverydayFleet } from "../../../support/everyday-fleet.ts";
import {
  accessoryContainer,
  idOf,
  type PrintedHost,
  printed,
  roleContainer,
  route,
} from "../../../support/printed-inventory.ts";
import { THREE_HOSTS } from "../../../support/simulated-fleet.ts";
import { completed } from "../../config/written-config.ts";

/** What stays when `three` and `jobs` have left. */
const AFTER = THREE_HOSTS.replace("[one, two, three]", "[one, two]").replace(/ {2}jobs: .*\n/, "");
const INVENTORY = /@@ home/;

/** A fleet that was deployed to with `before`, whose project has `after` now, and what its hosts have. */
async function fleetWith(after: string, hosts: Readonly<Record<string, PrintedHost>>, before = THREE_HOSTS) {
  const fleet = new EverydayFleet({ config: before });
  const file = join(await fleet.directory(), "config/deploy.yml");
  writeFileSync(file, completed(after));
  for (const [host, there] of Object.entries(hosts)) fleet.script(INVENTORY, { stdout: printed(there) }, host);
  // The simulated server gave its containers other ids.
  fleet.script(/Running.*app-(?:web|jobs)-v1/, { stdout: `${idOf("app-web-v1").slice(0, 12)}\n` });
  return { fleet, file };
}

function serving(host: string, more: PrintedHost = {}, cmd: readonly string[] = ["serve"]): PrintedHost {
  const web = roleContainer("web", host, { cmd });
  return { containers: [web], routes: [route("app-web", web)], hosts: "one web\ntwo web\nthree jobs,web\n", ...more };
}

const jobs = roleContainer("jobs", "three", { cmd: ["work"] });
const webOnThree = roleContainer("web", "three");
const THREE: PrintedHost = {
  containers: [jobs, webOnThree],
  routes: [route("app-web", webOnThree)],
  paths: [".kamal/apps/app/env/roles/jobs.env", ".kamal/apps/app/env/roles/web.env"],
};

/** Of a host, without questions and audit lines. */
function changes(fleet: EverydayFleet, host: string): string[] {
  return fleet
    .lines(host)
    .filter(
      (line) =>
        !/^audit: |^docker (?:ps|image ls|inspect|container ls)|@@ home|if test -d|--help|kamal-proxy list|wc -l|^sh -c|env sh -c/.test(
          line,
        ),
    )
    .filter((line) => line !== "" && !line.includes("releases.new"));
}

describe("diff", () => {
  test("tells every difference with what would be done, takes no lock, changes nothing, and ends with 0", async () => {
    const { fleet } = await fleetWith(AFTER, { one: serving("one"), two: serving("two"), three: THREE });
    const { exitCode, out } = await fleet.run("diff", { env: {} });
    expect(exitCode).toBe(0);
    expect(out).toContain("three  The role jobs left the configuration; its containers are here still: 1 running.");
    expect(out).toContain("reconcile takes its route away, then stops and removes them");
    expect(out).toContain("three left the configuration; files of the app are there still.");
    expect(out).toMatch(/4 differences\.\n$/);
    expect(
      fleet.recording.all
        .map(({ command }) => command)
        .filter((line) => !INVENTORY.test(line) && !line.startsWith("git ")),
    ).toEqual([]);
  });

  test("ends with 1 when one asks for it, and with 0 when nothing differs", async () => {
    const { fleet } = await fleetWith(AFTER, { one: serving("one"), two: serving("two"), three: {} });
    expect(await fleet.run("diff --exit-code")).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining("Nothing differs.") as string,
    });
    fleet.script(INVENTORY, { stdout: printed(serving("two", { routes: [] })) }, "two");
    expect((await fleet.run("diff --exit-code")).exitCode).toBe(1);
  });

  test("is an event each for programs", async () => {
    const { fleet } = await fleetWith(AFTER, { one: serving("one"), two: serving("two", { routes: [] }), three: {} });
    const { out } = await fleet.run("diff --json");
    const events = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string });
    expect(events.filter(({ event }) => event === "differs")).toEqual([
      {
        event: "differs",
        time: expect.any(String) as string,
        host: "two",
        subject: "app-web",
        kind: "route-missing",
        text: "The proxy has no route to app-web.",
        remedy: "reconcile tells the proxy anew",
      },
    ]);
  });

  test("shows no value of a variable, not even with everything that commands print", async () => {
    const env = ["TOKEN=old-value", "PLAIN=old-plain"];
    const web = roleContainer("web", "one", { env });
    const config = AFTER.replace("[one, two]", "[one]").concat(
      "env: { clear: { PLAIN: new-plain }, secret: [TOKEN] }\n",
    );
    const { fleet, file } = await fleetWith(config, { one: { containers: [web], routes: [route("app-web", web)] } });
    const secrets = join(file, "../../.kamal");
    const { mkdirSync } = await import("node:fs");
    mkdirSync(secrets, { recursive: true });
    writeFileSync(join(secrets, "secrets"), "TOKEN=new-value\n");
    for (const words of ["diff -v", "diff --json", "diff"]) {
      const { err, out } = await fleet.run(words);
      expect(out).toContain("env PLAIN changed, secret TOKEN changed");
      expect(out + err).not.toMatch(/(?:old|new)-(?:value|plain)/);
    }
  });

  test("a host that cannot be asked is an error, after what the others have; a former one is none", async () => {
    const { fleet } = await fleetWith(AFTER, { one: serving("one", { routes: [] }), two: serving("two") });
    fleet.host("two").trouble(INVENTORY, "unreachable");
    const failed = await fleet.run("diff");
    expect(failed.exitCode).toBe(6);
    expect(failed.out).toContain("The proxy has no route to app-web.");
    fleet.host("three").trouble(INVENTORY, "unreachable");
    const former = await fleet.run("diff");
    expect(former.exitCode).toBe(0);
    expect(former.out).toContain("three left the configuration, and cannot be asked what is there");
    expect(former.out).toContain("reconcile --forget three");
  });

  test("a server without Docker is no server without containers", async () => {
    const { fleet } = await fleetWith(AFTER, { one: serving("one"), three: {} });
    fleet.script(INVENTORY, { stdout: printed({}).replace(/json-file.*\n/, "\n") }, "two");
    const { err, exitCode } = await fleet.run("diff");
    expect(exitCode).toBe(1);
    expect(err).toContain("two: Docker does not answer");
  });

  test("of certain hosts does not look at those that left", async () => {
    const { fleet } = await fleetWith(AFTER, { one: serving("one"), two: serving("two"), three: THREE });
    expect((await fleet.run("diff --hosts one,two --roles web")).out).toContain("three left the configuration;");
    expect((await fleet.run("diff --hosts one")).out).toContain("Nothing differs.");
  });

  test("a lock that was left behind is told; one that is in use says that things may change", async () => {
    const lock = (age: number) =>
      `beat abc ${age}\ndetails\nLocked by: ann at now\nVersion: v1\nMessage: Automatic deploy lock`;
    const { fleet } = await fleetWith(AFTER, {
      one: serving("one", { lock: lock(900) }),
      two: serving("two"),
      three: {},
    });
    expect((await fleet.run("diff")).out).toContain(
      "one  The deploy lock was left behind. Locked by ann at now, for version v1.",
    );
    fleet.script(INVENTORY, { stdout: printed(serving("one", { lock: lock(3) })) }, "one");
    const { out } = await fleet.run("diff");
    expect(out).toContain("what follows may change");
    expect(out).toContain("Nothing differs.");
  });
});

describe("reconcile", () => {
  test("a host that left: route, containers, images, files and proxy go in this order, and it is forgotten everywhere", async () => {
    const { fleet } = await fleetWith(AFTER, { one: serving("one"), two: serving("two"), three: THREE });
    expect((await fleet.run("reconcile -y")).exitCode).toBe(0);
    expect(changes(fleet, "three")).toEqual([
      "docker exec kamal-proxy kamal-proxy remove app-web",
      "docker stop -t 1 app-jobs-v1",
      "docker container rm --force --volumes app-jobs-v1",
      "docker stop -t 1 app-web-v1",
      "docker container rm --force --volumes app-web-v1",
      "docker image prune --all --force --filter label=service=app",
      "/usr/bin/env rm -rf .kamal/proxy/apps-config/app .kamal/apps/app",
      "docker container stop kamal-proxy",
      expect.stringMatching(/^docker container prune --force --filter label=\S+kamal-proxy/) as string,
      expect.stringMatching(/^docker image prune --all --force --filter label=\S+kamal-proxy/) as string,
      "/usr/bin/env rm -r .kamal/proxy",
    ]);
    for (const host of ["one", "two"])
      expect(changes(fleet, host)).toEqual([expect.stringMatching(/awk -v host=three/) as string]);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("a container that changed is booted anew with its version on its host alone, and tells who is asked what happens", async () => {
    const config = AFTER.replace("[one, two]", "[one, two]");
    const { fleet } = await fleetWith(config, { one: serving("one", {}, ["old"]), two: serving("two"), three: {} });
    const { exitCode, out } = await fleet.run("reconcile", { input: "y\n", tty: true });
    expect(exitCode).toBe(0);
    expect(out).toContain("app-web-v1 is not as it would be run now: cmd changed.");
    expect(fleet.state()).toEqual(new EverydayFleet().state());
    const runs = fleet.recording.all.filter(({ command }) => command.startsWith("docker run"));
    expect(runs.map(({ host }) => host)).toEqual(["one"]);
    expect(runs[0]?.command).toContain("--name app-web-v1 ");
    expect(fleet.server("one").live.get("app-web")).not.toBe(idOf("app-web-v1"));
    const steps = fleet.lines("one").join("\n");
    expect(steps.indexOf("--prepare ")).toBeLessThan(steps.indexOf("kamal-proxy commit"));
  });

  test("a new container that does not get healthy leaves everything as it is, and removes no orphan", async () => {
    const { fleet } = await fleetWith(AFTER, { one: serving("one", {}, ["old"]), two: serving("two"), three: THREE });
    fleet.server("one").behaviour = (name) => ({ unhealthy: name === "app-web-v1" });
    const { exitCode } = await fleet.run("reconcile -y");
    expect(exitCode).toBe(1);
    expect(fleet.state()).toEqual(new EverydayFleet().state());
    expect(changes(fleet, "three")).toEqual([]);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("a route that is missing is told anew to the container that runs", async () => {
    const { fleet } = await fleetWith(AFTER, { one: serving("one"), two: serving("two", { routes: [] }), three: {} });
    fleet.script(/kamal-proxy deploy app-web .*--target/, {});
    expect((await fleet.run("reconcile -y")).exitCode).toBe(0);
    expect(changes(fleet, "two")).toEqual([
      expect.stringMatching(
        /^docker exec kamal-proxy kamal-proxy deploy app-web --target="[0-9a-f]{12}:80" --host="app.example.com"/,
      ) as string,
      expect.stringMatching(/awk -v host=three/) as string,
    ]);
  });

  test("an accessory that changed restarts after a question that says so; --only leaves it alone", async () => {
    const config = `${AFTER}accessories: { db: { image: 'db:2', host: two, cmd: serve } }\n`;
    const db = accessoryContainer("app-db", "two");
    const two = serving("two");
    const hosts = { one: serving("one"), two: { ...two, containers: [...(two.containers ?? []), db] }, three: {} };
    const { fleet } = await fleetWith(config, hosts);
    const declined = await fleet.run("reconcile", { input: "n\n", tty: true });
    expect(declined.exitCode).toBe(1);
    expect(declined.out + declined.err).toContain("These accessories restart: app-db on two.");
    expect(changes(fleet, "two")).toEqual([]);
    expect((await fleet.run("reconcile -y --only app,orphans")).out).toContain("One difference is left to you.");
    expect(fleet.recording.on("two").filter((line) => line.includes("app-db") && !INVENTORY.test(line))).toEqual([]);
  });

  test("a proxy that changed is replaced with --proxy only", async () => {
    const config = AFTER.replace("host: app.example.com", "host: app.example.com, run: { http_port: 8080 }");
    const { fleet } = await fleetWith(config, { one: serving("one"), two: serving("two"), three: {} });
    const told = await fleet.run("reconcile -y");
    expect(told.out).toContain("2 differences are left to you.");
    expect(fleet.recording.all.filter(({ command }) => /run --name kamal-proxy/.test(command))).toEqual([]);
    expect((await fleet.run("reconcile -y --proxy")).exitCode).toBe(0);
    const replaced = fleet.recording.all.filter(({ command }) => /run --name kamal-proxy/.test(command));
    expect(replaced.map(({ host }) => host)).toEqual(["one", "two"]);
  });

  test("a dry run asks nothing, changes nothing, and says what would run", async () => {
    const { fleet } = await fleetWith(AFTER, { one: serving("one", {}, ["old"]), two: serving("two"), three: THREE });
    const { exitCode, out } = await fleet.run("reconcile --dry-run");
    expect(exitCode).toBe(0);
    expect(out).toContain("would run on three: docker exec kamal-proxy kamal-proxy remove app-web");
    expect(out).toContain("would run on one: docker run --detach");
    for (const host of ["one", "two", "three"]) expect(changes(fleet, host)).toEqual([]);
    expect(fleet.state()).toEqual(new EverydayFleet().state());
  });

  test("nothing is changed while a host of the configuration cannot be asked", async () => {
    const { fleet } = await fleetWith(AFTER, { one: serving("one"), three: THREE });
    fleet.host("two").trouble(INVENTORY, "unreachable");
    expect((await fleet.run("reconcile -y")).exitCode).toBe(6);
    expect(changes(fleet, "three")).toEqual([]);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("a host that is gone for good is forgotten when one asks for it; one of the configuration is not", async () => {
    const { fleet, file } = await fleetWith(AFTER, { one: serving("one"), two: serving("two") });
    fleet.host("three").trouble(INVENTORY, "gone-for-good");
    expect((await fleet.run("reconcile -y")).out).toContain("One difference is left to you.");
    expect(changes(fleet, "one")).toEqual([]);
    expect((await fleet.run("reconcile -y --forget three")).exitCode).toBe(0);
    expect(changes(fleet, "one")).toEqual([expect.stringMatching(/awk -v host=three/) as string]);
    expect(await fleet.run("reconcile -y --forget two")).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("--forget two") as string,
    });
    expect(readFileSync(file, "utf8")).toContain("two");
  });

  test("a host that has another name now is forgotten by its former one, and nothing on it is touched", async () => {
    const one = { ...serving("one"), engine: "E1", paths: [".kamal/apps/app/env/roles/web.env"] };
    const { fleet } = await fleetWith(AFTER, { one, two: serving("two"), three: one });
    const { exitCode, out } = await fleet.run("reconcile -y");
    expect(exitCode).toBe(0);
    expect(out).toContain("three left the configuration, but is the same server as one.");
    expect(changes(fleet, "three")).toEqual([]);
    expect(changes(fleet, "one")).toEqual([expect.stringMatching(/awk -v host=three/) as string]);
  });

  test("files that a container may use which is not to be made anew stay with it", async () => {
    const unused = { paths: [".kamal/apps/app/assets/volumes/web-v1"] };
    const { fleet } = await fleetWith(AFTER, {
      one: serving("one", unused, ["old"]),
      two: serving("two", unused),
      three: {},
    });
    expect((await fleet.run("reconcile -y --only orphans")).exitCode).toBe(0);
    const removal = "/usr/bin/env rm -rf .kamal/apps/app/assets/volumes/web-v1";
    expect(changes(fleet, "one")).not.toContain(removal);
    expect(changes(fleet, "two")).toContain(removal);
    expect((await fleet.run("reconcile -y")).exitCode).toBe(0);
    expect(changes(fleet, "one")).toContain(removal);
  });

  test("what is stopped gets the time of its role", async () => {
    const config = AFTER.replace(/(servers:\n)/, "$1  work: { hosts: [two], stop_timeout: 300, cmd: serve }\n");
    const work = (host: string, version: string) => roleContainer("work", host, { version });
    const stale = { ...work("two", "v0"), details: { ...work("two", "v0").details, image: "sha256:0" } };
    const two = serving("two");
    const { fleet } = await fleetWith(config, {
      one: serving("one", {
        containers: [...(serving("one").containers ?? []), work("one", "v1")],
        paths: [".kamal/apps/app/env/roles/work.env"],
      }),
      two: { ...two, containers: [...(two.containers ?? []), work("two", "v1"), stale] },
      three: {},
    });
    fleet.script(/^docker (?:stop|container rm) .*app-work-v\d$/, {});
    expect((await fleet.run("reconcile -y")).exitCode).toBe(0);
    expect(changes(fleet, "one")).toContain("docker stop -t 300 app-work-v1");
    expect(changes(fleet, "two")).toContain("docker stop -t 300 app-work-v0");
  });

  test("an accessory that left keeps its anonymous volumes", async () => {
    const db = accessoryContainer("app-db", "two");
    const paths = [".kamal/apps/app/env/accessories/db.env"];
    const two = serving("two");
    const { fleet } = await fleetWith(AFTER, {
      one: serving("one"),
      two: { ...two, containers: [...(two.containers ?? []), db], paths },
      three: {},
    });
    fleet.script(/docker ps --all --filter label=service=app-db/, { stdout: "app-db\n" }, "two");
    fleet.script(/^docker (?:stop|container rm) .*app-db$/, {}, "two");
    expect((await fleet.run("reconcile -y")).exitCode).toBe(0);
    expect(changes(fleet, "two")).toContain("docker container rm --force app-db");
  });

  test("an unknown part is a mistake of the command line", async () => {
    const { fleet } = await fleetWith(AFTER, {});
    const { err, exitCode } = await fleet.run("reconcile --only app,orphan");
    expect(exitCode).toBe(2);
    expect(err).toContain("there is no part orphan");
  });
});
