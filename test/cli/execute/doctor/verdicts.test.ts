import { describe, expect, test } from "vitest";
import { checkArchitecture, checkDocker } from "../../../../cli/execute/doctor/docker.ts";
import type { Finding } from "../../../../cli/execute/doctor/finding.ts";
import { checkLock } from "../../../../cli/execute/doctor/lock.ts";
import { checkClock, checkDisks, checkLogin } from "../../../../cli/execute/doctor/machine.ts";
import { checkName, checkReach, type ServedName, servedNames } from "../../../../cli/execute/doctor/names.ts";
import { machineName, plainAddress } from "../../../../cli/execute/doctor/network.ts";
import { checkProxy, checkPublished, portsOf } from "../../../../cli/execute/doctor/proxy.ts";
import type { Survey } from "../../../../cli/remote/survey.ts";
import { configOf } from "../../config/written-config.ts";

const SOUND: Survey = {
  clockSeconds: 1000,
  user: { name: "deploy", root: false, groups: ["docker"] },
  machine: "x86_64",
  addresses: [],
  clientVersion: "28.2.2",
  docker: { version: "28.2.2", root: "/var/lib/docker" },
  disks: [{ path: "/", freeBytes: 40e9, freePercent: 40 }],
  listening: [],
  published: [],
  proxy: undefined,
  proxyVersion: undefined,
  bootOptions: undefined,
  lock: undefined,
};

/** `verdict text | hint`. */
const told = (findings: readonly Finding[]): string[] =>
  findings.map(({ hint, text, verdict }) => `${verdict}: ${text}${hint === undefined ? "" : ` | ${hint}`}`);

const failing = (error: string, more: Partial<Survey> = {}) => ({ docker: { error }, ...more });

describe("a host", () => {
  test.each<[Partial<Survey>, string[]]>([
    [{}, ["ok: Docker 28.2.2 runs.", "ok: deploy may use Docker."]],
    [
      { docker: { version: "20.10.24+dfsg1", root: "/" } },
      ["ok: Docker 20.10.24+dfsg1 runs.", "ok: deploy may use Docker."],
    ],
    [
      { docker: { version: "19.03.15", root: "/" } },
      ["problem: Docker 19.03.15 runs, which is older than 20.10. | update Docker", "ok: deploy may use Docker."],
    ],
    [
      failing("docker: not found", { clientVersion: undefined }),
      ["problem: Docker is not installed. | kdeploy setup installs it"],
    ],
    [
      failing("permission denied while trying to connect", { user: { name: "ann", root: false, groups: [] } }),
      [
        "ok: Docker 28.2.2 is installed.",
        "problem: ann is not in the group docker, and may not use Docker. | sudo usermod -aG docker ann on the server, and a new login; or another ssh.user",
      ],
    ],
    [
      failing("Cannot connect to the Docker daemon"),
      [
        "problem: Docker 28.2.2 is installed, but does not answer: Cannot connect to the Docker daemon | see on the server whether its service runs: systemctl status docker",
      ],
    ],
  ])("Docker %#", (seen, expected) => expect(told(checkDocker({ ...SOUND, ...seen }))).toEqual(expected));

  test.each<[string, string[], string[]]>([
    ["x86_64", ["amd64"], ["ok: The host is amd64, and images are built for amd64."]],
    ["aarch64", ["amd64", "arm64"], ["ok: The host is arm64, and images are built for amd64, arm64."]],
    ["armv7l", ["arm"], ["ok: The host is arm/v7, and images are built for arm."]],
    [
      "aarch64",
      ["amd64"],
      ["problem: The host is arm64, but images are built for amd64: they do not start there. | builder.arch: arm64"],
    ],
    ["", ["amd64"], []],
  ])("architecture %s for %j", (machine, arches, expected) =>
    expect(told(checkArchitecture({ ...SOUND, machine }, arches))).toEqual(expected),
  );

  const PRUNE = "kdeploy prune all removes what old versions have left; docker system df shows what the rest is";
  test.each<[number, number, string]>([
    [40e9, 40, "ok: 40.0 GB (40 %) are free on /."],
    [8e9, 10, "ok: 8.0 GB (10 %) are free on /."],
    [8e9, 9.94, `warning: 8.0 GB (9.9 %) are free on /. | ${PRUNE}`],
    [2e9, 2, `warning: 2.0 GB (2.0 %) are free on /. | ${PRUNE}`],
    [300e6, 1.9, `problem: 300 MB (1.9 %) are free on /. | ${PRUNE}`],
  ])("a disk with %d bytes, %d %%", (freeBytes, freePercent, expected) =>
    expect(told(checkDisks({ ...SOUND, disks: [{ path: "/", freeBytes, freePercent }] }))).toEqual([expected]),
  );

  test("one disk for / and Docker is told of once, two are two", () => {
    const disk = { path: "/", freeBytes: 1e9, freePercent: 50 };
    expect(checkDisks({ ...SOUND, disks: [disk, { ...disk, path: "/var/lib/docker" }] })).toHaveLength(1);
    expect(checkDisks({ ...SOUND, disks: [disk, { ...disk, path: "/data", freeBytes: 2e9 }] })).toHaveLength(2);
  });

  test.each<[number, RegExp]>([
    [1000, /^ok: The clock agrees/],
    [1003, /^ok: The clock agrees/],
    [1020, /^ok: The clock is 17 s ahead/],
    [960, /^warning: The clock is 39 s behind this machine's\. \| one of the two needs a time service/],
    [5000, /^warning: The clock is 3997 s ahead/],
  ])("a clock that says %d, asked between 1000 and 1003", (clockSeconds, expected) =>
    expect(told(checkClock({ ...SOUND, clockSeconds }, { fromMs: 1_000_000, toMs: 1_003_000 }))[0]).toMatch(expected),
  );

  test("who logs in", () => {
    expect(told([checkLogin(SOUND)])).toEqual(["ok: Logged in as deploy."]);
    const as = (name: string) => checkLogin({ ...SOUND, user: { name, root: true, groups: [] } }).text;
    expect([as("root"), as("toor")]).toEqual(["Logged in as root.", "Logged in as toor, who is root."]);
  });
});

describe("the proxy of a host", () => {
  const running = { status: "running", restarts: 0, image: "kdeploy/kdeploy-proxy:v0.1.0" };
  const own = [80, 443].map((port) => ({ container: "kamal-proxy", address: "0.0.0.0", port }));
  test.each<[string, Partial<Survey>, string[]]>([
    [
      "none yet",
      {},
      ["ok: There is no proxy yet; a deploy starts one.", "ok: Port 80 is free.", "ok: Port 443 is free."],
    ],
    [
      "ours",
      { proxy: { ...running, restarts: 1 }, proxyVersion: "0.1.0", published: own },
      [
        "ok: The proxy kdeploy/kdeploy-proxy:v0.1.0, version 0.1.0, is running; Docker has restarted it once.",
        "ok: Port 80 is the proxy's.",
        "ok: Port 443 is the proxy's.",
      ],
    ],
    [
      "stopped, beside a web server and another container",
      {
        proxy: { ...running, status: "exited" },
        listening: [
          { port: 80, program: "nginx" },
          { port: 443, program: "docker-proxy" },
        ],
        published: [{ container: "traefik", address: "::", port: 443 }],
      },
      [
        "warning: The proxy kdeploy/kdeploy-proxy:v0.1.0 is exited. | kdeploy proxy start; a deploy starts it, too",
        "problem: Port 80 is in use by nginx: the proxy cannot have it. | sudo ss -ltnp 'sport = :80' on the server says which; stop it, or set proxy.run's http_port and https_port",
        "problem: Port 443 is in use by the container traefik: the proxy cannot have it. | docker stop traefik on the server, or set proxy.run's http_port and https_port",
      ],
    ],
    [
      "too old, restarting, on the host's own network",
      {
        proxy: { status: "restarting", restarts: 9, image: "basecamp/kamal-proxy:v0.8.0" },
        listening: [{ port: 80, program: undefined }],
      },
      [
        "problem: The proxy basecamp/kamal-proxy:v0.8.0 is too old. | kdeploy proxy reboot starts the one that is wanted",
        "problem: Port 80 is in use by a program: the proxy cannot have it. | sudo ss -ltnp 'sport = :80' on the server says which; stop it, or set proxy.run's http_port and https_port",
        "ok: Port 443 is free.",
      ],
    ],
    [
      "restarting",
      { proxy: { ...running, status: "restarting" }, published: own },
      [
        "problem: The proxy kdeploy/kdeploy-proxy:v0.1.0 is restarting. | kdeploy proxy logs says why it does not stay",
        "ok: Port 80 is the proxy's.",
        "ok: Port 443 is the proxy's.",
      ],
    ],
    [
      "running without ports of its own",
      { proxy: running, listening: [{ port: 80, program: undefined }] },
      [
        "ok: The proxy kdeploy/kdeploy-proxy:v0.1.0 is running.",
        "skipped: Port 80 is in use, perhaps by the proxy: it publishes no ports of its own.",
        "warning: Port 443 is free: the proxy that runs does not have it. | kdeploy proxy reboot",
      ],
    ],
  ])("%s", (_, seen, expected) => expect(told(checkProxy({ ...SOUND, ...seen }, undefined))).toEqual(expected));

  test("its ports are those of proxy.run, else of the boot files, else 80 and 443", () => {
    const runOf = (text: string) => configOf(`proxy: {run: ${text}}`).roles[0]?.proxy?.run;
    expect(portsOf(SOUND, runOf("{http_port: 8080, https_port: 8443}"))).toEqual([8080, 8443]);
    expect(portsOf(SOUND, runOf("{publish: false}"))).toEqual([]);
    expect(portsOf(SOUND, undefined)).toEqual([80, 443]);
    const bootOptions = "--publish 192.0.2.1:81:80 --publish [::1]:81:80 --publish 444:443 --log-opt max-size=10m";
    expect(portsOf({ ...SOUND, bootOptions }, undefined)).toEqual([81, 444]);
    expect(portsOf({ ...SOUND, bootOptions: "--log-opt max-size=10m" }, undefined)).toEqual([]);
  });

  test("another address of the same port may be meant [warning, not problem]", () => {
    const run = configOf("proxy: {run: {bind_ips: [192.0.2.1]}}").roles[0]?.proxy?.run;
    const seen = { ...SOUND, listening: [{ port: 80, program: "nginx" }] };
    expect(checkProxy(seen, run).map(({ verdict }) => verdict)).toEqual(["ok", "warning", "ok"]);
  });
});

describe("ports that anybody can reach", () => {
  const at = (container: string, address: string, port: number) => ({ container, address, port });
  test("those of running containers and of accessories that do not run yet; the proxy's are meant so [C2]", () => {
    const seen = {
      ...SOUND,
      published: [
        at("kamal-proxy", "0.0.0.0", 80),
        at("app-db", "0.0.0.0", 5432),
        at("app-db", "::", 5432),
        at("app-cache", "127.0.0.1", 6379),
        at("other", "::", 9000),
      ],
    };
    const accessories = [
      { service: "app-db", publish: "5432:5432" },
      { service: "app-cache", publish: "6379:6379" },
      { service: "app-queue", publish: "15672:5672" },
      { service: "app-bound", publish: "192.0.2.1:25:25" },
      { service: "app-none", publish: undefined },
    ];
    expect(told(checkPublished(seen, accessories))).toEqual([
      'warning: app-db is open on every address of the host, past its firewall: port 5432. | port: "127.0.0.1:5432:5432" in the accessory, then kdeploy accessory reboot; unless everybody is meant to reach it',
      "warning: other is open on every address of the host, past its firewall: port 9000. | publish it on 127.0.0.1 only, unless everybody is meant to reach it",
      'warning: app-queue is open on every address of the host, past its firewall: port 15672. | port: "127.0.0.1:15672:5672" in the accessory, then kdeploy accessory reboot; unless everybody is meant to reach it',
    ]);
  });

  test("none", () => {
    expect(told(checkPublished({ ...SOUND, published: [at("kamal-proxy", "0.0.0.0", 80)] }, []))).toEqual([
      "ok: No port but the proxy's is open on every address.",
    ]);
  });
});

describe("the deploy lock", () => {
  const details = "Locked by: ann at now\nVersion: v1\nMessage: Automatic deploy lock";
  const beat = (ageSeconds: number) => ({ token: "t", ageSeconds });
  test.each<[string, Survey["lock"], boolean, RegExp]>([
    ["free", undefined, true, /^ok: The deploy lock is free\.$/],
    [
      "of a deploy that is under way",
      { beat: beat(5), details },
      true,
      /^warning: ann at now \(.*\) deploys right now/,
    ],
    ["of one that died", { beat: beat(500), details }, true, /^ok: .* is stale: the next deploy takes it over/],
    ["of a Kamal CLI", { beat: undefined, details }, true, /^warning: .* no signs of life: .* \| kdeploy lock release/],
    [
      "of a person",
      { beat: undefined, details: "Locked by: ann at now\nMessage: holidays" },
      true,
      /^warning: The deploy lock is taken by ann at now \(holidays\)\./,
    ],
    [
      "on a host that is not the primary any more",
      { beat: undefined, details },
      false,
      /^warning: .* lies here, .* \| rm -r \.kamal\/lock-app/,
    ],
    ["free on another host", undefined, false, /^nothing$/],
  ])("%s", (_, lock, isLockHost, expected) => {
    const [line] = told(checkLock({ ...SOUND, lock }, { appId: "app" }, { isLockHost, ttlSeconds: 60 }));
    expect(line ?? "nothing").toMatch(expected);
  });
});

describe("the names of an app", () => {
  const served: ServedName = { name: "a.example", hosts: ["one", "two"], ssl: true, automatic: true };
  const hosts = new Map([
    ["one", ["192.0.2.1", "2001:db8::1"]],
    ["two", ["192.0.2.2"]],
  ]);
  const check = (found: readonly string[] | undefined, more: Partial<ServedName> = {}, onServer?: readonly string[]) =>
    told([
      checkName(
        { ...served, ...more },
        { found, hosts, onServer: onServer === undefined ? undefined : { host: "one", addresses: onServer } },
      ),
    ])[0];

  test("lead to hosts of theirs", () => {
    expect(check(["192.0.2.1"])).toBe("ok: a.example leads to one (192.0.2.1).");
    expect(check(["192.0.2.1", "192.0.2.2"])).toMatch(/^ok: a\.example leads to one, two/);
  });

  test("lead elsewhere, or partly", () => {
    expect(check(["198.51.100.1"], {}, ["192.0.2.1"])).toBe(
      "warning: a.example leads to 198.51.100.1, which is no host of its own. On one it leads to 192.0.2.1. | have DNS lead a.example to 192.0.2.1, 2001:db8::1, 192.0.2.2; unless a load balancer or a CDN is there",
    );
    expect(check(["192.0.2.1", "198.51.100.1"])).toMatch(/^warning: .* 198\.51\.100\.1, which .* among others\./);
  });

  test("lead nowhere: without them there are no certificates", () => {
    expect(check([])).toMatch(/^problem: a\.example leads nowhere, so no certificate is to be had for it\./);
    expect(check([], { automatic: false })).toMatch(/^warning: a\.example leads nowhere\./);
  });

  test("could not be looked up, or stand for others", () => {
    expect(check(undefined)).toMatch(/^warning: a\.example could not be looked up here/);
    expect(check(undefined, { name: "*.example" })).toMatch(/^skipped: \*\.example stands for any name/);
    expect(told([checkName(served, { found: ["192.0.2.9"], hosts: new Map([["alias", []]]) })])[0]).toMatch(
      /^skipped:/,
    );
  });

  test("are those of roles and accessories, each once", () => {
    const config = configOf(`
servers:
  web: { hosts: [one, two], proxy: { hosts: [a.example, b.example], ssl: false } }
  api: { hosts: [three], proxy: { host: a.example, ssl: true, path_prefix: /api } }
  job: { hosts: [four], proxy: false }
accessories:
  admin: { image: x, host: five, proxy: { host: c.example } }
`);
    expect(servedNames(config)).toEqual([
      { name: "a.example", hosts: ["one", "two", "three"], ssl: true, automatic: true },
      { name: "b.example", hosts: ["one", "two"], ssl: false, automatic: false },
      { name: "c.example", hosts: ["five"], ssl: false, automatic: false },
    ]);
  });

  test.each([
    ["open", true, /^ok: Port 443 of 192\.0\.2\.1 answers from here/],
    ["refused", false, /^ok: .* can be reached from here; nothing answers there yet/],
    ["refused", true, /^warning: .* refuses connections from here\. \| open it in the firewall/],
    ["silent", true, /^warning: .* does not answer from here/],
    ["silent", false, /^warning: .* does not answer from here/],
  ] as const)("a port that is %s, the proxy running: %s", (reach, running, expected) =>
    expect(told([checkReach("192.0.2.1", 443, reach, running)])[0]).toMatch(expected),
  );

  test.each([
    ["app1", "app1"],
    ["ann@app1.example:2222", "app1.example"],
    ["[2001:db8::1]:22", "2001:db8::1"],
    ["2001:db8::1", "2001:db8::1"],
    ["ann@192.0.2.1", "192.0.2.1"],
  ])("the machine of %s", (host, name) => expect(machineName(host)).toBe(name));

  test.each([
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:DB8::1", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
  ])("the address %s", (address, plain) => expect(plainAddress(address)).toBe(plain));
});
