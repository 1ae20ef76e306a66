import { describe, expect, test } from "vitest";
import { EverydayFleet } from "../../support/everyday-fleet.ts";
import { THREE_HOSTS } from "../../support/simulated-fleet.ts";

const REMOVE = "/usr/bin/env rm -f";

/** What `set` with these words puts into the files of a host; and what it removes. */
async function written(words: string): Promise<{ readonly files: Record<string, string>; readonly removed: string[] }> {
  const fleet = new EverydayFleet();
  const { exitCode, err } = await fleet.run(`proxy boot_config set ${words} -h one`.replace("  ", " "));
  expect(exitCode, err).toBe(0);
  const all = fleet.recording.all.filter(({ host }) => host === "one");
  expect(all[0]?.command).toBe("/usr/bin/env mkdir -p .kamal/proxy");
  const files: Record<string, string> = {};
  for (const { command, input = "" } of all) {
    const name = /^upload \.kamal\/proxy\/(\w+) 0644$/.exec(command)?.[1];
    if (name !== undefined) files[name] = input.trimEnd();
  }
  const removal = all.find(({ command }) => command.startsWith(REMOVE))?.command ?? "";
  return { files, removed: [...removal.matchAll(/\.kamal\/proxy\/(\w+)/g)].map(([, name = ""]) => name) };
}

describe("proxy boot_config", () => {
  test.each([
    ["", {}],
    ["--http-port 80 --log-max-size 10m", {}],
    ["--http-port 8080", { options: "--publish 8080:80 --publish 443:443 --log-opt max-size=10m" }],
    ["--no-publish --log-max-size=", { options: "" }],
    [
      "--publish-host-ip 10.0.0.1 --publish_host_ip ::1 --https-port 8443",
      {
        options:
          "--publish 10.0.0.1:80:80 --publish 10.0.0.1:8443:443 --publish '[::1]:80:80' --publish '[::1]:8443:443' --log-opt max-size=10m",
      },
    ],
    [
      "--metrics-port 9090 --debug",
      {
        options: "--publish 80:80 --publish 443:443 --log-opt max-size=10m --expose=9090",
        run_command: 'kamal-proxy run --debug --metrics-port "9090"',
      },
    ],
    [
      "--docker-options memory=1g add-host=a:10.0.0.1",
      { options: "--publish 80:80 --publish 443:443 --log-opt max-size=10m --memory=1g --add-host=a:10.0.0.1" },
    ],
    ["--repository basecamp", { image: "basecamp/kamal-proxy" }],
    ["--registry r.io --repository acme --image-version v1", { image: "r.io/acme/kamal-proxy", image_version: "v1" }],
    ["--registry r.io", { image: "r.io/kdeploy/kdeploy-proxy", image_version: "v0.1.0" }],
    ["--image-version v2", { image: "kdeploy/kdeploy-proxy", image_version: "v2" }],
  ])("set %s", async (words, files) => {
    const found = await written(words);
    expect(found.files).toEqual(files);
    const all = ["options", "image", "image_version", "run_command"];
    expect(found.removed).toEqual(all.filter((name) => !(name in files)));
  });

  test.each([
    ["--publish-host-ip 10.0.0", "is no IP address"],
    ["--http-port 70000", "is no port"],
    ["--repository a'b", "holds blanks or quotes"],
  ])("set %s is refused, and nothing is changed", async (words, why) => {
    const fleet = new EverydayFleet();
    const { exitCode, err } = await fleet.run(`proxy boot-config set ${words}`);
    expect(exitCode).toBe(2);
    expect(err).toContain(why);
    expect(fleet.recording.all).toEqual([]);
  });

  test("get shows the line, reset removes the files; each says that it is deprecated", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/cat \.kamal\/proxy\/options/, { stdout: "--publish 80:80 kdeploy/kdeploy-proxy:v0.1.0\n" });
    const shown = await fleet.run("proxy boot_config get -h one -q");
    expect(shown.out).toBe("--publish 80:80 kdeploy/kdeploy-proxy:v0.1.0\n");
    const reset = await fleet.run("proxy boot-config reset -h one");
    expect(reset.exitCode).toBe(0);
    expect(`${reset.out}${reset.err}`).toContain("deprecated: put the settings under proxy: run:");
    expect(fleet.lines("one").at(-1)).toBe(
      `${REMOVE} .kamal/proxy/options .kamal/proxy/image .kamal/proxy/image_version .kamal/proxy/run_command`,
    );
    expect(fleet.lockSteps("one")).toEqual([]);
  });

  test("where proxy.run is configured, it says that the files count for nothing", async () => {
    const config = THREE_HOSTS.replace("host: app.example.com", "host: app.example.com, run: { debug: true }");
    const fleet = new EverydayFleet({ config });
    const { out, err } = await fleet.run("proxy boot-config reset -h two");
    expect(`${out}${err}`).toContain("The boot files count for nothing here: proxy.run does.");
  });

  test("anything else is a mistake of the command line", async () => {
    const fleet = new EverydayFleet();
    expect(await fleet.run("proxy boot-config show")).toMatchObject({ exitCode: 2 });
    expect(fleet.recording.all).toEqual([]);
  });
});
