import { describe, expect, test, vi } from "vitest";
import { EXECUTE_LIMITS } from "../../../cli/execute/limits.ts";
import { EverydayFleet } from "../../support/everyday-fleet.ts";
import { THREE_HOSTS } from "../../support/simulated-fleet.ts";

const PRUNE_PROXY = "docker container prune --force --filter label=org.opencontainers.image.title=kamal-proxy";
const PRUNE_PROXY_IMAGE = "docker image prune --all --force --filter label=org.opencontainers.image.title=kamal-proxy";
const LS_APPS = "/usr/bin/env ls .kamal/apps | wc -l";
const LIST = "docker exec kamal-proxy kamal-proxy list";

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

  test("boot says where the running proxy is not as proxy.run wants it, and leaves it alone", async () => {
    const fleet = new EverydayFleet({ config: WITH_PROXY_RUN });
    fleet.server("two").proxyImage = "kdeploy/kdeploy-proxy:v9";
    fleet.server("three").proxyImage = "kdeploy/kdeploy-proxy:latest";
    const { exitCode, out, err } = await fleet.run("proxy boot");
    expect(exitCode).toBe(0);
    const notices = `${out}${err}`.split("\n").filter((line) => line.includes("not as proxy.run says"));
    expect(notices.map((line) => line.replace(/^.*?(one|two|three)/, "$1"))).toEqual([
      expect.stringMatching(/^one.*image kdeploy\/kdeploy-proxy:v9 instead of kdeploy\/kdeploy-proxy:v0\.1\.0/),
      expect.stringMatching(/^three.*:v9 instead of .*:latest\. kdeploy proxy reboot --rolling applies it\.$/),
    ]);
    for (const host of ["one", "two", "three"])
      expect(fleet.lines(host).filter((line) => line.startsWith("docker inspect kamal-proxy"))).toHaveLength(1);
    expect(fleet.lines("one").some((line) => line.includes("container stop"))).toBe(false);
  });

  test("details and logs", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/^docker (?:ps|logs)/, { stdout: "a proxy\n" });
    const { out } = await fleet.run("proxy details -h one");
    expect(out).toContain("Proxy Host: one\na proxy\n");
    await fleet.run("proxy logs -h one");
    await fleet.run("proxy logs -h one -n 5 -g 500 -T");
    const followed = await fleet.run("proxy logs -f -q -p");
    expect(fleet.recording.on("one")).toEqual([
      "docker ps --filter 'name=^kamal-proxy$'",
      "docker logs kamal-proxy --tail 100 --timestamps 2>&1",
      "docker logs kamal-proxy --tail 5 2>&1 | grep '500'",
      "docker inspect --type container --format '{{if .State.Running}}{{slice .Id 0 12}} {{.State.StartedAt}}{{end}}' kamal-proxy",
      "docker logs kamal-proxy --timestamps --tail 10 --follow 2>&1",
    ]);
    expect(followed.out).toBe("a proxy\n");
    const all = await fleet.run("proxy logs -f -q");
    expect(all.out).toBe("one proxy   | a proxy\ntwo proxy   | a proxy\nthree proxy | a proxy\n");
  });

  describe("reboot", () => {
    test("asks first", async () => {
      const fleet = new EverydayFleet();
      const { exitCode, err } = await fleet.run("proxy reboot", { input: "no\n" });
      expect(exitCode).toBe(1);
      expect(err).toContain("replaces the proxy on one, two, three, all at once");
      expect(fleet.recording.all).toEqual([]);
    });

    test("the new proxy sees the apps' files where the old one saw them, in whose home they may be", async () => {
      const fleet = new EverydayFleet({ config: WITH_PROXY_RUN });
      fleet.script(/\{\{\.Source\}\}/, { stdout: "/home/ann\n" }, "two");
      expect((await fleet.run("proxy reboot -y")).exitCode).toBe(0);
      const started = (host: string) =>
        fleet.lines(host).find((line) => line.includes("docker run --name kamal-proxy"));
      expect(started("one")).toMatch(/^docker run /);
      expect(started("two")).toMatch(/^PWD=\/home\/ann; docker run .* --volume \$PWD\/\.kamal\/proxy\/apps-config:/);
    });

    test("that was killed half-way leaves it to the next boot to start one, with the files of all apps", async () => {
      const fleet = new EverydayFleet();
      fleet.script(/^docker inspect kamal-proxy --format/, { exitCode: 1 }, "two");
      fleet.script(/\{\{\.Source\}\}/, { stdout: "/home/ann\n" }, "two");
      fleet.script(/docker container start kamal-proxy/, {}, "two");
      expect((await fleet.run("proxy boot")).exitCode).toBe(0);
      expect(fleet.lines("two").at(-1)).toMatch(/^PWD=\/home\/ann; docker container start kamal-proxy \|\| /);
      expect(fleet.lines("one").at(-1)).toMatch(/^docker container start kamal-proxy \|\| /);
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
        expect.stringContaining("{{.Source}}"),
        "docker container stop kamal-proxy",
        expect.stringMatching(/^docker rename kamal-proxy kamal-proxy_replaced_[0-9a-f]{16}$/),
        expect.stringMatching(/^docker run --name kamal-proxy .* kdeploy\/kdeploy-proxy:v9 kamal-proxy run$/),
        "docker exec kamal-proxy kamal-proxy list",
        PRUNE_PROXY,
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
      expect(lines.find((line) => line.includes("docker run"))).toMatch(/\| xargs docker run --name kamal-proxy/);
    });

    test("an image that cannot be had leaves the proxy running", async () => {
      const fleet = new EverydayFleet({ config: WITH_PROXY_RUN });
      fleet.script(/^docker pull/, { exitCode: 1, stderr: "manifest unknown" }, "two");
      const { exitCode, err } = await fleet.run("proxy reboot -y");
      expect(exitCode).toBe(1);
      expect(err).toContain("manifest unknown");
      expect(fleet.lines("two").filter((line) => /container stop|docker run/.test(line))).toEqual([]);
      expect(fleet.lines("one").at(-1)).toBe(PRUNE_PROXY);
    });

    test.each([
      ["does not start", /^docker run --name kamal-proxy/, { exitCode: 125, stderr: "port is already allocated" }],
      ["ends again and again", /kamal-proxy list$/, { exitCode: 1, stderr: "is restarting" }],
    ])("one that %s gives way to the one from before", async (_how, pattern, answer) => {
      const fleet = new EverydayFleet({ config: WITH_PROXY_RUN });
      fleet.script(pattern, answer, "two");
      fleet.recording.onCommand = (_number, { command }) => {
        if (command.includes("_replaced_") && command.includes("container start")) fleet.script(/list$/, {}, "two");
      };
      fleet.script(/^docker logs --tail/, { stdout: "unknown flag\n" });
      // The tool waits between its looks: here nobody does.
      const wait = setTimeout;
      vi.spyOn(globalThis, "setTimeout").mockImplementation(((perform: () => void, delayMs = 0) =>
        wait(perform, delayMs === EXECUTE_LIMITS.readinessPollMs ? 0 : delayMs)) as typeof setTimeout);
      const { exitCode, err } = await fleet.run("proxy reboot -y -h two").finally(() => vi.restoreAllMocks());
      expect(exitCode).toBe(1);
      expect(err).toContain("the new proxy did not start; the one from before runs again");
      const lines = fleet.lines("two");
      const hex = /^docker rename kamal-proxy (\S+)$/.exec(
        lines.find((line) => line.startsWith("docker rename")) ?? "",
      );
      expect(lines.at(-2)).toContain(`docker rename ${hex?.[1]} kamal-proxy && docker container start kamal-proxy`);
      expect(lines).not.toContain(PRUNE_PROXY);
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
      expect((await fleet.run("proxy remove -y -h two")).exitCode).toBe(0);
      expect(fleet.lines("two")).toEqual([LS_APPS, LIST, ...REMOVAL]);
    });

    test("refused where one is, on all hosts, with an exit code that says so", async () => {
      const fleet = new EverydayFleet();
      fleet.script(/^\/usr\/bin\/env ls/, { stdout: "2\n" }, "three");
      const { exitCode, err } = await fleet.run("proxy remove -y");
      expect(exitCode).toBe(1);
      expect(err).toContain("ERROR (proxy-in-use): Apps are deployed on three; nothing was removed.");
      for (const host of ["one", "two", "three"]) expect(fleet.lines(host)).toEqual([LS_APPS, LIST]);
      expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
    });

    test("refused where another user's app is behind it, which has no files here", async () => {
      const fleet = new EverydayFleet();
      fleet.script(/^\/usr\/bin\/env ls/, { stdout: "0\n" });
      fleet.script(/kamal-proxy list$/, { stdout: "Service    Host\n" });
      fleet.script(/kamal-proxy list$/, { stdout: "Service    Host\nother-web  *\n" }, "two");
      const { exitCode, err } = await fleet.run("proxy remove -y");
      expect(exitCode).toBe(1);
      expect(err).toContain("ERROR (proxy-in-use): Apps are deployed on two; nothing was removed.");
    });

    test("unless it is forced", async () => {
      const fleet = new EverydayFleet();
      fleet.script(/^\/usr\/bin\/env ls/, { stdout: "2\n" });
      expect((await fleet.run("proxy remove --force -y -h two")).exitCode).toBe(0);
      expect(fleet.lines("two")).toEqual(REMOVAL);
    });

    test("asks before it does, and no is no", async () => {
      const fleet = new EverydayFleet();
      const { exitCode, err } = await fleet.run("proxy remove", { input: "n\n" });
      expect(exitCode).toBe(1);
      expect(err).toContain("This removes the proxy from one, two, three: nothing answers requests there then.");
      expect(fleet.recording.all).toEqual([]);
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
