import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as assets from "../../../cli/remote/app-assets.ts";
import {
  clean as cleanErrorPages,
  ERROR_PAGE_NAME,
  errorPagesDirectory,
  makeDirectory,
} from "../../../cli/remote/error-pages.ts";
import * as git from "../../../cli/remote/git-clone.ts";
import * as proxyRun from "../../../cli/remote/proxy-run.ts";
import { install } from "../../../cli/remote/tls-files.ts";
import { Secret } from "../../../cli/secret/secret.ts";
import { example, roleOf } from "./example.ts";
import { StubDocker } from "./stub-docker.ts";

describe("assets", () => {
  const config = example(
    "asset_path: /public\nproxy: { host: a.b }\nservers: { web: [1.1.1.1], web-admin: { hosts: [1.1.1.1], proxy: { host: c.d } } }",
  );
  const A = ".kamal/apps/app/assets";

  test("two versions have each other's, and keep their own", () => {
    using stub = new StubDocker();
    const put = (version: string, name: string, content: string) => {
      mkdirSync(join(stub.home, A, "extracted", `web-${version}`), { recursive: true });
      writeFileSync(join(stub.home, A, "extracted", `web-${version}`, name), content);
    };
    put("1", "a.js", "1");
    put("1", "shared.js", "1");
    for (const line of assets.sync(config, roleOf(config), "1", undefined)) stub.run(line);
    put("2", "b.js", "2");
    put("2", "shared.js", "2");
    for (const line of assets.sync(config, roleOf(config), "2", "1")) stub.run(line);
    const read = (version: string) =>
      readdirSync(join(stub.home, A, "volumes", `web-${version}`))
        .toSorted()
        .map((name) => `${name} of ${readFileSync(join(stub.home, A, "volumes", `web-${version}`, name), "utf8")}`);
    expect(read("1")).toEqual(["a.js of 1", "b.js of 2", "shared.js of 1"]);
    expect(read("2")).toEqual(["a.js of 1", "b.js of 2", "shared.js of 2"]);
  });

  test("cleaning a role leaves the roles alone whose names begin alike", () => {
    using stub = new StubDocker();
    const names = ["web-1", "web-2", "web-admin-1", "web-admin-2"];
    for (const kind of ["extracted", "volumes"]) {
      for (const name of names) mkdirSync(join(stub.home, A, kind, name), { recursive: true });
    }
    stub.run(assets.clean(config, roleOf(config), "2"));
    for (const kind of ["extracted", "volumes"]) {
      expect(readdirSync(join(stub.home, A, kind)).toSorted()).toEqual(["web-2", "web-admin-1", "web-admin-2"]);
    }
    stub.run(assets.clean(config, roleOf(config, "web-admin"), "2"));
    expect(readdirSync(join(stub.home, A, "volumes")).toSorted()).toEqual(["web-2", "web-admin-2"]);
  });

  test("the role of a version that reads like another role's name keeps its current one", () => {
    const line = assets.clean(config, roleOf(config, "web-admin"), "admin-1");
    expect(line).toContain("-name 'web-admin-*' ! -name web-admin-admin-1 ! -name web-admin-1 ");
  });
});

describe("error pages", () => {
  test("of one version stay", () => {
    using stub = new StubDocker();
    for (const version of ["1", "2"]) {
      stub.run(makeDirectory(example(), version));
      writeFileSync(join(stub.home, errorPagesDirectory(example(), version), "503.html"), "");
    }
    stub.run(cleanErrorPages(example(), "2"));
    expect(existsSync(join(stub.home, errorPagesDirectory(example(), "1")))).toBe(false);
    expect(existsSync(join(stub.home, errorPagesDirectory(example(), "2"), "503.html"))).toBe(true);
  });

  test.each([
    ["404.html", true],
    ["5xx.html", true],
    ["304.html", false],
    ["4040.html", false],
    ["404.htm", false],
  ])("%s: %s", (name, isPage) => {
    expect(ERROR_PAGE_NAME.test(name)).toBe(isPage);
  });
});

describe("certificates", () => {
  test("travel as an archive in which only the proxy may read the key, and on no command line", () => {
    using stub = new StubDocker();
    const command = install(
      example(),
      { role: "web" },
      new Secret("CERTIFICATE\n"),
      new Secret(`KEY é\n${"k".repeat(600)}\n`),
    );
    expect(command.command).toBe(
      "{ docker cp kamal-proxy:/home/kamal-proxy/.apps-config/app/tls/web - > /dev/null 2>&1 || docker cp .kamal/proxy/apps-config/app kamal-proxy:/home/kamal-proxy/.apps-config; } < /dev/null && docker cp - kamal-proxy:/home/kamal-proxy/.apps-config/app/tls/web",
    );
    const archive = command.input instanceof Secret ? command.input.reveal() : "";
    expect(`${command.input?.toString()}`).toBe("[REDACTED]");
    const listed = execFileSync("tar", ["--numeric-owner", "-tvf", "-"], { input: archive, encoding: "utf8" });
    expect(listed.split("\n").map((line) => line.replace(/\s+/g, " ").replace(/ 19\S+ \S+/, ""))).toEqual([
      "-rw-r--r-- 1001/1001 12 cert.pem",
      "-rw------- 1001/1001 608 key.pem",
      "",
    ]);
    execFileSync("tar", ["--no-same-owner", "-C", stub.home, "-xf", "-"], { input: archive });
    expect(readFileSync(join(stub.home, "key.pem"), "utf8")).toBe(`KEY é\n${"k".repeat(600)}\n`);
    expect(readFileSync(join(stub.home, "cert.pem"), "utf8")).toBe("CERTIFICATE\n");
  });
});

describe("boot files of the original", () => {
  test.each([
    [{}, ["--publish", "80:80", "--publish", "443:443", "--log-opt", "max-size=10m", "kdeploy/kdeploy-proxy:v0.1.0"]],
    [{ options: "--publish 8080:80", image: "acme/proxy" }, ["--publish", "8080:80", "acme/proxy:v0.9.2"]],
    [{ options: "-x", image_version: "v0.9.4" }, ["-x", "basecamp/kamal-proxy:v0.9.4"]],
    [
      { options: "-x", image: "a/b", image_version: "v1", run_command: "kamal-proxy run --debug" },
      ["-x", "a/b:v1", "kamal-proxy", "run", "--debug"],
    ],
  ])("%j", (files, expected) => {
    using stub = new StubDocker();
    mkdirSync(join(stub.home, ".kamal/proxy"), { recursive: true });
    for (const [name, content] of Object.entries(files)) stub.write(`.kamal/proxy/${name}`, `${content}\n`);
    const args = stub.argumentsOf(proxyRun.start(undefined));
    expect(args.slice(0, 3)).toEqual(["run", "--name", "kamal-proxy"]);
    expect(args.slice(args.findIndex((arg) => arg.includes(".apps-config")) + 1)).toEqual(expected);
  });
});

describe("the clone that is built", () => {
  test("is of the commit, without what lies about, in a directory with a blank", () => {
    using stub = new StubDocker();
    const root = join(stub.home, "my app");
    mkdirSync(join(root, "sub"), { recursive: true });
    const here = (line: string) => stub.run(`cd ${JSON.stringify(root)} && ${line}`);
    const commit = "git -c user.name=a -c user.email=a@b -c commit.gpgsign=false commit -qam";
    here(`git init -q && echo 1 > sub/file && git add . && ${commit} one`);
    const clone = git.cloneOf(example(), { cwd: join(root, "sub"), root, temporary: join(stub.home, "tmp dir") });
    expect(clone.directory).toMatch(/tmp dir\/kamal-clones\/app-[0-9a-f]{13}$/);
    expect(clone.buildDirectory).toBe(join(clone.directory, "my app", "sub"));
    stub.run(git.makeDirectory(clone));
    stub.run(git.clone(clone));
    expect(stub.run(git.head(clone))).toBe(here("git rev-parse HEAD"));
    here(`echo 2 > sub/file && ${commit} two && echo 3 > sub/file`);
    writeFileSync(join(clone.buildDirectory, "stray"), "");
    for (const line of git.update(clone, here("git rev-parse HEAD").trim())) stub.run(line);
    expect(stub.run(git.status(clone))).toBe("");
    expect(readFileSync(join(clone.buildDirectory, "file"), "utf8")).toBe("2\n");
    stub.run(git.remove(clone));
    expect(existsSync(clone.directory)).toBe(false);
  });

  test("in the original's words", () => {
    const clone = {
      root: "/src/app",
      directory: "/tmp/kamal-clones/app-1",
      cloneDirectory: "/tmp/kamal-clones/app-1/app",
      buildDirectory: "/tmp/kamal-clones/app-1/app",
    };
    const updated = [...git.update(clone, "abc"), git.collectGarbage(clone)];
    expect([git.clone(clone), ...updated, git.status(clone), git.head(clone)]).toEqual([
      "/usr/bin/env git -C /tmp/kamal-clones/app-1 clone /src/app --recurse-submodules",
      ...[
        "remote set-url origin /src/app",
        "fetch origin",
        "reset --hard abc",
        "clean -fdx",
        "submodule update --init",
        "gc --auto --quiet",
        "status --porcelain",
        "rev-parse HEAD",
      ].map((rest) => `/usr/bin/env git -C /tmp/kamal-clones/app-1/app ${rest}`),
    ]);
  });
});
