import { describe, expect, test } from "vitest";
import { inDirectory } from "../../../cli/remote/build.ts";
import { listContext, parseContext } from "../../../cli/remote/build-check.ts";
import { remoteHost } from "../../../cli/remote/builder.ts";
import * as clone from "../../../cli/remote/git-clone.ts";
import * as state from "../../../cli/remote/git-state.ts";
import { fits, inspectManifest } from "../../../cli/remote/pushed-image.ts";
import { example } from "./example.ts";
import { StubDocker } from "./stub-docker.ts";

const COMMIT = "0123456789012345678901234567890123456789";
const place = clone.cloneOf(example(), { cwd: "/src/my shop/web", root: "/src/my shop", temporary: "/tmp" });

describe("a clone", () => {
  test("has a place of its own for each service and directory", () => {
    // sha256 of the directory, its first 13 digits.
    expect(place).toEqual({
      root: "/src/my shop",
      directory: "/tmp/kamal-clones/app-87193b0640c15",
      cloneDirectory: "/tmp/kamal-clones/app-87193b0640c15/my shop",
      buildDirectory: "/tmp/kamal-clones/app-87193b0640c15/my shop/web",
    });
    const bare = clone.cloneOf(example(), { cwd: "/src/shop.git", root: "/src/shop.git", temporary: "/tmp" });
    expect(bare.buildDirectory).toMatch(/\/shop$/);
  });

  test.each([
    [
      "made",
      [clone.clone(place)],
      ["/usr/bin/env git -C /tmp/kamal-clones/app-87193b0640c15 clone '/src/my shop' --recurse-submodules"],
    ],
    [
      "updated",
      [...clone.update(place, COMMIT), clone.collectGarbage(place)],
      [
        "remote set-url origin '/src/my shop'",
        "fetch origin",
        `reset --hard ${COMMIT}`,
        "clean -fdx",
        "submodule update --init",
        "gc --auto --quiet",
      ].map((words) => `/usr/bin/env git -C '/tmp/kamal-clones/app-87193b0640c15/my shop/web' ${words}`),
    ],
    [
      "checked",
      [clone.status(place), clone.head(place)],
      ["status --porcelain", "rev-parse HEAD"].map(
        (words) => `/usr/bin/env git -C '/tmp/kamal-clones/app-87193b0640c15/my shop/web' ${words}`,
      ),
    ],
    ["removed", [clone.remove(place)], ["/usr/bin/env rm -rf /tmp/kamal-clones/app-87193b0640c15"]],
  ])("%s", (_what, ours, original) => {
    expect(ours).toEqual(original);
  });

  test("a line in it is run from there, secrets or not", () => {
    expect(inDirectory(undefined, { command: "a" })).toEqual({ command: "a" });
    expect(inDirectory("/x y", { command: "a b", shown: "a [REDACTED]" })).toEqual({
      command: "cd '/x y' && a b",
      shown: "cd '/x y' && a [REDACTED]",
    });
    using stub = new StubDocker();
    expect(stub.run(inDirectory("/", { command: 'eval "$(cat)" && pwd && echo $A' }).command, { input: "A=1" })).toBe(
      "/\n1\n",
    );
  });
});

describe("git's words", () => {
  test("names of what is not committed", () => {
    const printed = ' M a b\n?? "with space"\nR  old -> new\nRM "o -> x" -> "n m"\n?? "caf\\303\\251"\n';
    expect(state.parseUncommitted(printed)).toEqual(["a b", "with space", "new", "n m", "caf\\303\\251"]);
    expect(state.parseUncommitted("")).toEqual([]);
  });

  test("a commit in full, and what is none", () => {
    const no = [
      COMMIT.slice(1),
      "v1",
      `${COMMIT}_uncommitted_0123456789abcdef`,
      "latest",
      `${COMMIT}0`,
      "x".repeat(40),
    ];
    expect([COMMIT, "a".repeat(64)].map(state.isCommit)).toEqual([true, true]);
    expect(no.map(state.isCommit)).toEqual(no.map(() => false));
  });
});

describe("an image in the registry", () => {
  test.each([
    ["ghcr.io", "docker manifest inspect ghcr.io/dhh/app:1"],
    ["127.0.0.1:5000", "docker manifest inspect --insecure 127.0.0.1:5000/dhh/app:1"],
    ["localhost:5555", "docker manifest inspect --insecure localhost:5555/dhh/app:1"],
    ["127.0.0.1.example.com", "docker manifest inspect 127.0.0.1.example.com/dhh/app:1"],
  ])("without buildx, TLS is given up for this machine only: %s", (server, line) => {
    const config = example();
    const changed = { ...config, repository: `${server}/dhh/app`, registry: { ...config.registry, server } };
    expect(inspectManifest(changed, "1")).toBe(line);
  });

  test("attestations beside it do not count against it", () => {
    const ours = { architecture: "amd64", config: { Labels: { service: "app" } } };
    const attestation = { architecture: "unknown", config: {} };
    expect(fits(example(), JSON.stringify({ "linux/amd64": ours, "unknown/unknown": attestation }))).toBe(true);
    expect(fits(example(), JSON.stringify([null, 1, "x"]))).toBe(false);
  });
});

describe("the context of a build", () => {
  test("without directories, from its root", () => {
    expect([...parseContext("./\nDockerfile\n./a b\nlib/\nlib/x\n/abs\n")]).toEqual([
      "Dockerfile",
      "a b",
      "lib/x",
      "abs",
    ]);
  });

  test("a build that fails is no empty context", () => {
    using stub = new StubDocker();
    const line = listContext(example(), undefined, stub.home);
    stub.write("empty.tar", "\0".repeat(10_240));
    const docker = (script: string) => `docker() { ${script}; }; ${line}`;
    expect(stub.run(docker('cat "$HOME/empty.tar"'))).toBe("");
    expect(() => stub.run(docker('cat "$HOME/empty.tar"; return 1'))).toThrow(/Command failed/);
  });
});

test("the machine of a remote builder, where ssh leads to it", () => {
  const of = (remote: string) => remoteHost({ type: "remote", name: "n", remote });
  expect(["ssh://u@h:22", "ssh://h/var/run/docker.sock", "tcp://h:2376"].map(of)).toEqual(["u@h:22", "h", undefined]);
  expect(remoteHost({ type: "local", name: "n" })).toBeUndefined();
});
