import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ACCESSORIES, booted, containers, fleetOf, steps } from "../../support/accessory-fleet.ts";
import { EverydayFleet } from "../../support/everyday-fleet.ts";

describe("names", () => {
  test.each(["boot", "reboot", "upgrade", "start", "stop", "restart", "details", "logs", "backup", "remove", "upload"])(
    "%s of an accessory that is not there says which one was meant, and runs nothing",
    async (command) => {
      const fleet = fleetOf();
      const { exitCode, err } = await fleet.run(`accessory ${command} cahce`);
      expect(exitCode).toBe(2);
      expect(err).toContain("there is no accessory cahce");
      expect(err).toContain("did you mean cache? there are db, cache, admin");
      expect(fleet.recording.all).toEqual([]);
    },
  );

  test("one that is on none of the selected hosts is an error; of all, the others are meant", async () => {
    const fleet = fleetOf();
    const { exitCode, err } = await fleet.run("accessory boot db -h one");
    expect([exitCode, err]).toEqual([2, expect.stringContaining("it is on two")]);
    expect((await fleet.run("accessory boot all -h two")).exitCode).toBe(0);
    expect(containers(fleet, "two")).toEqual(["app-cache", "app-db"]);
    expect(containers(fleet, "one")).toEqual([]);
  });
});

describe("boot", () => {
  test("starts each on its hosts, waits for it, and routes to what is behind the proxy", async () => {
    const fleet = fleetOf();
    expect((await fleet.run("accessory boot all")).exitCode).toBe(0);
    expect(steps(fleet, "one")).toEqual([
      "audit: Booted cache accessory",
      "run app-cache",
      "audit: Booted admin accessory",
      "run app-admin",
      "deploy app-admin",
    ]);
    expect(fleet.server("three").serving("app-admin")).toBe("app-admin");
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });

  test("one that is there stays as it is; one that was stopped is told of", async () => {
    const fleet = await booted();
    const [cache] = fleet.server("one").containers.filter(({ name }) => name === "app-cache");
    if (cache !== undefined) cache.running = false;
    const { exitCode, out, err } = await fleet.run("accessory boot cache");
    expect(exitCode).toBe(0);
    expect(out).toContain("two: Accessory cache is there already and stays as it is.");
    expect(err).toContain(
      "one: Warning: Accessory cache is there already, but does not run: kdeploy accessory start cache",
    );
    expect(steps(fleet, "one")).toEqual([]);
  });

  test("one that crashes again and again never passes for healthy, also when it is there already", async () => {
    const fleet = fleetOf();
    fleet.server("two").behaviour = (name) => (name === "app-cache" ? { exits: { code: 1, restarts: 5 } } : {});
    const { exitCode, err } = await fleet.run("accessory boot cache");
    expect(exitCode).toBe(1);
    expect(err).toContain("cache did not come up on two");
    expect(err).toContain("listening on 3000");
    // The other host has it; where it failed, nothing is in the way of another attempt.
    expect(containers(fleet, "one")).toEqual(["app-cache"]);
    expect(containers(fleet, "two")).toEqual([]);
    fleet.server("two").started("app-cache", false).restarts = 5;
    expect((await fleet.run("accessory boot cache")).err).toContain("cache did not come up on two");
  });

  test("an end by a wrong command is explained with the line of the configuration", async () => {
    const fleet = fleetOf();
    fleet.server("two").behaviour = () => ({ exits: { code: 127, restarts: 5 } });
    const { err } = await fleet.run("accessory boot db");
    expect(err).toContain("it exited with 127, and was started anew 5 times. Its command cannot be run.");
    expect(err).toContain("see accessories: db: cmd:, or CMD in the Dockerfile");
  });

  test("one behind a proxy that does not run is not started", async () => {
    const fleet = fleetOf();
    fleet.server("three").proxyRuns = false;
    const { exitCode, err } = await fleet.run("accessory boot admin");
    expect(exitCode).toBe(1);
    expect(err).toContain("three: the proxy does not run, and admin needs it.");
    expect(err).toContain("kdeploy proxy boot");
    expect(containers(fleet, "three")).toEqual([]);
  });

  test("one that Docker has made and cannot start, as when its port is taken, is not in the way", async () => {
    const fleet = fleetOf();
    const server = fleet.server("two");
    fleet.recording.onCommand = (_, { host, command }) => {
      if (host === "two" && command.startsWith("docker run --name app-db")) server.started("app-db", false);
    };
    const { exitCode, err } = await fleet.run("accessory boot db");
    expect(exitCode).toBe(1);
    expect(err).toContain("docker run --name app-db");
    expect(containers(fleet, "two")).toEqual([]);
  });

  test("one that was made and never started is told of, and not waited for", async () => {
    const fleet = fleetOf();
    fleet.server("two").started("app-db", false);
    const created = { name: "/app-db", image: "pg", restarts: 0, state: { Status: "created", ExitCode: 0 } };
    fleet.script(/^docker inspect --type container .* app-db$/, { stdout: JSON.stringify(created) }, "two");
    const { exitCode, err, out } = await fleet.run("accessory boot db");
    expect(exitCode).toBe(0);
    expect(out + err).toContain("Accessory db is there already, but does not run");
  });

  test("one that the proxy finds unhealthy is explained, and removed", async () => {
    const fleet = fleetOf();
    fleet.server("one").behaviour = (name) => ({ unhealthy: name === "app-admin" });
    const { exitCode, err } = await fleet.run("accessory boot admin -h one");
    expect(exitCode).toBe(1);
    expect(err).toContain("admin did not come up on one: nothing listens on port 80 in it.");
    expect(containers(fleet, "one")).toEqual([]);
  });

  test("a host that drops out is named, and the others have theirs", async () => {
    const fleet = fleetOf();
    fleet.host("one").trouble(/^docker run --name app-cache/, "gone-for-good");
    const { exitCode, err } = await fleet.run("accessory boot cache");
    expect(exitCode).toBe(6);
    expect(err).toContain("one: host-unreachable");
    expect(containers(fleet, "two")).toEqual(["app-cache"]);
  });

  test("certificates are obtained with the other hosts' help; one's own is put in place without its key on a line", async () => {
    const automatic = fleetOf({ config: ACCESSORIES.replace("admin.example.com", "admin.example.com, ssl: true") });
    await automatic.run("accessory boot admin");
    const deployed = automatic.recording.on("one").find((line) => line.includes("deploy app-admin"));
    expect(deployed).toMatch(/--tls .*--acme-peer="three"/);

    const ssl = "ssl: { certificate_pem: CERT, private_key_pem: KEY }";
    const own = fleetOf({ config: ACCESSORIES.replace("admin.example.com", `admin.example.com, ${ssl}`) });
    mkdirSync(join(await own.directory(), ".kamal"));
    writeFileSync(join(await own.directory(), ".kamal/secrets"), "CERT=the-certificate\nKEY=the-key\n");
    expect((await own.run("accessory boot admin -h three")).exitCode).toBe(0);
    const copied = own.recording.all.find(({ command }) => command.includes("docker cp - "));
    expect(copied?.command).toMatch(/kamal-proxy:\/home\/kamal-proxy\/\.apps-config\/app\/tls\/accessories\/admin$/);
    expect(copied?.input).toContain("the-key");
    expect(own.recording.on("three").join("\n")).not.toContain("the-key");
    expect(own.recording.on("three").find((line) => line.includes("deploy app-admin"))).toContain(
      '--tls-certificate-path="/home/kamal-proxy/.apps-config/app/tls/accessories/admin/cert.pem"',
    );
    await own.run("accessory remove admin -h three -y");
    expect(own.lines("three")).toContain("/usr/bin/env rm -rf .kamal/proxy/apps-config/app/tls/accessories/admin");
  });

  test("a dry run says what it would do", async () => {
    const fleet = fleetOf();
    const { exitCode, out } = await fleet.run("accessory boot all --dry-run");
    expect(exitCode).toBe(0);
    expect(out).toContain("would run on two: docker run --name app-db");
    expect(out).toContain("would run on one: docker exec kamal-proxy kamal-proxy deploy app-admin");
    expect(fleet.recording.all.filter(({ command }) => !/^docker ps|^if test -d/.test(command))).toEqual([]);
  });
});

test("a dry run asks for no secret: not for a registry, a container or a certificate", async () => {
  const config = ACCESSORIES.replace(
    "image: admin, hosts: [one, three], proxy: { host: admin.example.com }",
    "image: admin, hosts: [one, three], env: { secret: [PW] }, registry: { username: [USER], password: [PW] }, proxy: { host: admin.example.com, ssl: { certificate_pem: CERT, private_key_pem: KEY } }",
  );
  expect(config).toContain("certificate_pem");
  const fleet = new EverydayFleet({ config });
  for (const words of ["accessory boot admin", "accessory upgrade admin", "accessory pull_image admin"]) {
    const { exitCode, err, out } = await fleet.run(`${words} --dry-run`);
    expect([exitCode, err]).toEqual([0, expect.not.stringContaining("not found")]);
    expect(out).toContain("would run on one: docker login");
  }
});

test("one of the registry on this machine has it started and within reach; another one needs neither", async () => {
  const config = ACCESSORIES.replace(/^registry:.*$/m, "registry: { server: 'localhost:5555' }").replace(
    "image: admin",
    "image: 'localhost:5555/admin'",
  );
  const fleet = new EverydayFleet({ config });
  const { out } = await fleet.run("accessory boot all --dry-run");
  expect(out).toContain("would run on localhost: docker start kamal-docker-registry");
  expect(out).toContain("would let port 5555 of one lead to the registry here");
  expect(out).toContain("would let port 5555 of three lead to the registry here");
  expect(out).not.toContain("would let port 5555 of two");
});

describe("start, stop and restart", () => {
  test("stop ends the requests first, and does without a route or a proxy", async () => {
    const fleet = await booted();
    fleet.script(/kamal-proxy remove/, { exitCode: 1, stderr: "No such container: kamal-proxy" });
    expect((await fleet.run("accessory stop admin")).exitCode).toBe(0);
    expect(steps(fleet, "three")).toEqual(["audit: Stopped admin accessory", "remove app-admin", "stop app-admin"]);
    expect(containers(fleet, "three")).toEqual(["app-admin stopped"]);
  });

  test("start waits for it, and routes to it", async () => {
    const fleet = await booted();
    await fleet.run("accessory stop all");
    expect((await fleet.run("accessory start all")).exitCode).toBe(0);
    expect(containers(fleet, "one")).toEqual(["app-admin", "app-cache"]);
    expect(fleet.server("one").serving("app-admin")).toBe("app-admin");
    fleet.server("two").behaviour = () => ({ exits: { code: 1, restarts: 5 } });
    expect((await fleet.run("accessory restart db")).err).toContain("db did not come up on two");
  });
});

describe("exec", () => {
  test.each([
    [["db", "--reuse", "psql", "-l"], "docker exec app-db psql -l"],
    [["db", "--reuse", "--", "psql", "-h", "x"], "docker exec app-db psql -h x"],
    [
      ["db", "date"],
      'docker run --rm --network kamal --env A="b" --env-file .kamal/apps/app/env/accessories/db.env postgres:16 date',
    ],
  ])("%j", async (words, line) => {
    const fleet = fleetOf();
    fleet.script(/^docker image ls --quiet postgres:16/, { stdout: "sha\n" });
    expect((await fleet.run(["accessory", "exec", ...words])).exitCode).toBe(0);
    expect(fleet.recording.on("two").at(-1)).toBe(line);
    expect(fleet.recording.on("two").filter((one) => one.startsWith("docker login"))).toEqual([]);
  });

  test("on every host, with its exit code where it is one; bytes as they are", async () => {
    const fleet = fleetOf();
    fleet.script(/docker exec app-cache/, { stdout: "PONG\r\n" });
    const { out } = await fleet.run("accessory exec cache --reuse redis-cli ping");
    expect(out.match(/^Accessory cache Host: \w+\nPONG/gm)).toHaveLength(2);
    expect((await fleet.run("accessory exec cache -h one --reuse --raw redis-cli ping")).out).toBe("PONG\r\n");
    fleet.script(/docker exec app-db/, { exitCode: 9 });
    expect((await fleet.run("accessory exec db --reuse false")).exitCode).toBe(9);
    expect((await fleet.run("accessory exec db --raw -i psql")).err).toContain("--raw and --interactive");
  });

  test("with this terminal on the first host; an image that is gone is fetched, with a login", async () => {
    const fleet = fleetOf();
    fleet.script(/^docker image ls --quiet redis/, { stdout: "" });
    await fleet.run("accessory exec cache -i redis-cli", { tty: true });
    expect(fleet.interactive).toEqual([
      expect.stringMatching(/^one: docker run -it --rm --network kamal .* redis:7 redis-cli$/),
    ]);
    expect(fleet.recording.on("one").some((line) => line === "docker image pull redis:7")).toBe(true);
    await fleet.run("accessory exec db -i --reuse psql");
    expect(fleet.interactive.at(-1)).toBe("two: docker exec -i app-db psql");
  });
});

describe("logs", () => {
  test("of every host of it, as many lines as are asked for", async () => {
    const fleet = fleetOf();
    const { out } = await fleet.run("accessory logs cache");
    expect(out.match(/^Accessory cache Host: \w+\nbooting\n/gm)).toHaveLength(2);
    expect(fleet.recording.on("one").at(-1)).toBe("docker logs app-cache --tail 100 --timestamps 2>&1");
    await fleet.run("accessory logs db -s 5m -g error --grep-options=-i -T");
    expect(fleet.recording.on("two").at(-1)).toBe("docker logs app-db --since 5m 2>&1 | grep 'error' -i");
  });

  test("followed on all of them, with lines told apart", async () => {
    const fleet = fleetOf({ limits: { followPatienceMs: 1, followPollMs: 1 } });
    const { out } = await fleet.run("accessory logs cache -f -n 3");
    expect(fleet.recording.on("two")).toContain("docker logs app-cache --timestamps --tail 3 --follow 2>&1");
    expect(out).toMatch(/one.*booting/);
    expect(out).toMatch(/two.*booting/);
  });
});

describe("remove", () => {
  test("takes route, container, image, files and variables, of one or of all", async () => {
    const fleet = await booted();
    expect((await fleet.run("accessory remove db -y")).exitCode).toBe(0);
    expect(containers(fleet, "two")).toEqual(["app-cache"]);
    expect(fleet.lines("two")).toContain("docker image rm --force postgres:16");
    expect(fleet.lines("two")).toContain("/usr/bin/env rm -rf app-db");
    expect(fleet.lines("two")).toContain("/usr/bin/env rm -rf app-db_replaced_*");
    expect((await fleet.run("accessory remove all -y")).exitCode).toBe(0);
    for (const host of ["one", "two", "three"]) expect(containers(fleet, host)).toEqual([]);
    expect(fleet.server("one").live.has("app-admin")).toBe(false);
  });
});

test("one that cannot be stopped keeps its data", async () => {
  const fleet = await booted();
  fleet.script(/^docker container stop app-db$/, { exitCode: 1, stderr: "did not receive an exit event" });
  const { exitCode, err } = await fleet.run("accessory remove db -y");
  expect([exitCode, err]).toEqual([1, expect.stringContaining("could not be stopped; its files stay")]);
  expect(fleet.lines("two").filter((line) => line.includes("rm -rf"))).toEqual([]);
});

describe("single parts", () => {
  test.each([
    ["directories cache", "/usr/bin/env mkdir -p $PWD/app-cache/data"],
    ["pull_image cache", "docker image pull redis:7"],
    ["remove_container cache", "docker container prune --force --filter label=service=app-cache"],
    ["remove_image cache", "docker image rm --force redis:7"],
    ["remove_service_directory cache", "/usr/bin/env rm -rf app-cache"],
  ])("%s", async (words, line) => {
    const fleet = fleetOf();
    expect((await fleet.run(`accessory ${words}`)).exitCode).toBe(0);
    for (const host of ["one", "two"]) expect(fleet.lines(host)).toContain(line);
    expect(fleet.lines("three")).toEqual([]);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
  });
});
