import { describe, expect, test } from "vitest";
import { pullImage } from "../../../cli/execute/job/pull-image.ts";
import type { Work } from "../../../cli/execute/work.ts";
import type { Answer } from "../../support/recording-host.ts";
import { type FleetOptions, SimulatedFleet, THREE_HOSTS } from "../../support/simulated-fleet.ts";

const LOCAL = THREE_HOSTS.replace(/^registry: .*$/m, 'registry: { server: "localhost:5055" }');
const FOUR_HOSTS = THREE_HOSTS.replace("[one, two, three]", "[one, two, three, four]");
const MIRRORS = "docker info --format '{{json .RegistryConfig.Mirrors}}'";

function pullWith(fleet: SimulatedFleet, more: Partial<Work> = {}): Promise<void> {
  const work = fleet.work(more);
  return pullImage(work, { kind: "pull-image", version: "v2", hosts: work.selection.appHosts });
}

async function pulledFleet(options: FleetOptions = {}, mirrors: Record<string, string[]> = {}) {
  const fleet = new SimulatedFleet(options);
  for (const [host, list] of Object.entries(mirrors)) fleet.server(host).mirrors.push(...list);
  await pullWith(fleet);
  return fleet;
}

/** Hosts that pulled, those of one round sorted: a later round begins when the last of the one before has been checked. */
function rounds(fleet: SimulatedFleet): string[][] {
  const found: string[][] = [];
  let checking = true;
  for (const { host, command } of fleet.recording.all) {
    if (command.startsWith("docker pull")) {
      if (checking) found.push([]);
      checking = false;
      found.at(-1)?.push(host);
    } else if (command.startsWith("docker inspect -f")) checking = true;
  }
  return found.map((hosts) => hosts.toSorted());
}

/** What a host says to one command the first `times`, and then no more. */
function saysAtFirst(fleet: SimulatedFleet, host: string, pattern: RegExp, answer: Answer, times: number): void {
  const server = fleet.server(host);
  const known = server.answer.bind(server);
  let left = times;
  server.answer = (command, input) => {
    if (!pattern.test(command) || left === 0) return known(command, input);
    left -= 1;
    return answer;
  };
}

describe("pulling", () => {
  test("logs in, looks at the mirrors, notes it, pulls and checks the label, on every host", async () => {
    const fleet = await pulledFleet();
    const lines = fleet.recording.on("two").map((line) => (line.endsWith("audit.log") ? "audit" : line));
    // Those of a pair are sent at a time.
    expect(lines.slice(0, 2).toSorted()).toEqual([MIRRORS, 'docker login -u "deployer" --password-stdin'].toSorted());
    expect(lines.slice(2, 4).toSorted()).toEqual(["audit", "docker pull acme/app:v2"]);
    expect(lines.slice(4)).toEqual([
      expect.stringContaining("docker inspect -f '{{ .Config.Labels.service }}' acme/app:v2"),
    ]);
  });

  test("one host alone is not asked for mirrors", async () => {
    const fleet = await pulledFleet({ filters: { hosts: "two" } });
    expect(fleet.recording.on("two")).not.toContain(MIRRORS);
    expect(rounds(fleet)).toEqual([["two"]]);
  });

  test.each([
    ["without mirrors all pull at once", {}, [["four", "one", "three", "two"]]],
    [
      "one host of each mirror goes first, and those without a mirror wait for nobody",
      { one: ["https://a/"], two: ["https://b/", "https://a/"], three: ["https://a/"] },
      [["four", "one", "two"], ["three"]],
    ],
    [
      "the rest goes at once",
      { one: ["https://a/"], two: ["https://a/"], three: ["https://a/"], four: ["https://a/"] },
      [["one"], ["four", "three", "two"]],
    ],
    [
      "different mirrors need no order",
      { one: ["https://a/"], two: ["https://b/"] },
      [["four", "one", "three", "two"]],
    ],
  ])("mirrors: %s", async (_, mirrors, expected) => {
    const fleet = await pulledFleet({ config: FOUR_HOSTS }, mirrors);
    expect(rounds(fleet)).toEqual(expected);
  });

  test("mirrors: a host that cannot say has none", async () => {
    const fleet = new SimulatedFleet({ config: FOUR_HOSTS });
    for (const server of fleet.servers.values()) server.mirrors.push("https://a/");
    saysAtFirst(fleet, "two", /Mirrors/, { exitCode: 1, stderr: "template: no such field" }, 1);
    await pullWith(fleet);
    expect(rounds(fleet)).toEqual([
      ["one", "two"],
      ["four", "three"],
    ]);
  });

  test("mirrors: when the first of a mirror fails, the others do not begin", async () => {
    const fleet = new SimulatedFleet();
    for (const server of fleet.servers.values()) server.mirrors.push("https://a/");
    fleet.server("one").pullable = false;
    await expect(pullWith(fleet)).rejects.toMatchObject({ code: "command-failed", host: "one" });
    expect(rounds(fleet)).toEqual([["one"]]);
  });

  test("a login and a pull that a registry refuses for the moment are tried again, and it is said", async () => {
    const fleet = new SimulatedFleet();
    saysAtFirst(fleet, "one", /^docker login/, { exitCode: 1, stderr: "Error response from daemon: 503 Service" }, 2);
    saysAtFirst(fleet, "two", /^docker pull/, { exitCode: 1, stderr: "toomanyrequests: slow down" }, 1);
    await pullWith(fleet);
    expect(fleet.recording.on("one").filter((line) => line.startsWith("docker login"))).toHaveLength(3);
    expect(fleet.recording.on("two").filter((line) => line.startsWith("docker pull"))).toHaveLength(2);
    expect(fleet.said()).toEqual([
      "one: The login failed, and is tried again: Error response from daemon: 503 Service",
      "one: The login failed, and is tried again: Error response from daemon: 503 Service",
      "two: The pull failed, and is tried again: toomanyrequests: slow down",
    ]);
  });

  test("a registry on this machine is started, reached by all hosts while they pull, and by none afterwards", async () => {
    const fleet = await pulledFleet({ config: LOCAL });
    const gist = fleet.recording.all
      .filter(({ command }) => !command.endsWith("audit.log") && command !== MIRRORS)
      .map(({ host, command }) => `${host} ${command.split(" ").slice(0, 2).join(" ")}`);
    expect(gist[0]).toBe("localhost docker start");
    expect(gist.slice(1, 4)).toEqual(["one forward 5055", "two forward 5055", "three forward 5055"]);
    expect(gist.filter((line) => line.includes("forward")).length).toBe(6);
    expect(gist.slice(-3).toSorted()).toEqual(["one forward 5055", "three forward 5055", "two forward 5055"]);
    expect(gist.filter((line) => line.includes("docker login"))).toEqual([]);
    expect(gist.filter((line) => line.includes("docker pull"))).toHaveLength(3);
  });

  test("a dry run says what would be pulled where, and how it would be reached", async () => {
    const fleet = new SimulatedFleet({ config: LOCAL });
    await pullWith(fleet, { dryRun: true });
    expect(fleet.recording.all.map(({ command }) => command)).toEqual([MIRRORS, MIRRORS, MIRRORS]);
    const said = fleet.said();
    expect(said[0]).toContain("would run on localhost: docker start kamal-docker-registry");
    expect(said).toContain("two: would let port 5055 of two lead to the registry here");
    expect(said).toContain("two: would run on two: docker pull localhost:5055/acme/app:v2");
  });
});
