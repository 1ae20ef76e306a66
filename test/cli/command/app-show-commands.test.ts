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

  test("following is of every role on every host, each line with where it comes from [C15]", async () => {
    const fleet = new EverydayFleet();
    for (const host of ["one", "two", "three"]) fleet.script(/docker logs/, { stdout: `hello from ${host}\n` }, host);
    fleet.script(/label=role=jobs.*docker logs/, { stdout: "a job\n" });
    const { exitCode, out } = await fleet.run("app logs -f -q");
    expect(exitCode).toBe(0);
    expect(out.trim().split("\n").toSorted()).toEqual([
      "one web    | hello from one",
      "three jobs | a job",
      "three web  | hello from three",
      "two web    | hello from two",
    ]);
  });

  test("following with --primary is of the primary role on the primary host, and needs no names", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/docker logs/, { stdout: "first\nsecond\n" });
    const { out } = await fleet.run("app logs -f -q -p");
    expect(out).toBe("first\nsecond\n");
    expect(new Set(fleet.recording.all.map(({ host }) => host))).toEqual(new Set(["one"]));
    expect((await fleet.run("app logs -f -q -h three -r jobs")).out).toBe("first\nsecond\n");
  });

  test("following as events tells host and line apart", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/docker logs/, { stdout: "a line\n" });
    const { out } = await fleet.run("app logs -f -r web --json");
    const events = out.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as { event: string }]));
    expect(events.filter(({ event }) => event === "host-output")).toMatchObject(
      ["one", "two", "three"].map((host) => ({ title: "App Host", host, text: "a line" })),
    );
  });

  test("merged are the lines of all containers by their time, as many as asked for in all [C15]", async () => {
    const fleet = new EverydayFleet();
    const at = (second: number, text: string) => `2026-01-01T00:00:0${second}.000000000Z ${text}\n`;
    fleet.script(/docker logs/, { stdout: at(1, "a") + at(4, "d") + "  more of d\n" }, "one");
    fleet.script(/docker logs/, { stdout: at(2, "b") }, "two");
    fleet.script(/docker logs/, { stdout: at(3, "c") }, "three");
    const { out } = await fleet.run("app logs -r web --merged -T -q");
    expect(out).toBe("one web   | a\ntwo web   | b\nthree web | c\none web   | d\none web   |   more of d\n");
    expect((await fleet.run("app logs -r web --merged -q -n 2")).out).toBe(
      `one web   | ${at(4, "d")}one web   |   more of d\n`,
    );
    expect(lastLine(fleet)).toBe("| xargs docker logs --timestamps --tail 2 2>&1");
  });

  test("of the container that was replaced [C15]", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/docker logs/, { stdout: "last words\n" });
    const { out } = await fleet.run("app logs -h one --previous -n 5");
    expect(out).toContain("App Host: one\nlast words\n");
    expect(fleet.recording.on("one")).toEqual([
      `docker ps --all --quiet ${WEB} --filter status=exited --filter status=dead | head -1 | xargs docker logs --timestamps --tail 5 2>&1`,
    ]);
  });

  test.each(["--merged", "--previous"])("%s is not followed", async (option) => {
    const fleet = new EverydayFleet();
    expect(await fleet.run(`app logs -f ${option}`)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("do not go together") as string,
    });
  });
});
