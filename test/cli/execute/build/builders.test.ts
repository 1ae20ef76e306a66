import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildImage } from "../../../../cli/execute/job/build-image.ts";
import { createBuilder, deleteBuilder, showBuilder } from "../../../../cli/execute/operation/build-builder.ts";
import { buildForDevelopment } from "../../../../cli/execute/operation/build-dev.ts";
import { BuildMachine, COMMIT } from "../../../support/build-machine.ts";
import { RecordingHost } from "../../../support/recording-host.ts";

const STEP = { kind: "build-image", version: "v1", noCache: false } as const;
const REMOTE = "builder: { arch: arm64, remote: 'ssh://root@b.example.com:2222' }\n";
const HYBRID = "builder: { arch: [amd64, arm64], remote: 'ssh://root@b.example.com:2222' }\n";
const LOCAL_REGISTRY = "registry: { server: 'localhost:5555' }\n";

/** The builder's machine beside the servers. */
function withBuilderHost(machine: BuildMachine) {
  const builder = new RecordingHost("root@b.example.com:2222", machine.fleet.recording);
  return machine.work({ host: (name) => (name === builder.name ? builder : machine.fleet.host(name)) });
}

describe("a builder", () => {
  test.each([
    'ERROR: no builder "x" found',
    "context not found",
    'context "x" does not exist',
    "no compatible builder",
  ])("that is not there is made first: %s", async (said) => {
    const machine = await BuildMachine.create();
    machine.noBuilder = said;
    machine.scripted.push([/buildx rm/, { exitCode: 1, stderr: 'ERROR: no builder "x" found' }]);
    await buildImage(machine.work(), STEP);
    expect(machine.gist.slice(-4)).toEqual(["inspect builder", "remove builder", "create builder", "build"]);
  });

  test("that fails in another way is no reason to make another one", async () => {
    const machine = await BuildMachine.create();
    machine.noBuilder = "Cannot connect to the Docker daemon";
    await expect(buildImage(machine.work(), STEP)).rejects.toMatchObject({
      code: "command-failed",
      details: ["Cannot connect to the Docker daemon"],
    });
    expect(machine.gist).not.toContain("create builder");
  });

  test("that cannot be removed is not made twice", async () => {
    const machine = await BuildMachine.create();
    machine.noBuilder = "no compatible builder";
    machine.scripted.push([/buildx rm/, { exitCode: 1, stderr: "permission denied" }]);
    await expect(buildImage(machine.work(), STEP)).rejects.toMatchObject({ details: ["permission denied"] });
    expect(machine.gist).not.toContain("create builder");
  });

  test("of Docker's own is asked for nothing", async () => {
    const machine = await BuildMachine.create("builder: { arch: amd64, driver: docker }\n");
    await buildImage(machine.work(), STEP);
    expect(machine.gist.filter((one) => one.includes("builder"))).toEqual([]);
  });

  test("for buildpacks is looked at, and wants no buildx", async () => {
    const machine = await BuildMachine.create("builder: { arch: amd64, pack: { builder: 'heroku/builder:24' } }\n");
    machine.buildx = false;
    await buildImage(machine.work(), STEP);
    expect(machine.lines.some((line) => line === "/usr/bin/env pack builder inspect heroku/builder:24")).toBe(true);
    expect(machine.gist.at(-1)).toBe("pack");
  });
});

describe("a remote builder", () => {
  test("its host's key is checked before Docker comes to it, and this machine logs in to nothing", async () => {
    const machine = await BuildMachine.create(REMOTE);
    machine.noBuilder = "context not found";
    await buildImage(withBuilderHost(machine), STEP);
    expect(machine.gist).not.toContain("login");
    const all = machine.fleet.recording.all.map(({ host, command }) => `${host}: ${command}`);
    const check = all.indexOf("root@b.example.com:2222: /usr/bin/env true");
    expect(check).toBeGreaterThan(0);
    expect(check).toBeLessThan(all.findIndex((line) => line.includes("docker context create")));
    expect(machine.lines.at(-1)).toContain('export BUILDKIT_NO_CLIENT_TOKEN="1" ; docker buildx build');
  });

  test.each([
    ["for the architecture of this machine is not used", REMOTE, "aarch64", "--builder kamal-local-docker-container"],
    ["for another one is", REMOTE, "x86_64", "--builder kamal-remote-ssh---root-b-example-com-2222"],
    ["is half of a builder for both", HYBRID, "x86_64", "--builder kamal-hybrid-docker-container-ssh---root-b"],
  ])("%s", async (_what, config, architecture, option) => {
    const machine = await BuildMachine.create(config);
    machine.architecture = architecture;
    await buildImage(withBuilderHost(machine), STEP);
    expect(machine.lines.at(-1)).toContain(option);
  });

  test("reaches a registry on this machine through its own port, as long as the build takes", async () => {
    const machine = await BuildMachine.create(LOCAL_REGISTRY + REMOTE);
    const work = withBuilderHost(machine);
    const builder = work.host("root@b.example.com:2222");
    const told: string[] = [];
    builder.forwardBack = async ({ remotePort, localPort }) => {
      told.push(`open ${remotePort} ${localPort} ${machine.gist.at(-1)}`);
      return { close: async () => void told.push(`closed after ${machine.gist.at(-1)}`) };
    };
    await buildImage(work, STEP);
    expect(machine.gist).toContain("local registry");
    expect(told).toEqual(["open 5555 5555 clone", "closed after build"]);
  });

  test("a builder on this machine needs no such port", async () => {
    const machine = await BuildMachine.create(`${LOCAL_REGISTRY}builder: { arch: amd64 }\n`);
    await buildImage(machine.work(), STEP);
    expect(machine.gist).toContain("local registry");
    expect(machine.gist).not.toContain("login");
    expect(machine.lines.at(-1)).toContain("--builder kamal-local-registry-docker-container");
  });
});

describe("without buildx", () => {
  test("plain docker builds for this machine's architecture, and pushes; that is said", async () => {
    const machine = await BuildMachine.create("builder: { arch: amd64, provenance: false }\n");
    machine.buildx = false;
    await buildImage(machine.work(), STEP);
    expect(machine.gist).toEqual(["check", "architecture", "login", "make directory", "clone", "plain build", "push"]);
    expect(machine.lines.at(-2)).toMatch(/^cd \S+ && docker build -t ghcr\.io\/acme\/app:v1 .* \. 2>&1$/);
    expect(machine.fleet.said().join()).toContain(
      "Docker's buildx is not installed on this machine: plain docker build makes the image, for amd64 only.",
    );
    const titles = machine.fleet.events.flatMap((event) => (event.event === "step-started" ? [event.title] : []));
    expect(titles.slice(-2)).toEqual(["Build v1", "Push v1"]);
  });

  test("the registry is asked another way", async () => {
    const machine = await BuildMachine.create();
    machine.buildx = false;
    machine.pushed = "{}";
    await buildImage(machine.work(), { ...STEP, version: COMMIT });
    expect(machine.lines.at(-1)).toBe(`docker manifest inspect ghcr.io/acme/app:${COMMIT}`);
  });

  test.each([
    ["arch: [amd64, arm64]", "builder.arch amd64 and arm64 needs it"],
    ["arch: arm64", "builder.arch arm64 on this machine, which is amd64, needs it"],
    ["arch: arm64, remote: 'ssh://b'", "builder.remote"],
    ["arch: amd64, driver: cloud acme/b", "builder.driver cloud acme/b needs it"],
    ["arch: amd64, cache: { type: gha }", "builder.cache needs it"],
    ["arch: amd64, secrets: [TOKEN]", "builder.secrets needs it"],
    ["arch: amd64, ssh: default", "builder.ssh needs it"],
    ["arch: amd64, provenance: mode=max, sbom: true", "builder.provenance, builder.sbom need it"],
  ])("what plain docker cannot do is refused, %s", async (builder, why) => {
    const machine = await BuildMachine.create(`builder: { ${builder} }\n`);
    machine.buildx = false;
    await expect(buildImage(machine.work(), STEP)).rejects.toMatchObject({
      code: "buildx-missing",
      message: expect.stringContaining(why),
      hint: expect.stringContaining("docker-buildx"),
    });
    expect(machine.gist).not.toContain("login");
  });

  test("so is an output that it does not have", async () => {
    const machine = await BuildMachine.create();
    machine.buildx = false;
    await expect(buildImage(machine.work(), { ...STEP, output: "oci" })).rejects.toMatchObject({
      message: expect.stringContaining("--output oci needs it"),
    });
  });

  test("Docker's own driver is no reason to do without a buildx that is there", async () => {
    const machine = await BuildMachine.create("builder: { arch: amd64, driver: docker }\n");
    await buildImage(machine.work(), STEP);
    expect(machine.gist.at(-1)).toBe("build");
  });
});

describe("build create, remove, details", () => {
  test("create makes what is missing, and leaves what fits", async () => {
    const machine = await BuildMachine.create();
    await createBuilder(machine.work());
    expect(machine.gist).toEqual(["check", "inspect builder"]);
    expect(machine.fleet.said()).toContain("The builder kamal-local-docker-container is there already.");
    machine.noBuilder = 'no builder "x" found';
    await createBuilder(machine.work());
    expect(machine.gist.slice(2)).toEqual(["check", "inspect builder", "remove builder", "create builder"]);
  });

  test("what cannot be made is a failure", async () => {
    const machine = await BuildMachine.create();
    machine.noBuilder = 'no builder "x" found';
    machine.scripted.push([/buildx create/, { exitCode: 1, stderr: "ERROR: no such driver" }]);
    await expect(createBuilder(machine.work())).rejects.toMatchObject({ details: ["ERROR: no such driver"] });
  });

  test("remove: one that is not there is gone", async () => {
    const machine = await BuildMachine.create();
    await deleteBuilder(machine.work());
    expect(machine.lines.at(-1)).toBe("docker buildx rm kamal-local-docker-container");
    machine.scripted.push([/buildx rm/, { exitCode: 1, stderr: 'ERROR: no builder "x" found' }]);
    await deleteBuilder(machine.work());
    expect(machine.fleet.said()).toContain("There is no builder kamal-local-docker-container.");
  });

  test("with Docker's own there is nothing to do", async () => {
    const machine = await BuildMachine.create("builder: { arch: amd64, driver: docker }\n");
    await createBuilder(machine.work());
    await deleteBuilder(machine.work());
    expect(machine.gist).toEqual(["check", "check"]);
    expect(machine.fleet.said()).toHaveLength(2);
  });

  test("details: the kind, and what Docker lists", async () => {
    const machine = await BuildMachine.create();
    machine.scripted.push([/^docker context ls/, { stdout: "NAME\ndefault\n" }]);
    await showBuilder(machine.work());
    expect(machine.fleet.events.find((event) => event.event === "host-output")).toEqual({
      event: "host-output",
      title: "Builder local",
      host: "localhost",
      text: "NAME\ndefault",
    });
  });

  test("without buildx there are none", async () => {
    const machine = await BuildMachine.create();
    machine.buildx = false;
    await expect(showBuilder(machine.work())).rejects.toMatchObject({ code: "buildx-missing" });
  });
});

describe("build dev", () => {
  const wishes = { output: "docker", noCache: false };
  const listing = { stdout: ".\n./\nserver.js\nlib/\nlib/new.js\n" };
  const changed = ' M server.js\nR  a.js -> lib/new.js\n?? notes.txt\n?? "caf\\303\\251"\n';

  test("builds the directory as it is, with tags of its own, for this machine; no hooks, no login", async () => {
    const machine = await BuildMachine.create();
    await buildForDevelopment(machine.work(), wishes);
    expect(machine.gist).toEqual(["check", "inspect builder", "build"]);
    expect(machine.lines.at(-1)).toMatch(
      /^docker buildx build --output=type=docker .*-t ghcr\.io\/acme\/app:\w+-dirty /,
    );
    expect(machine.lines.at(-1)).toContain("-t ghcr.io/acme/app:latest-dirty ");
    expect(machine.fleet.said()).toContain(`The image is ghcr.io/acme/app:${COMMIT}-dirty`);
  });

  test("names what is in it and not committed, and nothing that is left out", async () => {
    const machine = await BuildMachine.create();
    machine.git = { head: COMMIT, changed, cloned: COMMIT };
    machine.scripted.push([/type=tar/, listing]);
    await buildForDevelopment(machine.work(), wishes);
    expect(machine.fleet.said()).toContain(
      "This is in the image, though it is not committed:\n  server.js\n  lib/new.js",
    );
    expect(machine.lines.find((line) => line.includes("type=tar"))).toMatch(
      /^\(docker buildx build --output=type=tar,dest=- --builder kamal-local-docker-container --file (\S+)\/Dockerfile \.; echo \$\? > \1\/exit\) \| LC_ALL=C tar -tf - && grep -qx 0 \1\/exit$/,
    );
  });

  test("without buildx, what may be in it", async () => {
    const machine = await BuildMachine.create();
    machine.buildx = false;
    machine.git = { head: COMMIT, changed, cloned: COMMIT };
    await buildForDevelopment(machine.work(), wishes);
    expect(machine.gist).toEqual(["check", "architecture", "plain build"]);
    expect(machine.fleet.said().join("\n")).toContain(
      "This may be in the image, though it is not committed:\n  server.js\n  lib/new.js\n  notes.txt\n  caf\\303\\251",
    );
  });

  test("a dry run builds nothing", async () => {
    const machine = await BuildMachine.create();
    await writeFile(join(machine.cwd, "x"), "");
    machine.git = { head: COMMIT, changed, cloned: COMMIT };
    await buildForDevelopment(machine.work({ dryRun: true }), wishes);
    expect(machine.gist).toEqual(["check", "inspect builder"]);
    expect(machine.fleet.said().filter((text) => text.includes("would run"))).toHaveLength(2);
  });
});
