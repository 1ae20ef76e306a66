/** Every command of a deploy goes wrong once, in every way; whatever it was, all hosts serve one version afterwards. */
import { describe, expect, test } from "vitest";
import type { Trouble } from "../../support/recording-host.ts";
import { complaints, deploy, failureOf, NEW, OLD, stateWithoutTold } from "../../support/simulated-deploy.ts";
import { type FleetOptions, SimulatedFleet, THREE_HOSTS } from "../../support/simulated-fleet.ts";

const TROUBLES: readonly Trouble[] = ["fails", "lost", "unreachable"];
/** What a deploy cannot do without. */
const NEEDED = /docker (?:run --detach --restart|pull|login|version)|--prepare |commit/;

type Variant = {
  readonly how: string;
  readonly options: FleetOptions;
  readonly onePhase?: boolean;
  /** Whose commands go wrong. The third host has both roles. */
  readonly hosts: readonly string[];
};

const VARIANTS: readonly Variant[] = [
  { how: "all hosts at a time", options: {}, hosts: ["one", "two", "three"] },
  { how: "in groups", options: { config: `${THREE_HOSTS}boot: { limit: 1 }\n` }, hosts: ["three"] },
  {
    how: "with all roles at a time",
    options: { config: `${THREE_HOSTS}boot: { parallel_roles: true }\n` },
    hosts: ["three"],
  },
  { how: "with proxies that cannot prepare", options: {}, onePhase: true, hosts: ["three"] },
];

function made({ options, onePhase = false }: Variant): SimulatedFleet {
  const fleet = new SimulatedFleet(options);
  for (const server of fleet.servers.values()) server.twoPhase = !onePhase;
  return fleet;
}

/** The commands of a normal run on a host. */
async function commandsOn(host: string, variant: Variant): Promise<string[]> {
  const fleet = made(variant);
  await deploy(fleet);
  return fleet.recording.on(host);
}

describe.each(VARIANTS)("$how", (variant) => {
  describe.each(TROUBLES)("when a command %s", (trouble) => {
    test.each(variant.hosts)(
      "on %s, every host has the old version or every host the new one [CLI-02] [CLI-03]",
      async (host) => {
        const ends = { old: 0, new: 0 };
        for (const [number, command] of (await commandsOn(host, variant)).entries()) {
          const fleet = made(variant);
          fleet.host(host).trouble(number, trouble);
          const error = await failureOf(fleet);
          const isOld = fleet.server("two").serving("app-web") === "app-web-v1";
          ends[isOld ? "old" : "new"] += 1;
          const wentOn = NEEDED.test(command) && (error === undefined || !isOld) ? ["it went on"] : [];
          expect([...complaints(fleet, error !== undefined), ...wentOn], `${trouble} at ${number}: ${command}`).toEqual(
            [],
          );
        }
        expect(ends.old).toBeGreaterThan(10);
        expect(ends.new).toBeGreaterThan(3);
      },
    );
  });

  test("cancelled at any command it stops, with all hosts alike and no lock left [CLI-04]", async () => {
    const normal = made(variant);
    await deploy(normal);
    const ends = { old: 0, new: 0 };
    for (const [number, { command, host }] of normal.recording.all.entries()) {
      const fleet = made(variant);
      fleet.recording.onCommand = (now) => {
        if (now === number) fleet.stop.abort();
      };
      const error = await failureOf(fleet);
      ends[fleet.server("one").serving("app-web") === "app-web-v1" ? "old" : "new"] += 1;
      // When the last command goes out, the lock's release, all is done.
      const wrong = error === undefined || error.exitCode === 130 ? [] : [error.code];
      expect([...complaints(fleet, true), ...wrong], `cancelled at ${number}: ${command} on ${host}`).toEqual([]);
    }
    expect(ends.old).toBeGreaterThan(40);
    expect(ends.new).toBeGreaterThan(15);
  });
});

test.each(TROUBLES)(
  "a deploy of the version that runs never leaves a host without it, when a command %s [CLI-19]",
  async (trouble) => {
    const variant = { how: "", options: { version: "v1" }, hosts: [] };
    for (const [number, command] of (await commandsOn("two", variant)).entries()) {
      const fleet = made(variant);
      fleet.host("two").trouble(number, trouble);
      await failureOf(fleet);
      expect(stateWithoutTold(fleet), `${trouble} at ${number}: ${command}`).toEqual(OLD);
    }
  },
);

test("a host that is lost for good keeps serving, and the others agree among themselves [CLI-02]", async () => {
  const variant = { how: "", options: {}, hosts: [] };
  for (const [number, command] of (await commandsOn("two", variant)).entries()) {
    const fleet = made(variant);
    fleet.host("two").trouble(number, "gone-for-good");
    const error = await failureOf(fleet);
    const what = `gone at ${number}: ${command}`;
    expect(complaints(fleet, error !== undefined, "two"), what).toEqual([]);
    expect(fleet.server("two").serving("app-web"), what).toMatch(/^app-web-v[12]$/);
  }
});

test("it is said when nobody knows what a host serves, and nothing that may serve is removed", async () => {
  const fleet = new SimulatedFleet();
  fleet.host("two").trouble(/kamal-proxy commit/, "lost");
  fleet.host("two").trouble(/kamal-proxy revert/, "gone-for-good");
  const error = await failureOf(fleet);
  expect(error).toMatchObject({ code: "connection-lost", host: "two" });
  expect(fleet.said().join("\n")).toContain("two: web: it is not known whether v2 or v1 serves.");
  expect(fleet.said().join("\n")).toContain("one: web: runs v1, as before.");
  expect(fleet.server("one").serving("app-web")).toBe("app-web-v1");
  expect(fleet.server("two").serving("app-web")).toBe("app-web-v2");
});

test("a command that hangs is ended by a cancellation, and it is said what each host runs [CLI-04]", async () => {
  const fleet = new SimulatedFleet();
  fleet.host("two").trouble(/--prepare /, "hangs");
  setTimeout(() => fleet.stop.abort(), 20);
  expect(await failureOf(fleet)).toMatchObject({ code: "cancelled" });
  expect(fleet.state()).toEqual(OLD);
  expect(fleet.said()).toContain("two: web: runs v1, as before.");
});

test("a lock that is lost stops the deploy before it switches [C3]", async () => {
  const fleet = new SimulatedFleet();
  fleet.recording.onCommand = (_, { command }) => {
    if (command.includes("--prepare ")) fleet.server("one").lock = "somebodyelse";
  };
  expect(await failureOf(fleet)).toMatchObject({ code: "lock-lost", exitCode: 5 });
  expect(fleet.state()).toEqual([...OLD.slice(0, 2), "one is locked", ...OLD.slice(2)]);
});

test("cancelled once it switches, it switches all: what state a host is in is never left to chance [CLI-04]", async () => {
  const fleet = new SimulatedFleet();
  fleet.recording.onCommand = (_, { command }) => {
    if (command.includes("kamal-proxy commit")) fleet.stop.abort();
  };
  expect(await failureOf(fleet)).toMatchObject({ code: "cancelled", exitCode: 130 });
  expect(fleet.state()).toEqual(NEW);
  expect(fleet.said()).toContain("Every host runs v2; what was to follow was not finished.");
});

test("what is given up is asked to end before it is removed", async () => {
  const fleet = new SimulatedFleet();
  fleet.host("two").trouble(/--prepare /, "fails");
  await failureOf(fleet);
  const ends = fleet.recording.on("one").filter((command) => /^docker (?:stop|container rm)/.test(command));
  expect(ends).toEqual(["docker stop app-web-v2", "docker container rm --force app-web-v2"]);
});
