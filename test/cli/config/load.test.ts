import { readdirSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { CONFIG_LIMITS } from "../../../cli/config/limits.ts";
import { destinationFile, loadConfig } from "../../../cli/config/load.ts";
import { ConfigError, formatIssue, KdeployError } from "../../../cli/errors.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { completed } from "./written-config.ts";

const SAMPLES = join(import.meta.dirname, "samples");

async function project(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const cwd = await temporaryDirectory();
  for (const [path, content] of Object.entries({ Dockerfile: "FROM scratch\n", ...files })) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), content);
  }
  return cwd;
}

async function failure(options: Parameters<typeof loadConfig>[0]): Promise<KdeployError> {
  const error: unknown = await loadConfig(options).catch((thrown: unknown) => thrown);
  if (error instanceof KdeployError) return error;
  throw new Error("was loaded");
}

describe("files", () => {
  test("the default path, and another", async () => {
    const cwd = await project({
      "config/deploy.yml": completed("service: one"),
      "other.yaml": completed("service: two"),
    });
    expect((await loadConfig({ cwd, env: {} })).config.service).toBe("one");
    expect((await loadConfig({ cwd, env: {}, file: "other.yaml" })).config.service).toBe("two");
  });

  test("one that is not there", async () => {
    const error = await failure({ cwd: await project({}), env: {} });
    expect(error).toMatchObject({
      code: "config-not-found",
      message: "configuration file not found in config/deploy.yml",
      exitCode: 3,
    });
  });

  test("one that is too large, one that is no text, and one that cannot be read", async () => {
    const cwd = await project({
      "a.yml": "#".repeat(CONFIG_LIMITS.maxFileBytes + 1),
      "b.yml": Buffer.from([0x61, 0xff]),
      "c.yml/d": "",
    });
    expect((await failure({ cwd, env: {}, file: "a.yml" })).message).toContain(
      `larger than ${CONFIG_LIMITS.maxFileBytes} bytes`,
    );
    expect((await failure({ cwd, env: {}, file: "b.yml" })).message).toContain("not UTF-8 text");
    expect((await failure({ cwd, env: {}, file: "c.yml" })).code).toBe("config-unreadable");
  });

  test("a Dockerfile that is not there keeps an image from being built, and nothing else", async () => {
    const cwd = await project({
      "config/deploy.yml": completed("builder:\n  arch: amd64\n  dockerfile: Dockerfile.prod"),
    });
    const { buildIssues, warnings } = await loadConfig({ cwd, env: {} });
    expect(buildIssues.map(formatIssue)).toEqual([
      "config/deploy.yml:3:15 builder/dockerfile: missing Dockerfile.prod",
    ]);
    expect(warnings).toEqual([]);
  });

  test("none is needed for buildpacks", async () => {
    const cwd = await project({
      "config/deploy.yml": completed("builder: {arch: amd64, dockerfile: none, pack: {builder: b}}"),
    });
    const { config, buildIssues } = await loadConfig({ cwd, env: {} });
    expect(config.builder.pack).toEqual({ builder: "b", buildpacks: [] });
    expect(buildIssues).toEqual([]);
  });

  test("hooks of Kamal 1", async () => {
    const cwd = await project({ "config/deploy.yml": completed(""), ".kamal/hooks/pre-traefik-reboot": "" });
    expect((await failure({ cwd, env: {} })).message).toContain(
      "found .kamal/hooks/pre-traefik-reboot, a hook of Kamal 1: rename it to pre-proxy-reboot",
    );
  });
});

describe("a destination", () => {
  const base = completed("env: {clear: {A: 1, B: 1}}\nvolumes: [a:/a]\nretain_containers: 7\nasset_path: /assets");

  test.each([
    ["config/deploy.yml", "config/deploy.x.yml"],
    ["foo.yaml", "foo.x.yml"],
    ["a.b/foo", "a.b/foo.x.yml"],
  ])("lies beside %s as %s", (file, expected) => {
    expect(destinationFile(file, "x")).toBe(expected);
  });

  test("wins key by key; lists, values and null replace", async () => {
    const cwd = await project({
      "config/deploy.yml": base,
      "config/deploy.st.yml": "env: {clear: {B: 2, C: 2}}\nvolumes: [b:/b]\nasset_path: /other",
    });
    const { config, files } = await loadConfig({ cwd, env: {}, destination: "st" });
    expect(files).toEqual(["config/deploy.yml", "config/deploy.st.yml"]);
    expect(config).toMatchObject({
      destination: "st",
      appId: "app-st",
      latestTag: "latest-st",
      volumes: ["b:/b"],
      retainContainers: 7,
    });
    expect(config.roles[0]?.hosts[0]?.env.clear).toEqual({ A: "1", B: "2", C: "2" });
    expect(config.roles[0]?.assetPaths[0]?.path).toBe("/other");
  });

  test("null overrides, and is then as wrong as it would be in one file", async () => {
    const cwd = await project({ "config/deploy.yml": base, "config/deploy.st.yml": "asset_path:" });
    expect((await failure({ cwd, env: {}, destination: "st" })).message).toBe(
      "config/deploy.st.yml:1:1 asset_path: should be a string",
    );
  });

  test("issues name the file that a value came from", async () => {
    const cwd = await project({
      "config/deploy.yml": `${base}\nboot: {limit: x, wait: 1}`,
      "config/deploy.st.yml": "\nboot:\n  wait: y",
    });
    const error = await failure({ cwd, env: {}, destination: "st" });
    expect(error.message.split("\n").map((line) => line.split(" ")[0])).toEqual([
      "config/deploy.yml:10:15",
      "config/deploy.st.yml:3:9",
    ]);
  });

  test("its file must be there, but may be empty", async () => {
    const cwd = await project({ "config/deploy.yml": base, "config/deploy.empty.yml": "# nothing yet\n" });
    expect((await failure({ cwd, env: {}, destination: "st" })).message).toBe(
      "configuration file not found in config/deploy.st.yml",
    );
    expect((await loadConfig({ cwd, env: {}, destination: "empty" })).config.appId).toBe("app-empty");
  });

  test("KAMAL_DESTINATION is there for templates of both files", async () => {
    const template = 'env: {clear: {<%= "D" %>: "<%= ENV["KAMAL_DESTINATION"] %>"}}';
    const cwd = await project({
      "config/deploy.yml": completed(template),
      "config/deploy.st.yml": 'service: "<%= ENV["KAMAL_DESTINATION"] %>"',
    });
    const { config } = await loadConfig({ cwd, env: { KAMAL_DESTINATION: "other" }, destination: "st" });
    expect(config.roles[0]?.hosts[0]?.env.clear).toEqual({ D: "st" });
    expect(config.service).toBe("st");
  });

  test.each(["../x", "a/b", "-x", "", "a b", "a..b"])("%j is no destination [CLI-11]", async (destination) => {
    expect((await failure({ cwd: await project({}), env: {}, destination })).code).toBe("destination-invalid");
  });
});

describe("files as people write them", () => {
  test.each(readdirSync(SAMPLES).filter((name) => /^[a-z-]+\.yml$/.test(name)))("%s", async (name) => {
    const cwd = await project({
      "config/deploy.yml": await readFile(join(SAMPLES, name), "utf8"),
      ".ruby-version": "3.4.1\n",
      "Dockerfile.worker": "",
    });
    const { config, warnings } = await loadConfig({
      cwd,
      env: { PATH: process.env["PATH"], WEB_HOST: "10.0.0.9" },
    }).catch((error: unknown) => {
      throw error instanceof ConfigError ? new Error(error.message) : error;
    });
    expect(config.roles.length + config.accessories.length).toBeGreaterThan(0);
    expect(warnings).toEqual([]);
    expect(Object.isFrozen(config) && Object.isFrozen(config.roles) && Object.isFrozen(config.roles[0]?.hosts)).toBe(
      true,
    );
  });
});
