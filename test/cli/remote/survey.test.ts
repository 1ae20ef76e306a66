import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolveName, survey, tryLogin } from "../../../cli/remote/doctor.ts";
import { login } from "../../../cli/remote/registry.ts";
import { parseSurvey } from "../../../cli/remote/survey.ts";
import { Secret } from "../../../cli/secret/secret.ts";
import { configOf } from "../config/written-config.ts";

/** Answers of a host, by name. */
function printed(answers: Readonly<Record<string, string>>): string {
  return `${Object.entries(answers)
    .map(([name, text]) => `@@ ${name}\n${text}\n`)
    .join("")}@@ end\n`;
}

describe("the answers of a host", () => {
  test("of Debian with everything", () => {
    const seen = parseSurvey(
      printed({
        clock: "1795330348",
        user: "deploy\n1000\ndeploy sudo docker",
        machine: "x86_64",
        addresses:
          "192.0.2.7\n1: lo    inet 127.0.0.1/8 scope host lo\n2: eth0    inet 192.0.2.7/24 brd 192.0.2.255 scope global eth0\n" +
          "2: eth0    inet6 2001:db8::7/64 scope global\n2: eth0    inet6 fe80::1/64 scope link\n9: docker0    inet 172.17.0.1/16 scope global",
        client: "Docker version 28.2.2, build e6534b4",
        docker: "20.10.24+dfsg1|aarch64|/var/lib/docker",
        disk: "Filesystem     1024-blocks     Used Available Capacity Mounted on\n/dev/vda 1000 700 100 88% /\n/dev/mapper/a b 2000 0 2000 0% /var/lib/docker",
        sockets:
          "   0: 00000000:0050 00000000:0000 0A 0:0 00:0 0 0 1678 1 0 100\n   1: 00000000000000000000000000000000:01BB 0:0 0A 0:0",
        programs:
          'State Recv-Q Send-Q Local Address:Port Peer Address:Port Process\nLISTEN 0 511 0.0.0.0:80 0.0.0.0:* users:(("nginx",pid=7,fd=6))',
        containers:
          "db|0.0.0.0:5432->5432/tcp, [::]:5432->5432/tcp, 9000/tcp\nold|:::8000-8001->8000-8001/tcp\nown|127.0.0.1:6379->6379/tcp\nquiet|",
        proxy: "running|2|kdeploy/kdeploy-proxy:v0.1.0",
        "proxy-version": "v0.1.0",
        "boot-options": "--publish 8080:80",
        lock: "beat abc 5\ndetails\nLocked by: ann at now",
      }),
    );
    expect(seen).toEqual({
      clockSeconds: 1_795_330_348,
      user: { name: "deploy", root: false, groups: ["deploy", "sudo", "docker"] },
      machine: "aarch64",
      addresses: ["192.0.2.7", "2001:db8::7"],
      clientVersion: "28.2.2",
      docker: { version: "20.10.24+dfsg1", root: "/var/lib/docker" },
      disks: [
        { path: "/", freeBytes: 102_400, freePercent: 12.5 },
        { path: "/var/lib/docker", freeBytes: 2_048_000, freePercent: 100 },
      ],
      listening: [
        { port: 80, program: "nginx" },
        { port: 443, program: undefined },
      ],
      published: [
        { container: "db", address: "0.0.0.0", port: 5432 },
        { container: "db", address: "::", port: 5432 },
        { container: "old", address: "::", port: 8000 },
        { container: "old", address: "::", port: 8001 },
        { container: "own", address: "127.0.0.1", port: 6379 },
      ],
      proxy: { status: "running", restarts: 2, image: "kdeploy/kdeploy-proxy:v0.1.0" },
      proxyVersion: "0.1.0",
      bootOptions: "--publish 8080:80",
      lock: { beat: { token: "abc", ageSeconds: 5 }, details: "Locked by: ann at now" },
    });
  });

  test("of Alpine without Docker: addresses of hostname -I, programs of netstat", () => {
    const seen = parseSurvey(
      printed({
        user: "root\n0\nroot bin",
        machine: "x86_64",
        addresses: "192.0.2.7\n192.0.2.7 2001:db8::7 ",
        client: "sh: docker: not found",
        docker: "sh: docker: not found",
        sockets: "0: 00000000:0050 00000000:0000 0A 0:0",
        programs: "tcp        0      0 0.0.0.0:80              0.0.0.0:*               LISTEN      12/nginx: master",
      }),
    );
    expect(seen).toMatchObject({
      clockSeconds: undefined,
      user: { root: true },
      machine: "x86_64",
      addresses: ["192.0.2.7", "2001:db8::7"],
      clientVersion: undefined,
      docker: { error: "sh: docker: not found" },
      disks: [],
      listening: [{ port: 80, program: "nginx" }],
      published: [],
      proxy: undefined,
      bootOptions: undefined,
      lock: undefined,
    });
  });

  test("that broke off are none", () => {
    expect(parseSurvey("@@ clock\n1\n@@ user\nroot")).toBeUndefined();
    expect(parseSurvey("This account is not available.\n")).toBeUndefined();
  });
});

const SHELLS = [
  ["sh", ["/bin/sh", "-c"]],
  ["bash", ["/bin/bash", "-c"]],
  ["busybox", ["/bin/busybox", "sh", "-c"]],
] as const satisfies readonly (readonly [string, readonly string[]])[];

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "kdeploy-survey-"));
  await mkdir(join(home, "bin"));
  // Answers as Docker does; a login leaves its mark where Docker is told to keep logins.
  await writeFile(
    join(home, "bin/docker"),
    `#!/bin/sh
case "$1" in
  -v) echo "Docker version 28.2.2, build e6534b4" ;;
  info) case "$*" in *ServerVersion*) echo "28.2.2|x86_64|/" ;; *) echo / ;; esac ;;
  ps) echo "kamal-proxy|0.0.0.0:80->80/tcp" ;;
  login) cat > "$DOCKER_CONFIG/config.json"; grep -q right "$DOCKER_CONFIG/config.json" || { echo denied >&2; exit 1; } ;;
  *) exit 1 ;;
esac
`,
  );
  await chmod(join(home, "bin/docker"), 0o755);
  await mkdir(join(home, ".kamal/lock-app"), { recursive: true });
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe.each(SHELLS.filter(([, [path]]) => existsSync(path)))("on a real host, with %s", (_, [shell, ...args]) => {
  const run = (line: string, input = "") =>
    execFileSync(shell, [...args, line], {
      cwd: home,
      input,
      encoding: "utf8",
      env: { PATH: `${home}/bin:${process.env["PATH"]}`, TMPDIR: home },
      stdio: ["pipe", "pipe", "ignore"],
    });

  test("everything is answered in one go, and nothing is left behind", async () => {
    const before = await readdir(home, { recursive: true });
    const seen = parseSurvey(run(survey(configOf("service: app"))));
    expect(Math.abs((seen?.clockSeconds ?? 0) - Date.now() / 1000)).toBeLessThan(60);
    expect(seen).toMatchObject({
      docker: { version: "28.2.2", root: "/" },
      published: [{ container: "kamal-proxy", port: 80 }],
      lock: { beat: undefined, details: "" },
      proxy: undefined,
    });
    expect(seen?.disks[0]).toMatchObject({ path: "/" });
    expect(await readdir(home, { recursive: true })).toEqual(before);
  });

  test("a lock that is held is told, and ends nothing", async () => {
    const details = join(home, ".kamal/lock-app/details");
    // Without a newline at its end, as it is written by both tools.
    await writeFile(details, Buffer.from("Locked by: ann at 2026-01-31T12:00:00Z\nMessage: lunch").toString("base64"));
    const seen = parseSurvey(run(survey(configOf("service: app"))));
    await rm(details);
    expect(seen?.lock?.details).toContain("Message: lunch");
  });

  test("a login is tried without leaving one behind, and its password is in no command line", async () => {
    const attempt = (password: string) =>
      tryLogin(login({ server: "hub.example" }, new Secret("ann"), new Secret(password)));
    expect(attempt("s3cret-right").command).not.toContain("s3cret");
    expect(attempt("x").shown).not.toContain("ann");
    run(attempt("s3cret-right").command, "s3cret-right");
    expect(() => run(attempt("s3cret-wrong").command, "s3cret-wrong")).toThrow("Command failed");
    expect(await readdir(home)).toEqual([".kamal", "bin"]);
  });

  test("a name is looked up where the host can", () => {
    expect(run(resolveName("localhost")).trim().split("\n")).toContain("127.0.0.1");
  });
});
