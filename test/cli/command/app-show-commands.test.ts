import { describe, expect, test } from "vitest";
import { EverydayFleet } from "../../support/everyday-fleet.ts";

const FILTERS = "--filter label=service=app --filter label=destination=";
const WEB = `${FILTERS} --filter label=role=web`;

describe("what is there", () => {
  test.each([
    ["details -h one", `docker ps ${WEB}`],
    ["containers -h one", `docker container ls --all ${FILTERS}`],
    ["images -h one", "docker image ls acme/app"],
  ])("app %s", async (words, line) => {
    const fleet = new EverydayFleet();
    fleet.script(/^docker (?:ps|container|image)/, { stdout: "NAMES\n  app-web-v1\n" });
    const { exitCode, out } = await fleet.run(`app ${words}`);
    expect(exitCode).toBe(0);
    expect(fleet.recording.on("one")).toEqual([line]);
    expect(out).toContain("App Host: one\nNAMES\n  app-web-v1\n\n");
  });

  test("every role of a host is told of, hosts in order whoever answers first", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/role=jobs/, { stdout: "the jobs" });
    for (const host of ["one", "two", "three"]) fleet.script(/role=web/, { stdout: `the web of ${host}` }, host);
    const { out } = await fleet.run("app details");
    expect(out.slice(out.indexOf("App Host"))).toBe(
      ["one\nthe web of one", "two\nthe web of two", "three\nthe web of three", "three\nthe jobs"]
        .map((answer) => `App Host: ${answer}\n\n`)
        .join(""),
    );
  });

  test("app version is that of the containers, without the mark of one that was replaced", async () => {
    const fleet = new EverydayFleet();
    fleet.server("two").containers.length = 0;
    fleet.server("two").started("app-web-v1_replaced_0123456789abcdef");
    fleet.server("three").containers.length = 0;
    const { out } = await fleet.run("app version -q");
    expect(out).toBe("v1\nv1\n");
  });

  test("one host that cannot be reached is named; the others are shown", async () => {
    const fleet = new EverydayFleet();
    fleet.host("two").trouble(0, "unreachable");
    const { exitCode, err, out } = await fleet.run("app details");
    expect(exitCode).toBe(6);
    expect(err).toContain("two");
    expect(out).toContain("App Host: one");
    expect(out).toContain("App Host: three");
  });

  test("as events for programs", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/role=web/, { stdout: "the web" });
    const { out } = await fleet.run("app details -h one --json");
    const events = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events).toContainEqual(
      expect.objectContaining({ event: "host-output", title: "App Host", host: "one", text: "the web" }),
    );
    expect(events.at(-1)).toMatchObject({ event: "run-finished", exitCode: 0 });
  });
});

describe("app stale-containers", () => {
  const withStale = () => {
    const fleet = new EverydayFleet();
    fleet.server("two").started("app-web-v0");
    return fleet;
  };

  test("lists what runs beside the container that serves", async () => {
    const fleet = withStale();
    const { exitCode, out } = await fleet.run("app stale_containers");
    expect(exitCode).toBe(0);
    expect(out.match(/Stale container.*/g)).toEqual([expect.stringContaining("app-web-v0")]);
    expect(out).toContain("App Host: two");
    expect(fleet.lockSteps("one")).toEqual([]);
    expect(fleet.server("two").running()).toEqual(["app-web-v0", "app-web-v1"]);
  });

  test("with --stop stops it, under the lock", async () => {
    const fleet = withStale();
    expect((await fleet.run("app stale-containers -s")).exitCode).toBe(0);
    expect(fleet.server("two").running()).toEqual(["app-web-v1"]);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });
});

describe("app logs", () => {
  const lastLine = (fleet: EverydayFleet) =>
    fleet.recording
      .on("one")
      .at(-1)
      ?.replace(/^.*\| head -1 /, "");

  test.each([
    ["", "| xargs docker logs --timestamps --tail 100 2>&1"],
    ["-n 5", "| xargs docker logs --timestamps --tail 5 2>&1"],
    ["-s 10m", "| xargs docker logs --timestamps --since 10m 2>&1"],
    ["--grep 500", "| xargs docker logs --timestamps 2>&1 | grep '500'"],
    ["-g x --grep-options=-i -T", "| xargs docker logs 2>&1 | grep 'x' -i"],
    ["-n 5 -s 1h -g x", "| xargs docker logs --timestamps --since 1h --tail 5 2>&1 | grep 'x'"],
    ["-f", "| xargs docker logs --timestamps --tail 10 --follow 2>&1"],
    ["-f -s 5m", "| xargs docker logs --timestamps --since 5m --follow 2>&1"],
  ])("%s", async (options, line) => {
    const fleet = new EverydayFleet();
    fleet.script(/docker logs/, { stdout: "a line\n" });
    const { exitCode, out } = await fleet.run(`app logs -h one ${options}`.trim());
    expect(exitCode).toBe(0);
    expect(lastLine(fleet)).toBe(line);
    expect(out).toContain("a line\n");
  });

  test("of a container by its id", async () => {
    const fleet = new EverydayFleet();
    await fleet.run("app logs -h one --container-id abc123");
    expect(fleet.recording.on("one")).toEqual([
      "/usr/bin/env sh -c 'echo abc123' | xargs docker logs --timestamps --tail 100 2>&1",
    ]);
  });

  test("nothing found is said, where grep ends with an error", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/docker logs/, { exitCode: 1 });
    const { exitCode, out } = await fleet.run("app logs -h one -g nothing");
    expect(exitCode).toBe(0);
    expect(out).toContain("App Host: one\nNothing found\n");
  });

  test("following is of the primary role on the primary host, without a heading, until it is enough", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/docker logs/, { stdout: "first\nsecond\n" });
    const { out } = await fleet.run("app logs -f -q");
    expect(out).toBe("first\nsecond\n");
    expect(fleet.recording.all.map(({ host }) => host)).toEqual(["one"]);
  });
});
