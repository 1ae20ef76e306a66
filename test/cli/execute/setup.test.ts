import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { executePlan } from "../../../cli/execute/executor.ts";
import { deployPlan } from "../../../cli/plan/deploy.ts";
import { setupPlan } from "../../../cli/plan/setup.ts";
import { SimulatedFleet, THREE_HOSTS } from "../../support/simulated-fleet.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const options = { version: "v2", skipPush: true, noCache: false };

const setup = (fleet: SimulatedFleet, skipPush = true) => {
  const work = fleet.work();
  return executePlan(work, setupPlan(fleet.config, work.selection, { ...options, skipPush }));
};

const deploy = (fleet: SimulatedFleet) => {
  const work = fleet.work();
  return executePlan(work, deployPlan(fleet.config, work.selection, options));
};

describe("setup", () => {
  test("installs Docker where it is missing, and starts accessories that are not there", async () => {
    const cwd = await temporaryDirectory();
    await writeFile(join(cwd, "my.cnf"), "[mysqld]\n", { mode: 0o644 });
    const accessory =
      "accessories:\n  db: { image: mysql, host: one, files: ['my.cnf:/etc/my.cnf'], directories: ['data:/data'] }\n";
    const fleet = new SimulatedFleet({ serving: null, cwd, config: THREE_HOSTS + accessory });
    fleet.server("two").docker = false;
    await setup(fleet);
    expect(fleet.recording.on("two").filter((command) => command.includes("get.docker.com"))).toHaveLength(1);
    expect(fleet.recording.on("one").filter((command) => command.includes("get.docker.com"))).toHaveLength(0);
    const about = fleet.recording
      .on("one")
      .filter((command) => /app-db|accessories/.test(command) && !/audit|docker inspect/.test(command));
    expect(about.map((command) => command.split(" --network")[0])).toEqual([
      "docker ps -a -q --filter label=service=app-db",
      "/usr/bin/env mkdir -p $PWD/app-db/data",
      "/usr/bin/env mkdir -p app-db/etc",
      "upload app-db/etc/my.cnf 0644",
      "/usr/bin/env chmod 755 app-db/etc/my.cnf",
      "/usr/bin/env mkdir -p .kamal/apps/app/env/accessories",
      "upload .kamal/apps/app/env/accessories/db.env 0600",
      "docker run --name app-db --detach --restart unless-stopped",
    ]);
    await setup(fleet);
    expect(fleet.recording.on("one").filter((command) => command.startsWith("docker run --name app-db"))).toHaveLength(
      1,
    );
    expect(fleet.said()).toContain("one: Accessory db is there already and stays as it is.");
  });

  test("builds and pushes on this machine, with the password by stdin", async () => {
    const cwd = await temporaryDirectory();
    await writeFile(join(cwd, "Dockerfile"), "FROM scratch\n");
    const fleet = new SimulatedFleet({
      serving: null,
      cwd,
      config: `${THREE_HOSTS}builder: { arch: amd64, context: . }\n`,
    });
    await setup(fleet, false);
    const local = fleet.recording.all.filter(({ host }) => host === "localhost");
    expect(local.map(({ command }) => command.split(" ").slice(0, 3).join(" "))).toEqual([
      "docker --version &&",
      "docker login -u",
      "git rev-parse --show-toplevel",
      "git status --porcelain",
      "git rev-parse HEAD",
      "docker buildx inspect",
      "docker buildx build",
    ]);
    expect(local[1]?.input).toBe("hunter22");
  });

  test("without the right to install Docker says so [CLI-22]", async () => {
    const fleet = new SimulatedFleet({ serving: null });
    fleet.server("two").docker = false;
    fleet.server("two").mayInstall = false;
    await expect(setup(fleet)).rejects.toMatchObject({ code: "docker-missing", host: "two" });
    expect(fleet.state().filter((line) => line.includes("locked"))).toEqual([]);
  });
});

describe("before a version is booted", () => {
  test("what an interrupted run left running is stopped, and what serves is not", async () => {
    const fleet = new SimulatedFleet();
    const [one, two] = [fleet.server("one"), fleet.server("two")];
    one.started("app-web-v0");
    // Killed after the switch, before the tag: the new container serves, the old one is tagged.
    const serving = two.started("app-web-v1b");
    two.live.set("app-web", serving.id.slice(0, 12));
    two.started("app-web-v0");
    await deploy(fleet);
    expect(one.containers.find(({ name }) => name === "app-web-v0")?.running).toBe(false);
    const stops = fleet.recording.on("two").filter((command) => command.startsWith("docker stop"));
    const prepare = fleet.recording.on("two").findIndex((command) => command.includes("--prepare "));
    const early = fleet.recording
      .on("two")
      .slice(0, prepare)
      .filter((command) => command.startsWith("docker stop"));
    expect(early).toHaveLength(1);
    expect(stops.length).toBeGreaterThan(1);
    expect(two.serving("app-web")).toBe("app-web-v2");
  });

  test("a deploy that was killed in its middle is finished by the next one [CLI-02]", async () => {
    const fleet = new SimulatedFleet();
    const two = fleet.server("two");
    const half = two.started("app-web-v2");
    two.live.set("app-web", half.id.slice(0, 12));
    await deploy(fleet);
    expect(two.running()).toEqual(["app-web-v2"]);
    expect(two.serving("app-web")).toBe("app-web-v2");
    expect(half.running).toBe(false);
  });

  test("assets, error pages and certificates are put in place; the key goes by stdin", async () => {
    const cwd = await temporaryDirectory();
    await mkdir(join(cwd, "pages"));
    await mkdir(join(cwd, ".kamal"));
    await writeFile(join(cwd, "pages/502.html"), "<p>soon</p>");
    await writeFile(join(cwd, "pages/other.html"), "no error page");
    await writeFile(join(cwd, ".kamal/secrets"), "CERT=certificate-text\nKEY=private-key-text\n");
    const config = `${THREE_HOSTS.replace(
      "proxy: { host: app.example.com }",
      "proxy: { host: app.example.com, ssl: { certificate_pem: CERT, private_key_pem: KEY } }",
    )}asset_path: /public\nerror_pages_path: pages\n`;
    const fleet = new SimulatedFleet({ cwd, config });
    await deploy(fleet);
    const commands = fleet.recording.on("two");
    const run = commands.findIndex((command) => command.startsWith("docker run --detach"));
    const before = commands.slice(0, run).join("\n");
    expect(before).toContain("upload .kamal/proxy/apps-config/app/error_pages/v2/502.html 0644");
    expect(before).not.toContain("other.html");
    expect(before).toContain("docker container cp -L app-web-assets:/public/. .kamal/apps/app/assets/extracted/web-v2");
    expect(before).toContain("volumes/web-v1");
    expect(before).toContain("&& docker cp - kamal-proxy:/home/kamal-proxy/.apps-config/app/tls/web");
    expect(commands.join("\n")).not.toContain("private-key-text");
    expect(fleet.recording.all.find(({ command }) => command.includes("docker cp -"))?.input).toContain(
      "private-key-text",
    );
    expect(JSON.stringify(fleet.events)).not.toContain("private-key-text");
    const after = commands.slice(run).join("\n");
    expect(after).toContain("! -name web-v2");
    expect(after).toContain("error_pages -mindepth 1 -maxdepth 1 ! -name v2");
  });

  test("a secret that is missing stops the deploy before anything is started", async () => {
    const fleet = new SimulatedFleet({ config: `${THREE_HOSTS}env: { secret: [NOT_THERE] }\n` });
    await expect(deploy(fleet)).rejects.toMatchObject({ code: "secret-not-found", exitCode: 4 });
    expect(fleet.recording.all.filter(({ command }) => command.startsWith("docker run --detach"))).toEqual([]);
    expect(fleet.said()).toContain("No host was switched: each serves what it served before.");
  });

  test("an image without the directory of the assets is named, before anything is started", async () => {
    const fleet = new SimulatedFleet({ config: `${THREE_HOSTS}asset_path: [/public, /packs]\n` });
    const two = fleet.server("two");
    const known = two.answer.bind(two);
    two.answer = (command, input) => {
      if (command === "docker container rm app-web-assets") return {};
      if (!command.includes("container create --name app-web-assets")) return known(command, input);
      return { exitCode: 1, stderr: "Error: No such container:path: app-web-assets:/packs/." };
    };
    await expect(deploy(fleet)).rejects.toMatchObject({
      code: "assets-missing",
      host: "two",
      message: "two: the image of v2 has no directory /packs.",
    });
    expect(fleet.recording.on("two").at(-1)).toBe("docker container rm app-web-assets");
    expect(fleet.recording.all.filter(({ command }) => command.startsWith("docker run --detach"))).toEqual([]);
  });

  test("a proxy that is not as proxy.run wants it is told of once for each host, and stays", async () => {
    const config = THREE_HOSTS.replace("host: app.example.com", "host: app.example.com, run: { metrics_port: 9090 }");
    const fleet = new SimulatedFleet({ config });
    fleet.server("three").proxyContainer = {
      command: ["kamal-proxy", "run"],
      host: {
        PortBindings: {
          "80/tcp": [{ HostIp: "", HostPort: "80" }],
          "443/tcp": [{ HostIp: "", HostPort: "443" }],
        },
        LogConfig: { Config: { "max-size": "10m" } },
      },
    };
    await deploy(fleet);
    expect(fleet.said().filter((text) => text.includes("proxy.run"))).toEqual([
      "three: The proxy that runs is not as proxy.run says, which wants: flag --metrics-port=9090. kdeploy proxy reboot --rolling applies it.",
    ]);
  });

  test("a proxy that is too old is named", async () => {
    const fleet = new SimulatedFleet();
    fleet.server("three").proxyImage = "basecamp/kamal-proxy:v0.8.0";
    await expect(deploy(fleet)).rejects.toMatchObject({ code: "proxy-outdated", host: "three" });
  });
});
