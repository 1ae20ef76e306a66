import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { runProgram } from "../../../cli/command/program.ts";
import { DOCUMENTED_SECTIONS } from "../../../cli/config/documentation.ts";
import { memoryTerminal } from "./memory-terminal.ts";
import { committed, type Project, project, SMALL_CONFIG } from "./project.ts";

const made: Project[] = [];
afterEach(async () => {
  await Promise.all(made.splice(0).map((one) => one.remove()));
});

async function directory(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const one = await project(files);
  made.push(one);
  return one.cwd;
}

async function run(cwd: string, ...words: string[]) {
  const terminal = memoryTerminal({ cwd });
  const exitCode = await runProgram(words, terminal);
  return { exitCode, out: terminal.out(), err: terminal.err() };
}

describe("init", () => {
  test("writes a configuration that check accepts, secrets for the owner only, and hooks that can run", async () => {
    const cwd = await directory({ Dockerfile: "FROM scratch\n" });
    expect(await run(cwd, "init")).toMatchObject({ exitCode: 0, err: "" });
    expect(await run(cwd, "check", "--strict")).toEqual({ exitCode: 0, out: "config/deploy.yml: in order\n", err: "" });
    expect((await stat(join(cwd, ".kamal/secrets"))).mode & 0o777).toBe(0o600);
    const hooks = await readdir(join(cwd, ".kamal/hooks"));
    expect(hooks).toHaveLength(14);
    for (const hook of hooks) {
      expect(hook).toMatch(/^[a-z-]+\.sample$/);
      expect((await stat(join(cwd, ".kamal/hooks", hook))).mode & 0o777).toBe(0o755);
    }
  });

  test("editors find the schema", async () => {
    const cwd = await directory();
    await run(cwd, "init");
    const [header = ""] = (await readFile(join(cwd, "config/deploy.yml"), "utf8")).split("\n");
    const schema = /^# yaml-language-server: \$schema=(.+)$/.exec(header)?.[1] ?? "";
    const found = await readFile(join(cwd, "config", schema), "utf8");
    expect(JSON.parse(found)).toMatchObject({ title: "deploy.yml" });
    expect(found).toBe((await run(cwd, "config-schema")).out);
  });

  test("what is there already is left alone, and said", async () => {
    const cwd = await directory({ "config/deploy.yml": "mine" });
    await mkdir(join(cwd, ".kamal/hooks"), { recursive: true });
    await writeFile(join(cwd, ".kamal/secrets"), "A=1");
    const { exitCode, out } = await run(cwd, "init");
    expect(exitCode).toBe(0);
    expect(out).toContain("config/deploy.yml is there already");
    expect(await readFile(join(cwd, "config/deploy.yml"), "utf8")).toBe("mine");
    expect(await readFile(join(cwd, ".kamal/secrets"), "utf8")).toBe("A=1");
    expect(await readdir(join(cwd, ".kamal/hooks"))).toEqual([]);
  });

  test("--dry-run writes nothing", async () => {
    const cwd = await directory();
    expect((await run(cwd, "init", "--dry-run")).out).toContain("would write config/deploy.yml");
    expect(await readdir(cwd)).toEqual([]);
  });
});

describe("docs", () => {
  test.each(DOCUMENTED_SECTIONS)("%s", async (section) => {
    const { exitCode, out } = await run("/", "docs", section);
    expect(exitCode).toBe(0);
    expect(parse(out)).toBeTypeOf("object");
  });

  test("the whole file without a section; near sections for an unknown one, which is an error", async () => {
    expect((await run("/", "docs")).out).toBe((await run("/", "docs", "root")).out);
    expect(await run("/", "docs", "proxi")).toMatchObject({ exitCode: 2, err: expect.stringContaining("mean proxy?") });
  });
});

describe("check", () => {
  test("all that is wrong, each with its line", async () => {
    const cwd = await directory({ "config/deploy.yml": "service: blog\nimagge: acme/blog\nserverz: [192.0.2.1]\n" });
    const { exitCode, err, out } = await run(cwd, "check");
    expect({ exitCode, out }).toEqual({ exitCode: 3, out: "" });
    expect(err).toMatch(/config\/deploy\.yml:2:1 .*imagge.*did you mean image\?/);
    expect(err.match(/deploy\.yml:/g)?.length).toBeGreaterThan(1);
  });

  test("a Dockerfile that is missing is a problem here, and not for commands that build nothing", async () => {
    const cwd = await directory({ "config/deploy.yml": SMALL_CONFIG });
    const { exitCode, err, out } = await run(cwd, "check");
    expect({ exitCode, out }).toEqual({ exitCode: 3, out: "" });
    expect(err).toMatch(/config\/deploy\.yml:\d+:\d+ builder\/dockerfile: missing Dockerfile/);
    expect(await run(cwd, "config", "--version", "v1")).toMatchObject({ exitCode: 0 });
  });

  test("so is a file of an accessory that is missing", async () => {
    const accessory = "accessories: { db: { image: pg, host: h, files: ['my.cnf:/etc/my.cnf', 'init:/init'] } }\n";
    const cwd = await directory({
      "config/deploy.yml": `${SMALL_CONFIG}\n${accessory}`,
      Dockerfile: "",
      "init/1.sql": "",
    });
    const { exitCode, err } = await run(cwd, "check");
    expect(exitCode).toBe(3);
    expect(err).toMatch(/config\/deploy\.yml:\d+:\d+ accessories\/db\/files\/0: there is no file my\.cnf/);
    expect(err).not.toContain("no file init");
    expect(await run(cwd, "config", "--version", "v1")).toMatchObject({ exitCode: 0 });
  });

  test("as JSON", async () => {
    const cwd = await directory({ "config/deploy.yml": SMALL_CONFIG, Dockerfile: "" });
    const { out } = await run(cwd, "check", "--json");
    expect(JSON.parse(out)).toEqual({ valid: true, files: ["config/deploy.yml"], warnings: [] });
  });
});

describe("config", () => {
  const files = {
    "config/deploy.yml": SMALL_CONFIG,
    Dockerfile: "",
    ".kamal/secrets": "REGISTRY_PASSWORD=hush-hush\n",
  };

  test("what the original prints, as YAML", async () => {
    const cwd = await directory(files);
    const commit = committed(cwd);
    const { exitCode, out, err } = await run(cwd, "config");
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
    expect(parse(out)).toMatchObject({
      roles: ["web", "job"],
      hosts: ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
      primary_host: "192.0.2.1",
      version: commit,
      repository: "acme/blog",
      absolute_image: `acme/blog:${commit}`,
      service_with_version: `blog-${commit}`,
      resolved: { service: "blog", drainTimeoutSeconds: 30 },
    });
  });

  test("as JSON, the same", async () => {
    const cwd = await directory(files);
    const json = await run(cwd, "config", "--json", "--version", "v1");
    const yaml = await run(cwd, "config", "--version", "v1");
    expect(JSON.parse(json.out)).toEqual(parse(yaml.out));
  });

  test("without secrets: passwords and keys that stand in the file itself", async () => {
    const cwd = await directory({
      ...files,
      "config/deploy.yml": SMALL_CONFIG.replace("password: [REGISTRY_PASSWORD]", "password: open-password").concat(
        'ssh:\n  key_data: [A_NAME, "-----BEGIN OPENSSH PRIVATE KEY-----"]\n',
      ),
    });
    const { exitCode, out } = await run(cwd, "config", "--version", "v1");
    expect(exitCode).toBe(0);
    expect(out).not.toMatch(/open-password|PRIVATE KEY/);
    expect(parse(out)).toMatchObject({ resolved: { ssh: { keyData: ["A_NAME", "[REDACTED]"] } } });
  });
});

test("version is that of package.json", async () => {
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, "../../../package.json"), "utf8")) as {
    version: string;
  };
  expect((await run("/", "version")).out).toBe(`${version}\n`);
  expect((await run("/", "--version")).out).toBe(`${version}\n`);
});
