import { describe, expect, test } from "vitest";
import { EverydayFleet } from "../../support/everyday-fleet.ts";
import { THREE_HOSTS } from "../../support/simulated-fleet.ts";

const STOP_TRAEFIK = "docker container stop traefik";
const REMOVE_TRAEFIK =
  /^docker container prune --force --filter label=org.opencontainers.image.title=Traefik && docker image prune/;
const START_PROXY = /^docker run --name kamal-proxy/;
const CONFIG = THREE_HOSTS.replace("host: app.example.com", "host: app.example.com, run: { version: v9 }");

function fleetOfKamal1(): EverydayFleet {
  const fleet = new EverydayFleet({ config: CONFIG, serving: "v1" });
  fleet.script(/^docker ps --filter 'name=\^traefik\$' --quiet$/, { stdout: "0123456789ab\n" });
  return fleet;
}

/** Numbers of the first lines that match, in the order of the patterns. */
function order(lines: readonly string[], patterns: readonly (RegExp | string)[]): number[] {
  return patterns.map((pattern) =>
    lines.findIndex((line) => (typeof pattern === "string" ? line === pattern : pattern.test(line))),
  );
}

describe.each([["proxy upgrade"], ["upgrade"]])("%s", (words) => {
  test("asks first", async () => {
    const fleet = fleetOfKamal1();
    const { exitCode, err } = await fleet.run(words, { input: "n\n" });
    expect(exitCode).toBe(1);
    expect(err).toMatch(/Traefik .* one, .*three/);
    expect(fleet.recording.all).toEqual([]);
  });

  test("the image is there before Traefik stops; the app is booted anew; Traefik goes last", async () => {
    const fleet = fleetOfKamal1();
    await fleet.recordHooks(["pre-proxy-reboot", "post-proxy-reboot"]);
    const { exitCode, err } = await fleet.run(`${words} -y`);
    expect(exitCode, err).toBe(0);
    const steps = order(fleet.lines("two"), [
      /^docker pull kdeploy\/kdeploy-proxy:v9/,
      STOP_TRAEFIK,
      START_PROXY,
      /^docker run --detach .*--name app-web-v1 /,
      /kamal-proxy commit app-web/,
      REMOVE_TRAEFIK,
    ]);
    expect(steps).toEqual(steps.toSorted((one, other) => one - other));
    expect(steps[0]).toBeGreaterThan(-1);
    // The version that was deployed, and never a container that is called latest.
    expect(fleet.state()).toEqual(
      ["one", "two", "three"].flatMap((host) => [
        `${host} app-web → app-web-v1`,
        `${host} runs ${host === "three" ? "app-jobs-v1 " : ""}app-web-v1`,
      ]),
    );
    expect(await fleet.hookLog()).toHaveLength(2);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("an app that does not come up leaves the hosts with Traefik and what it served", async () => {
    const fleet = fleetOfKamal1();
    fleet.server("two").behaviour = (name) => (name === "app-web-v1" ? { unhealthy: true } : {});
    const { exitCode, err, out } = await fleet.run(`${words} -y`);
    expect(exitCode).toBe(1);
    expect(`${out}${err}`).toContain("Traefik serves again.");
    for (const host of ["one", "two", "three"]) {
      const lines = fleet.lines(host);
      expect(order(lines, ["docker container start traefik"])[0]).toBeGreaterThan(order(lines, [START_PROXY])[0] ?? 0);
      expect(order(lines, [REMOVE_TRAEFIK])).toEqual([-1]);
      expect(fleet.server(host).running()).toContain("app-web-v1");
    }
  });

  test("--rolling is one host after the other, and ends with the first that fails", async () => {
    const fleet = fleetOfKamal1();
    fleet.script(START_PROXY, { exitCode: 125, stderr: "port is taken" }, "two");
    const { exitCode, err } = await fleet.run(`${words} --rolling -y`);
    expect(exitCode).toBe(1);
    expect(err).toContain("port is taken");
    expect(order(fleet.lines("one"), [REMOVE_TRAEFIK])[0]).toBeGreaterThan(0);
    expect(fleet.lines("two").at(-1)).toBe("docker container start traefik");
    expect(order(fleet.lines("three"), [STOP_TRAEFIK])).toEqual([-1]);
  });

  test("a dry run changes nothing", async () => {
    const fleet = fleetOfKamal1();
    const { exitCode, out } = await fleet.run(`${words} --dry-run`);
    expect(exitCode).toBe(0);
    expect(out).toContain(`would run on two: ${STOP_TRAEFIK}`);
    for (const host of ["one", "two", "three"]) expect(order(fleet.lines(host), [STOP_TRAEFIK])).toEqual([-1]);
  });
});

describe("upgrade", () => {
  const accessory = "accessories:\n  db: { image: mysql, host: three }\n";

  test("accessories are made anew when the app is up, and by `proxy upgrade` not at all", async () => {
    const linesAfter = async (words: string) => {
      const fleet = new EverydayFleet({ config: `${CONFIG}${accessory}`, serving: "v1" });
      const { exitCode, err } = await fleet.run(words);
      expect(exitCode, err).toBe(0);
      return order(fleet.lines("three"), [/kamal-proxy commit app-web/, /^docker run --name app-db/]);
    };
    const [app = -1, db = -1] = await linesAfter("upgrade -y");
    expect(db).toBeGreaterThan(app);
    expect(await linesAfter("proxy upgrade -y")).toEqual([expect.any(Number), -1]);
  });

  test("a file of an accessory that is missing here is named before anything is changed", async () => {
    const files = accessory.replace("host: three", "host: three, files: ['my.cnf:/etc/my.cnf']");
    const fleet = new EverydayFleet({ config: `${CONFIG}${files}`, serving: "v1" });
    const { exitCode, err } = await fleet.run("upgrade -y");
    expect(exitCode).not.toBe(0);
    expect(err).toContain("my.cnf");
    expect(order(fleet.lines("one"), [STOP_TRAEFIK])).toEqual([-1]);
  });
});
