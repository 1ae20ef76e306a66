import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { EverydayFleet, type Ran } from "../../support/everyday-fleet.ts";
import { THREE_HOSTS } from "../../support/simulated-fleet.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const LOCAL = THREE_HOSTS.replace(/^registry: .*$/m, 'registry: { server: "localhost:5055" }');
const REMOTE = THREE_HOSTS.replace("registry: {", "registry: { server: ghcr.io,");
const START =
  "docker start kamal-docker-registry || docker run --detach -p 127.0.0.1:5055:5000 --name kamal-docker-registry registry:3";

type StubDocker = {
  /** A shell pattern of arguments, and what is said on standard error then. */
  readonly fails?: string;
  readonly says?: string;
  /** By pattern, what is printed. */
  readonly prints?: Readonly<Record<string, string>>;
};

/** A run with a `docker` of its own on this machine: it notes its arguments and its input, and fails where it is told to. */
async function ran(
  fleet: EverydayFleet,
  words: string,
  { fails = "nothing", says = "", prints = {} }: StubDocker = {},
): Promise<Ran & { readonly here: readonly string[] }> {
  const folder = await temporaryDirectory();
  const notes = join(folder, "notes");
  const docker = join(folder, "docker");
  const script = [
    "#!/bin/sh",
    `input=$(cat); printf '%s%s\\n' "$*" "\${input:+ < $input}" >>"${notes}"`,
    `case "$*" in ${fails}) echo "${says}" >&2; exit 1;; esac`,
    ...Object.entries(prints).map(([pattern, text]) => `case "$*" in ${pattern}) echo "${text}";; esac`),
  ];
  writeFileSync(docker, `${script.join("\n")}\n`);
  chmodSync(docker, 0o755);
  const path = `${folder}${delimiter}${process.env["PATH"] ?? ""}`;
  const result = await fleet.run(words, { env: { PATH: path } });
  return { ...result, here: existsSync(notes) ? readFileSync(notes, "utf8").trimEnd().split("\n") : [] };
}

const login = 'docker login ghcr.io -u "deployer" --password-stdin';
const linesOf = (fleet: EverydayFleet) => fleet.recording.all.map(({ host, command }) => `${host} ${command}`);

describe.each(["setup", "login"])("registry %s", (verb) => {
  test("logs in on this machine and on the servers, with the password by stdin only, and without a lock", async () => {
    const fleet = new EverydayFleet({ config: REMOTE });
    const { exitCode, here, out, err } = await ran(fleet, `registry ${verb}`);
    expect(exitCode, err).toBe(0);
    expect(here).toEqual(["-v", "login ghcr.io -u deployer --password-stdin < hunter22"]);
    expect(linesOf(fleet)).toEqual([`one ${login}`, `two ${login}`, `three ${login}`]);
    expect(fleet.recording.all.map(({ input }) => input)).toEqual(["hunter22", "hunter22", "hunter22"]);
    expect(out + err).not.toContain("hunter22");
  });

  test.each([
    ["--skip-local", [], 3],
    ["-L", [], 3],
    ["--skip-remote", ["-v", "login ghcr.io -u deployer --password-stdin < hunter22"], 0],
    ["-R", ["-v", "login ghcr.io -u deployer --password-stdin < hunter22"], 0],
    ["-L -R", [], 0],
    ["-h two -L", [], 1],
  ])("%s", async (options, expected, hosts) => {
    const fleet = new EverydayFleet({ config: REMOTE });
    const { exitCode, here } = await ran(fleet, `registry ${verb} ${options}`);
    expect(exitCode).toBe(0);
    expect(here).toEqual(expected);
    expect(fleet.recording.all).toHaveLength(hosts);
  });

  test("says when Docker is missing here, and what to do about it; nothing else was done", async () => {
    const fleet = new EverydayFleet({ config: REMOTE });
    const { exitCode, err } = await ran(fleet, `registry ${verb}`, { fails: "-v", says: "docker: not found" });
    expect(exitCode).toBe(1);
    expect(err).toContain("Docker is not installed on this machine");
    expect(err).toContain("--skip-local");
    expect(fleet.recording.all).toEqual([]);
  });

  test("a wrong password names the host, and the place in the configuration", async () => {
    const fleet = new EverydayFleet({ config: REMOTE });
    fleet.script(/^docker login/, { exitCode: 1, stderr: "unauthorized: incorrect username or password" }, "two");
    const { exitCode, err } = await ran(fleet, `registry ${verb} -L`);
    expect(exitCode).toBe(1);
    expect(err).toContain("two: ghcr.io does not accept the username and password.");
    expect(err).toContain("registry/username and registry/password");
    expect(fleet.recording.all).toHaveLength(3);
  });

  test("a dry run says the lines without the password, and runs none of them", async () => {
    const fleet = new EverydayFleet({ config: REMOTE });
    const { exitCode, out, err, here } = await ran(fleet, `registry ${verb} --dry-run`);
    expect(exitCode).toBe(0);
    expect(here).toEqual(["-v"]);
    expect(fleet.recording.all).toEqual([]);
    expect(out).toContain("would run on localhost: docker login ghcr.io -u [REDACTED] --password-stdin");
    expect(out).toContain("would run on three: docker login ghcr.io -u [REDACTED] --password-stdin");
    expect(out + err).not.toContain("hunter22");
  });

  test("the hook before the first connection runs before the servers are reached, and not without them", async () => {
    const fleet = new EverydayFleet({ config: REMOTE });
    await fleet.recordHooks(["pre-connect"]);
    await ran(fleet, `registry ${verb} -R`);
    await ran(fleet, `registry ${verb} -L`);
    expect(await fleet.hookLog()).toEqual([`pre-connect one,two,three registry ${verb}`]);
  });
});

describe.each(["remove", "logout"])("registry %s", (verb) => {
  test("logs out on this machine and on the servers", async () => {
    const fleet = new EverydayFleet({ config: REMOTE });
    const { exitCode, here } = await ran(fleet, `registry ${verb}`);
    expect(exitCode).toBe(0);
    expect(here).toEqual(["-v", "logout ghcr.io"]);
    expect(linesOf(fleet)).toEqual(["one", "two", "three"].map((host) => `${host} docker logout ghcr.io`));
  });

  test.each([
    ["-L", 0, 3],
    ["-R", 2, 0],
  ])("%s", async (options, here, hosts) => {
    const fleet = new EverydayFleet({ config: REMOTE });
    expect((await ran(fleet, `registry ${verb} ${options}`)).here).toHaveLength(here);
    expect(fleet.recording.all).toHaveLength(hosts);
  });

  test("one host that fails does not keep the others", async () => {
    const fleet = new EverydayFleet({ config: REMOTE });
    fleet.script(/^docker logout/, { exitCode: 1, stderr: "daemon is busy" }, "one");
    const { exitCode, err } = await ran(fleet, `registry ${verb} -L`);
    expect(exitCode).toBe(1);
    expect(err).toContain("daemon is busy");
    expect(fleet.recording.all).toHaveLength(3);
  });
});

describe("a registry on this machine", () => {
  test("is started by setup, and the servers are left alone", async () => {
    const fleet = new EverydayFleet({ config: LOCAL });
    const { exitCode, here } = await ran(fleet, "registry setup");
    expect(exitCode).toBe(0);
    expect(here).toEqual(["-v", "start kamal-docker-registry"]);
    expect(fleet.recording.all).toEqual([]);
  });

  test("that was made for another port is refused, with both ports", async () => {
    const started = { "start*": "kamal-docker-registry" };
    const fleet = () => new EverydayFleet({ config: LOCAL });
    const other = await ran(fleet(), "registry setup", { prints: { ...started, "port*": "127.0.0.1:5000" } });
    expect(other.exitCode).toBe(1);
    expect(other.err).toContain("The registry on this machine has port 5000, and was to have port 5055.");
    expect(other.err).toContain("kdeploy registry remove");
    const same = await ran(fleet(), "registry setup", { prints: { ...started, "port*": "127.0.0.1:5055" } });
    expect(same.exitCode).toBe(0);
    expect(same.here.at(-1)).toBe("port kamal-docker-registry 5000");
  });

  test("is made when there is none", async () => {
    const { exitCode, here } = await ran(new EverydayFleet({ config: LOCAL }), "registry setup", { fails: "start*" });
    expect(exitCode).toBe(0);
    expect(here.at(-1)).toBe("run --detach -p 127.0.0.1:5055:5000 --name kamal-docker-registry registry:3");
  });

  test("is removed", async () => {
    const fleet = new EverydayFleet({ config: LOCAL });
    const { exitCode, here } = await ran(fleet, "registry remove");
    expect(exitCode).toBe(0);
    expect(here).toEqual(["-v", "stop kamal-docker-registry", "rm kamal-docker-registry"]);
    expect(fleet.recording.all).toEqual([]);
  });

  test("that is not there is removed; any other failure is one", async () => {
    const says = "Error response from daemon: No such container: kamal-docker-registry";
    const fleet = new EverydayFleet({ config: LOCAL });
    expect((await ran(fleet, "registry remove", { fails: "stop*", says })).exitCode).toBe(0);
    const { exitCode, err } = await ran(fleet, "registry remove", { fails: "stop*", says: "permission denied" });
    expect(exitCode).toBe(1);
    expect(err).toContain("permission denied");
  });

  test.each(["registry setup", "registry remove"])("%s --skip-local does nothing", async (words) => {
    const fleet = new EverydayFleet({ config: LOCAL });
    const { exitCode, here } = await ran(fleet, `${words} --skip-local`);
    expect(exitCode).toBe(0);
    expect(here).toEqual([]);
    expect(fleet.recording.all).toEqual([]);
  });

  test.each(["login", "logout"])("knows no %s", async (verb) => {
    const fleet = new EverydayFleet({ config: LOCAL });
    const { exitCode, err, here } = await ran(fleet, `registry ${verb}`);
    expect(exitCode).toBe(2);
    expect(err).toContain("localhost:5055 is one on this machine");
    expect(err).toContain("kdeploy registry setup");
    expect(here).toEqual([]);
    expect(fleet.recording.all).toEqual([]);
  });

  test("a dry run says the line", async () => {
    const { out, here } = await ran(new EverydayFleet({ config: LOCAL }), "registry setup --dry-run");
    expect(out).toContain(`would run on localhost: ${START}`);
    expect(here).toEqual(["-v"]);
  });

  test("stays when everything else is removed, as does this machine's login to one elsewhere", async () => {
    const local = new EverydayFleet({ config: LOCAL });
    expect(await ran(local, "remove -y")).toMatchObject({ exitCode: 0, here: [] });
    expect(linesOf(local).filter((line) => line.includes("logout"))).toEqual([]);
    const remote = new EverydayFleet({ config: REMOTE });
    expect(await ran(remote, "remove -y")).toMatchObject({ exitCode: 0, here: [] });
    expect(linesOf(remote).filter((line) => line.includes("logout"))).toHaveLength(3);
  });
});

test("a command in a new container has its image fetched from the registry on this machine", async () => {
  const fleet = new EverydayFleet({ config: LOCAL });
  fleet.server("one").images.clear();
  const { exitCode, here } = await ran(fleet, "app exec -h one date");
  expect(exitCode).toBe(0);
  expect(here).toEqual(["start kamal-docker-registry"]);
  const about = fleet.recording.on("one").filter((line) => /^forward|^docker (pull|run)/.test(line));
  expect(about.map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
    "forward 5055 back",
    "docker pull localhost:5055/acme/app:v1",
    "forward 5055 no",
    "docker run --rm",
  ]);
});
