import { describe, expect, test } from "vitest";
import { deploy, failureOf, gist, leftOver, NEW, OLD } from "../../support/simulated-deploy.ts";
import { type FleetOptions, SimulatedFleet, THREE_HOSTS } from "../../support/simulated-fleet.ts";

describe("a deploy", () => {
  test("starts and prepares everywhere, then switches everywhere, then stops what was", async () => {
    const fleet = new SimulatedFleet();
    await deploy(fleet);
    expect(fleet.state()).toEqual(NEW);
    expect(
      fleet.recording
        .on("three")
        .map(gist)
        .filter((one) => one !== "" && one !== "audit"),
    ).toEqual([
      "version",
      "login",
      "pull",
      "boot proxy",
      "ask proxy",
      "find container",
      "current version",
      "find container",
      "current version",
      "upload .kamal/apps/app/env/roles/web.env",
      "upload .kamal/apps/app/env/roles/jobs.env",
      "run app-web-v2",
      "prepare app-web",
      "run app-jobs-v2",
      "look at app-jobs-v2",
      "look at app-jobs-v2",
      "commit",
      "record release",
      "stop",
      "stop",
      "tag",
    ]);
    const order = fleet.recording.all.map(({ host, command }) => `${gist(command)} ${host}`);
    const last = (what: string) =>
      Math.max(...["one", "two", "three"].map((host) => order.lastIndexOf(`${what} ${host}`)));
    const first = (what: string) =>
      Math.min(...["one", "two", "three"].map((host) => order.indexOf(`${what} ${host}`)));
    expect(first("commit")).toBeGreaterThan(last("prepare app-web"));
    expect(first("commit")).toBeGreaterThan(order.indexOf("run app-jobs-v2 three"));
    expect(first("stop")).toBeGreaterThan(last("commit"));
    expect(order.filter((one) => one.endsWith("lock one"))).toEqual(["take lock one", "release lock one"]);
  });

  test("of the version that runs goes without a gap [CLI-19]", async () => {
    const fleet = new SimulatedFleet({ version: "v1" });
    await deploy(fleet);
    expect(fleet.state()).toEqual(OLD);
    const renamed = fleet.recording.on("two").find((command) => command.startsWith("docker rename"));
    expect(renamed).toMatch(/^docker rename app-web-v1 app-web-v1_replaced_[0-9a-f]{16}$/);
    expect(fleet.server("two").containers.map(({ name }) => name)).toEqual(["app-web-v1"]);
  });

  test("to new servers starts, and there is nothing to stop", async () => {
    const fleet = new SimulatedFleet({ serving: null });
    await deploy(fleet);
    expect(fleet.state()).toEqual(NEW);
    expect(fleet.recording.all.filter(({ command }) => command.startsWith("docker stop"))).toEqual([]);
  });

  test("passwords and env files go by stdin, never on a command line [CLI-13]", async () => {
    const fleet = new SimulatedFleet();
    await deploy(fleet);
    const logins = fleet.recording.all.filter(({ command }) => command.startsWith("docker login"));
    expect(logins.map(({ input }) => input)).toEqual(["hunter22", "hunter22", "hunter22"]);
    expect(JSON.stringify(fleet.recording.all.map(({ command }) => command))).not.toContain("hunter22");
    expect(JSON.stringify(fleet.events)).not.toContain("hunter22");
  });
});

describe("a container that does not come up [CLI-08]", () => {
  const onThree = (name: string, behaviour: object) => {
    const fleet = new SimulatedFleet({ limits: { watchPollMs: 1 } });
    fleet.server("three").behaviour = (one) => (one === name ? behaviour : {});
    return fleet;
  };

  test("a worker that exits is found out, with its exit code and log", async () => {
    const fleet = onThree("app-jobs-v2", { exits: { code: 3, restarts: 0 } });
    const error = await failureOf(fleet);
    expect(error).toMatchObject({
      code: "boot-failed",
      host: "three",
      message: "jobs did not come up on three: it exited with 3.",
    });
    expect(error?.details).toContain("  listening on 3000");
    expect(fleet.state()).toEqual(OLD);
    expect(leftOver(fleet)).toEqual([]);
  });

  test("a worker that crashes again and again never passes", async () => {
    const fleet = onThree("app-jobs-v2", { crashLoops: true });
    expect(await failureOf(fleet)).toMatchObject({
      code: "boot-failed",
      message: expect.stringMatching(/it ended, and was started anew \d times\./),
    });
    expect(fleet.state()).toEqual(OLD);
  });

  test("a worker that crashes after it was accepted stops the switch", async () => {
    const fleet = onThree("app-jobs-v2", {});
    // While it is started and accepted, and when it is looked at again.
    let looks = 0;
    fleet.server("three").behaviour = (name) => (name === "app-jobs-v2" && ++looks > 2 ? { crashLoops: true } : {});
    expect(await failureOf(fleet)).toMatchObject({ code: "boot-failed" });
    expect(fleet.state()).toEqual(OLD);
  });

  test("want of memory is named, and where to give it more", async () => {
    const error = await failureOf(onThree("app-jobs-v2", { exits: { code: 137, restarts: 3, outOfMemory: true } }));
    expect(error).toMatchObject({
      message: "jobs did not come up on three: it ran out of memory and was ended.",
      hint: "see memory under servers: jobs: options:",
    });
  });

  test("what the proxy says is explained, with the line to change", async () => {
    const error = await failureOf(onThree("app-web-v2", { unhealthy: true }));
    expect(error).toMatchObject({
      message: "web did not come up on three: nothing listens on port 80 in it.",
      hint: "see app_port: under proxy:",
    });
    expect(error?.details).toContain("  Error: target failed to become healthy: connection refused");
  });

  test("a web container that ends is not waited for until the proxy gives up", async () => {
    const fleet = onThree("app-web-v2", { exits: { code: 1, restarts: 3 } });
    fleet.host("three").trouble(/--prepare /, "hangs");
    expect(await failureOf(fleet)).toMatchObject({
      message: "web did not come up on three: it exited with 1, and was started anew 3 times.",
    });
    expect(fleet.state()).toEqual(OLD);
  });

  test("on several hosts, each is named", async () => {
    const fleet = new SimulatedFleet();
    for (const server of fleet.servers.values()) server.behaviour = () => ({ unhealthy: true });
    const error = await failureOf(fleet);
    expect(error).toMatchObject({ code: "several-hosts-failed", message: "3 hosts failed: one, two, three" });
    expect(error?.details.filter((line) => line.includes("did not come up"))).toHaveLength(3);
  });
});

describe("groups of hosts", () => {
  const config = `${THREE_HOSTS}boot: { limit: 1 }\n`;

  test("switch one after another, and old containers run until the last has switched", async () => {
    const fleet = new SimulatedFleet({ config });
    await deploy(fleet);
    const order = fleet.recording.all
      .map(({ host, command }) => `${gist(command)} ${host}`)
      .filter((one) => /^(?:prepare|commit|stop) /.test(one));
    expect(order).toEqual([
      "prepare app-web one",
      "commit one",
      "prepare app-web two",
      "commit two",
      "prepare app-web three",
      "commit three",
      "stop one",
      "stop two",
      "stop three",
      "stop three",
    ]);
    expect(fleet.state()).toEqual(NEW);
  });

  test("all go back when the last one fails", async () => {
    const fleet = new SimulatedFleet({ config });
    fleet.server("three").behaviour = (name) => (name === "app-web-v2" ? { unhealthy: true } : {});
    expect(await failureOf(fleet)).toMatchObject({ code: "boot-failed" });
    expect(fleet.state()).toEqual(OLD);
    expect(leftOver(fleet)).toEqual([]);
    expect(fleet.recording.on("one").map(gist)).toContain("revert");
  });
});

describe("with a proxy that cannot prepare [CLI-23]", () => {
  function fleetOf(options: FleetOptions = {}): SimulatedFleet {
    const fleet = new SimulatedFleet(options);
    for (const server of fleet.servers.values()) server.twoPhase = false;
    return fleet;
  }

  test("each host switches in one phase", async () => {
    const fleet = fleetOf();
    await deploy(fleet);
    expect(fleet.state()).toEqual(NEW);
    const sent = fleet.recording.on("one").filter((command) => /kamal-proxy (?:deploy app|commit|abort)/.test(command));
    expect(sent).toHaveLength(1);
    expect(sent[0]).not.toContain("--prepare");
  });

  test("a host that refuses takes the others back with it", async () => {
    const fleet = fleetOf();
    fleet.server("two").behaviour = (name) => (name === "app-web-v2" ? { unhealthy: true } : {});
    expect(await failureOf(fleet)).toMatchObject({ code: "boot-failed", host: "two" });
    expect(fleet.state()).toEqual(OLD);
    expect(leftOver(fleet)).toEqual([]);
  });

  test("beside one that can, it goes first: it is the one that may refuse", async () => {
    const fleet = new SimulatedFleet();
    fleet.server("two").twoPhase = false;
    fleet.server("two").behaviour = (name) => (name === "app-web-v2" ? { unhealthy: true } : {});
    expect(await failureOf(fleet)).toMatchObject({ code: "boot-failed", host: "two" });
    expect(fleet.recording.all.map(({ command }) => gist(command))).not.toContain("commit");
    expect(fleet.state()).toEqual(OLD);
  });
});

describe("a dry run", () => {
  test("says what would run where, and runs nothing that changes", async () => {
    const fleet = new SimulatedFleet();
    const changing =
      /docker (?:run|stop|rename|tag|pull|login|network|container (?:rm|start))|mkdir|upload|>>|--prepare |commit|touch/;
    await deploy(fleet, { dryRun: true });
    expect(fleet.recording.all.filter(({ command }) => changing.test(command))).toEqual([]);
    expect(fleet.state()).toEqual(OLD);
    const said = fleet.said().join("\n");
    for (const host of ["one", "two", "three"]) {
      expect(said).toContain(`would run on ${host}: docker run --detach --restart unless-stopped --name app-web-v2 `);
      expect(said).toContain(
        `would run on ${host}: docker exec --env KAMAL_PROXY_PROGRESS=lines kamal-proxy kamal-proxy commit app-web --id PREPARED_ID`,
      );
      expect(said).toContain(`would run on ${host}: docker stop app-web-v1`);
    }
    expect(said).toContain("would run on one: mkdir -p .kamal && { mkdir .kamal/lock-app");
    expect(said).toContain("would run on three: upload .kamal/apps/app/env/roles/jobs.env (mode 0600)");
  });
});

test("a server without Docker, or that cannot be reached, stops the deploy before anything is changed [CLI-01] [CLI-22]", async () => {
  const fleet = new SimulatedFleet();
  fleet.host("two").trouble(0, "unreachable");
  fleet.host("three").trouble(0, "fails");
  expect(await failureOf(fleet)).toMatchObject({ message: "2 hosts failed: two, three" });
  expect(fleet.recording.all.map(({ command }) => gist(command))).toEqual(["version", "version", "version"]);
});

test("a pull that fails for want of the registry's patience is tried again; one that cannot succeed is not [CLI-07]", async () => {
  const fleet = new SimulatedFleet();
  fleet.server("two").pullable = false;
  expect(await failureOf(fleet)).toMatchObject({ code: "command-failed", host: "two", details: ["manifest unknown"] });
  expect(fleet.recording.on("two").filter((command) => command.startsWith("docker pull"))).toHaveLength(1);
  expect(fleet.state()).toEqual(OLD);
});
