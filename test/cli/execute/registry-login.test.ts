import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { logIn, logOut } from "../../../cli/execute/registry-login.ts";
import type { Answer } from "../../support/recording-host.ts";
import { SimulatedFleet, THREE_HOSTS } from "../../support/simulated-fleet.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const WITH_ACCESSORIES = THREE_HOSTS.replace("registry: {", "registry: { server: ghcr.io,").concat(`
accessories:
  db:
    image: postgres:16
    host: one
    registry: { server: ghcr.io, username: [DB_USER], password: [DB_PASSWORD] }
  cache:
    image: redis:7
    host: one
    registry: { server: ghcr.io, username: deployer, password: hunter22 }
  search:
    image: search:1
    host: one
    registry: { server: quay.io, username: [DB_USER], password: [DB_PASSWORD] }
`);

async function fleetOf(answer?: Answer): Promise<SimulatedFleet> {
  const cwd = await temporaryDirectory();
  mkdirSync(join(cwd, ".kamal"));
  writeFileSync(join(cwd, ".kamal/secrets"), "DB_USER=ann\nDB_PASSWORD=s3cret-of-db\n");
  const fleet = new SimulatedFleet({ config: WITH_ACCESSORIES, cwd });
  if (answer !== undefined) fleet.server("one").answer = () => answer;
  return fleet;
}

const registryOf = (fleet: SimulatedFleet, name: string) =>
  fleet.config.accessories.find((accessory) => accessory.name === name)?.registry;

function logins(fleet: SimulatedFleet): string[] {
  return fleet.recording.all.map(({ host, command, input }) => `${host} ${command} < ${input}`);
}

describe("logging in to a registry", () => {
  test("happens once for each host in a run, and again after a logout", async () => {
    const fleet = await fleetOf();
    const work = fleet.work();
    await logIn(work, "one");
    await logIn(work, "one", registryOf(fleet, "cache"));
    await logIn(work, "two");
    await logOut(work, "one");
    await logIn(work, "one");
    expect(logins(fleet)).toEqual([
      'one docker login ghcr.io -u "deployer" --password-stdin < hunter22',
      'two docker login ghcr.io -u "deployer" --password-stdin < hunter22',
      "one docker logout ghcr.io < undefined",
      'one docker login ghcr.io -u "deployer" --password-stdin < hunter22',
    ]);
  });

  test("another user of the same registry logs in anew, and the first one after him", async () => {
    const fleet = await fleetOf();
    const work = fleet.work();
    await logIn(work, "one");
    await logIn(work, "one", registryOf(fleet, "db"));
    await logIn(work, "one", registryOf(fleet, "search"));
    await logIn(work, "one");
    expect(logins(fleet)).toEqual([
      'one docker login ghcr.io -u "deployer" --password-stdin < hunter22',
      'one docker login ghcr.io -u "ann" --password-stdin < s3cret-of-db',
      'one docker login quay.io -u "ann" --password-stdin < s3cret-of-db',
      'one docker login ghcr.io -u "deployer" --password-stdin < hunter22',
    ]);
  });

  test.each([
    [
      "Docker Hub's",
      "Error response from daemon: Get https://registry-1.docker.io/v2/: unauthorized: incorrect username or password",
    ],
    [
      "another's",
      "Error response from daemon: login attempt to https://ghcr.io/v2/ failed with status: 401 Unauthorized",
    ],
    ["one that knows the user and lets nobody in", "denied: requested access to the resource is denied"],
  ])(
    "a wrong password, in %s words, is told with where it stands in the configuration, and tried once",
    async (_, stderr) => {
      const fleet = await fleetOf({ exitCode: 1, stderr });
      await expect(logIn(fleet.work(), "one")).rejects.toMatchObject({
        code: "registry-denied",
        host: "one",
        message: "one: ghcr.io does not accept the username and password.",
        hint: "are registry/username and registry/password right, and not expired?",
        details: [stderr],
      });
      expect(fleet.recording.all).toHaveLength(1);
    },
  );

  test("names of secrets and of the accessory are told, values are not", async () => {
    const fleet = await fleetOf({ exitCode: 1, stderr: "unauthorized: ann is not known with s3cret-of-db" });
    const error = await logIn(fleet.work(), "one", registryOf(fleet, "search")).catch((failure: unknown) => failure);
    expect(error).toMatchObject({
      message: "one: quay.io does not accept the username and password.",
      hint: "are accessories/search/registry/username (the secret DB_USER) and accessories/search/registry/password (the secret DB_PASSWORD) right, and not expired?",
    });
    expect(JSON.stringify(error) + String(error) + JSON.stringify(fleet.events)).not.toContain("s3cret-of-db");
  });

  test("what is the network's fault is tried again, and then told as it is", async () => {
    const fleet = await fleetOf({
      exitCode: 1,
      stderr: 'Get "https://ghcr.io/v2/": dial tcp 1.2.3.4:443: i/o timeout',
    });
    await expect(logIn(fleet.work(), "one")).rejects.toMatchObject({ code: "command-failed", host: "one" });
    expect(fleet.recording.all).toHaveLength(3);
  });

  test("a login that failed is not taken for done", async () => {
    const fleet = await fleetOf();
    fleet.host("one").trouble(0, "fails");
    const work = fleet.work();
    await expect(logIn(work, "one")).rejects.toMatchObject({ code: "command-failed" });
    await logIn(work, "one");
    expect(fleet.recording.all).toHaveLength(2);
  });

  test("a dry run says it, and asks nobody for a password", async () => {
    const cwd = await temporaryDirectory();
    mkdirSync(join(cwd, ".kamal"));
    writeFileSync(join(cwd, ".kamal/secrets"), "DB_USER=$(touch asked)\nDB_PASSWORD=$(touch asked)\n");
    const fleet = new SimulatedFleet({ config: WITH_ACCESSORIES, cwd });
    await logIn(fleet.work({ dryRun: true }), "one", registryOf(fleet, "db"));
    expect(existsSync(join(cwd, "asked"))).toBe(false);
    expect(fleet.said()).toEqual([
      expect.stringMatching(/would run on one: docker login ghcr\.io -u \[REDACTED\] --password-stdin$/),
    ]);
    expect(fleet.recording.all).toEqual([]);
  });

  test.each([
    "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
    "Error saving credentials: open /home/ann/.docker/config.json: permission denied",
  ])("what the user may not do on the host is not taken for a wrong password: %s", async (stderr) => {
    const fleet = await fleetOf({ exitCode: 1, stderr });
    await expect(logIn(fleet.work(), "one")).rejects.toMatchObject({ code: "command-failed", details: [stderr] });
  });

  test("a password that stands in the configuration is told to nobody, whatever Docker prints", async () => {
    const fleet = await fleetOf({ exitCode: 1, stderr: "unauthorized: not with hunter22" });
    const error = await logIn(fleet.work(), "one").catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: "registry-denied" });
    expect(JSON.stringify(error) + JSON.stringify(fleet.events)).not.toContain("hunter22");
  });
});
