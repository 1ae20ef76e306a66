import { describe, expect, test } from "vitest";
import { EverydayFleet } from "../../support/everyday-fleet.ts";
import { THREE_HOSTS } from "../../support/simulated-fleet.ts";

const PRUNE_PROXY = "docker container prune --force --filter label=org.opencontainers.image.title=kamal-proxy";
const PRUNE_PROXY_IMAGE = "docker image prune --all --force --filter label=org.opencontainers.image.title=kamal-proxy";
const LS_APPS = "/usr/bin/env ls .kamal/apps | wc -l";

const WITH_PROXY_RUN = THREE_HOSTS.replace("host: app.example.com", "host: app.example.com, run: { version: v9 }");

describe("proxy", () => {
  test.each([
    ["start", ["audit: Started proxy", "docker container start kamal-proxy"]],
    ["stop", ["audit: Stopped proxy", "docker container stop kamal-proxy"]],
    [
      "restart",
      [
        "audit: Stopped proxy",
        "docker container stop kamal-proxy",
        "audit: Started proxy",
        "docker container start kamal-proxy",
      ],
    ],
  ])("%s", async (name, lines) => {
    const fleet = new EverydayFleet();
    expect((await fleet.run(`proxy ${name}`)).exitCode).toBe(0);
    for (const host of ["one", "two", "three"]) expect(fleet.lines(host)).toEqual(lines);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("boot makes the network and starts it", async () => {
    const fleet = new EverydayFleet();
    expect((await fleet.run("proxy boot")).exitCode).toBe(0);
    expect(fleet.lines("two")).toContain("docker network create kamal");
    expect(fleet.lines("two").at(-1)).toMatch(/^docker container start kamal-proxy \|\| /);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("details and logs", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/^docker (?:ps|logs)/, { stdout: "a proxy\n" });
    const { out } = await fleet.run("proxy details -h one");
    expect(out).toContain("Proxy Host: one\na proxy\n");
    await fleet.run("proxy logs -h one");
    await fleet.run("proxy logs -h one -n 5 -g 500 -T");
    const followed = await fleet.run("proxy logs -f -q");
    expect(fleet.recording.on("one")).toEqual([
      "docker ps --filter 'name=^kamal-proxy$'",
      "docker logs kamal-proxy --tail 100 --timestamps 2>&1",
      "docker logs kamal-proxy --tail 5 2>&1 | grep '500'",
      "docker logs kamal-proxy --timestamps --tail 10 --follow 2>&1",
    ]);
    expect(followed.out).toBe("a proxy\n");
  });

  test("boot_config shows and resets what the original has left; settings belong into the configuration", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/cat \.kamal\/proxy\/options/, { stdout: "--publish 80:80 kdeploy/kdeploy-proxy:v0.1.0\n" });
    const shown = await fleet.run("proxy boot_config get -h one -q");
    expect(shown.out).toBe("--publish 80:80 kdeploy/kdeploy-proxy:v0.1.0\n");
    expect((await fleet.run("proxy boot-config reset -h one")).exitCode).toBe(0);
    expect(fleet.lines("one").at(-1)).toBe(
      "/usr/bin/env rm -f .kamal/proxy/options .kamal/proxy/image .kamal/proxy/image_version .kamal/proxy/run_command",
    );
    const before = fleet.recording.all.length;
    const refused = await fleet.run("proxy boot-config set");
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toContain("proxy: run:");
    expect(fleet.recording.all).toHaveLength(before);
  });

  describe("reboot", () => {
    test("asks first", async () => {
      const fleet = new EverydayFleet();
      const { exitCode, err } = await fleet.run("proxy reboot", { input: "no\n" });
      expect(exitCode).toBe(1);
      expect(err).toContain("replaces the proxy on one, two, three, all at once");
      expect(fleet.recording.all).toEqual([]);
    });

    test("fetches the image before anything stops; hooks before and after", async () => {
      const fleet = new EverydayFleet({ config: WITH_PROXY_RUN });
      await fleet.recordHooks(["pre-proxy-reboot", "post-proxy-reboot", "pre-connect"]);
      expect((await fleet.run("proxy reboot", { input: "y\n" })).exitCode).toBe(0);
      const image = "kdeploy/kdeploy-proxy:v9";
      expect(fleet.lines("two").filter((line) => !line.startsWith("docker login"))).toEqual([
        "audit: Rebooted proxy",
        "docker network create kamal",
        "/usr/bin/env mkdir -p .kamal/proxy/apps-config",
        `docker pull ${image} || docker image inspect ${image} > /dev/null`,
        "docker container stop kamal-proxy",
        PRUNE_PROXY,
        expect.stringMatching(/^docker run --name kamal-proxy .* kdeploy\/kdeploy-proxy:v9 kamal-proxy run$/),
      ]);
      expect(await fleet.hookLog()).toEqual([
        "pre-connect one,two,three proxy reboot",
        "pre-proxy-reboot one,two,three proxy reboot",
        "post-proxy-reboot one,two,three proxy reboot",
      ]);
      expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
    });

    test("as the original's boot files say, where the configuration says nothing", async () => {
      const fleet = new EverydayFleet();
      fleet.script(/xargs docker/, {});
      await fleet.run("proxy reboot -y -h two");
      const lines = fleet.lines("two");
      expect(lines.find((line) => line.includes("docker pull"))).toMatch(
        /^\/usr\/bin\/env echo \$\(cat \.kamal\/proxy\/image .*\| xargs docker pull \|\| \/usr\/bin\/env echo .*\| xargs docker image inspect > \/dev\/null$/,
      );
      expect(lines.at(-1)).toMatch(/\| xargs docker run --name kamal-proxy/);
    });

    test("an image that cannot be had leaves the proxy running", async () => {
      const fleet = new EverydayFleet({ config: WITH_PROXY_RUN });
      fleet.script(/^docker pull/, { exitCode: 1, stderr: "manifest unknown" }, "two");
      const { exitCode, err } = await fleet.run("proxy reboot -y");
      expect(exitCode).toBe(1);
      expect(err).toContain("manifest unknown");
      expect(fleet.lines("two").filter((line) => /container stop|docker run/.test(line))).toEqual([]);
      expect(fleet.lines("one").at(-1)).toMatch(/^docker run --name kamal-proxy/);
    });

    test("--rolling is one host after the other, and ends with the first that fails", async () => {
      const fleet = new EverydayFleet({ config: WITH_PROXY_RUN });
      await fleet.recordHooks(["pre-proxy-reboot", "post-proxy-reboot"]);
      fleet.script(/^docker run --name kamal-proxy/, { exitCode: 125, stderr: "port is taken" }, "two");
      const { exitCode, err } = await fleet.run("proxy reboot --rolling -y");
      expect(exitCode).toBe(1);
      expect(err).toContain("port is taken");
      expect(fleet.lines("three")).toEqual([]);
      expect(await fleet.hookLog()).toEqual([
        "pre-proxy-reboot one proxy reboot",
        "post-proxy-reboot one proxy reboot",
        "pre-proxy-reboot two proxy reboot",
      ]);
      expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
    });
  });

  describe("remove", () => {
    const REMOVAL = [
      "audit: Stopped proxy",
      "docker container stop kamal-proxy",
      "audit: Removed proxy container",
      PRUNE_PROXY,
      "audit: Removed proxy image",
      PRUNE_PROXY_IMAGE,
      "/usr/bin/env rm -r .kamal/proxy",
    ];

    test("where no app is left", async () => {
      const fleet = new EverydayFleet();
      fleet.script(/^\/usr\/bin\/env ls/, { stdout: "0\n" });
      expect((await fleet.run("proxy remove -h two")).exitCode).toBe(0);
      expect(fleet.lines("two")).toEqual([LS_APPS, ...REMOVAL]);
    });

    test("refused where one is, on all hosts, with an exit code that says so", async () => {
      const fleet = new EverydayFleet();
      fleet.script(/^\/usr\/bin\/env ls/, { stdout: "2\n" }, "three");
      const { exitCode, err } = await fleet.run("proxy remove");
      expect(exitCode).toBe(1);
      expect(err).toContain("ERROR (proxy-in-use): Apps are deployed on three; nothing was removed.");
      for (const host of ["one", "two", "three"]) expect(fleet.lines(host)).toEqual([LS_APPS]);
      expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
    });

    test("unless it is forced", async () => {
      const fleet = new EverydayFleet();
      fleet.script(/^\/usr\/bin\/env ls/, { stdout: "2\n" });
      expect((await fleet.run("proxy remove --force -h two")).exitCode).toBe(0);
      expect(fleet.lines("two")).toEqual(REMOVAL);
    });

    test.each([
      ["remove_container", PRUNE_PROXY],
      ["remove-image", PRUNE_PROXY_IMAGE],
      ["remove_proxy_directory", "/usr/bin/env rm -r .kamal/proxy"],
    ])("hidden: %s", async (name, line) => {
      const fleet = new EverydayFleet();
      expect((await fleet.run(`proxy ${name} -h two`)).exitCode).toBe(0);
      expect(fleet.lines("two").at(-1)).toBe(line);
    });
  });
});
