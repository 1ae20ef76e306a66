/** Images made from sources on this machine with the real git, Docker and buildx, and delivered to real servers by a registry that wants a password. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REGISTRY } from "../bed/layout.ts";
import { AppProject } from "../support/bed/app-project.ts";
import type { KdeployOptions, KdeployResult } from "../support/bed/kdeploy.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { docker, reasonToSkip, run } from "../support/docker/engine.ts";
import { nodeImage } from "../support/docker/images.ts";

const skip = reasonToSkip();
if (skip !== undefined) process.stderr.write(`Builds are not tested: ${skip}.\n`);

const IMAGE = `${REGISTRY.server}/examples/node-app`;
const SECRET = "build-secret-value-0815";

let bed: Bed;
let project: AppProject;
/** For clones, and a Docker without its plugin. */
let temporary: string;
let version = "";

describe.skipIf(skip !== undefined)("an image from its sources", () => {
  beforeAll(async () => {
    bed = await startBed();
    await bed.reset();
    temporary = await mkdtemp(join(tmpdir(), "kdeploy-build-"));
    project = await AppProject.create();
    // From a clone, as without builder.context; without arguments, with which a commit is always built.
    await project.change("config/deploy.yml", (text) =>
      text.replace("  context: .\n", "  secrets: [BUILD_TOKEN]\n").replace(/^ {2}args:\n.*\n/m, ""),
    );
    const image = await nodeImage();
    await project.change("Dockerfile", (text) => text.replace(/^ARG NODE_IMAGE=.*/m, `ARG NODE_IMAGE=${image}`));
    await project.change(".kamal/secrets", (text) => `${text}\nBUILD_TOKEN=${SECRET}\n`);
    await project.change("Dockerfile", (text) => {
      const script = "test -s /run/secrets/BUILD_TOKEN && wc -c < /run/secrets/BUILD_TOKEN > token-length";
      return text.replace("COPY server.mjs ./", `RUN --mount=type=secret,id=BUILD_TOKEN ${script}\nCOPY . ./`);
    });
    await writeFile(join(project.folder, ".dockerignore"), "config\n.kamal\n.git\n");
    version = await project.commit("first");
  });

  afterAll(async () => {
    const images = await run("docker", ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", IMAGE]);
    await run("docker", ["image", "rm", "--force", ...images.stdout.split("\n").filter(Boolean)]);
    await project?.remove();
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
    await bed?.reset();
    await bed?.end();
  });

  test("is the commit: what is not committed is not in it, and is named", async () => {
    await writeFile(join(project.folder, "notes.txt"), "not for everybody");
    await project.change("server.mjs", (text) => `${text}// not committed\n`);
    const { stderr, stdout } = await kdeploy("build", "deliver", "--primary");
    expect(stderr).toContain("This is not in the image, because it is not committed:");
    expect(stderr).toContain("?? notes.txt");
    expect(stderr).toContain(" M server.mjs");
    expect(stdout).toContain("[internal] load build definition from Dockerfile");
    const files = await inImage(version, "ls; tail -n 1 server.mjs");
    expect(files).not.toContain("notes.txt");
    expect(files).toContain("Dockerfile");
    expect(files).toContain("// first");
    const [first, second] = bed.servers;
    expect(await first.engine("image", "ls", "--quiet", `${IMAGE}:${version}`)).not.toBe("");
    expect(await second.engine("image", "ls", "--quiet", `${IMAGE}:${version}`)).toBe("");
  });

  test("had its secret while it was built, and keeps nothing of it [CLI-14]", async () => {
    expect((await inImage(version, "cat token-length")).trim()).toBe(String(SECRET.length));
    const history = await docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", `${IMAGE}:${version}`);
    expect(history).toContain("/run/secrets/BUILD_TOKEN");
    expect(history + (await docker("image", "inspect", `${IMAGE}:${version}`))).not.toContain(SECRET);
    expect(await inImage(version, `grep -rl ${SECRET} /app || true`)).toBe("");
  });

  test("is not built twice: the registry has it [C9]", async () => {
    const again = await kdeploy("build", "push");
    expect(again.stdout).toContain(
      `The registry has ${version} already: it is not built again. With --no-cache it is.`,
    );
    expect(again.stdout).not.toContain("docker buildx build");
    const anew = await kdeploy("build", "push", "--no-cache");
    expect(anew.stdout).toContain("docker buildx build");
  });

  test("the next commit comes from the same clone, which was spoilt meanwhile", async () => {
    const clones = join(temporary, "kamal-clones");
    const { stdout } = await run("find", [clones, "-name", "Dockerfile"]);
    await writeFile(stdout.trim(), "FROM nowhere\n");
    version = await project.commit("second");
    await kdeploy("build", "push");
    expect(await inImage(version, "ls; tail -n 1 server.mjs")).toMatch(/notes\.txt[^]*\/\/ second/);
  });

  test("of a directory that is not as committed says so, in its version as well", async () => {
    await project.change("config/deploy.yml", (text) => text.replace("  secrets:", "  context: .\n  secrets:"));
    const { stderr, stdout } = await kdeploy("build", "push");
    expect(stderr).toContain("This is in the image, though it is not committed:\n   M config/deploy.yml");
    expect(stdout).toMatch(new RegExp(`-t ${IMAGE}:${version}_uncommitted_[0-9a-f]{16} `));
  });

  test("of the working directory is for this machine, and names what nobody else has", async () => {
    await writeFile(join(project.folder, "draft.txt"), "");
    await project.change("server.mjs", (text) => `${text}// a draft\n`);
    const { stderr, stdout } = await kdeploy("build", "dev");
    expect(stderr).toContain("This is in the image, though it is not committed:\n  server.mjs\n  draft.txt\n");
    expect(stderr).not.toContain("config/deploy.yml");
    const [, tag = ""] = new RegExp(`The image is ${IMAGE}:(${version}_uncommitted_\\w+-dirty)`).exec(stdout) ?? [];
    expect(await inImage(tag, "ls; tail -n 1 server.mjs")).toMatch(/draft\.txt[^]*\/\/ a draft/);
    expect(await registryHas(tag)).toBe(false);
  });

  test("has a builder of its own where the configuration wants one", async () => {
    await project.change("config/deploy.yml", (text) => text.replace("  driver: docker\n", ""));
    try {
      expect((await kdeploy("build", "create")).stdout).toContain(
        "docker buildx create --name kamal-local-docker-container",
      );
      expect((await kdeploy("build", "create")).stdout).toContain("kamal-local-docker-container is there already");
      const details = await kdeploy("build", "details");
      expect(details.stdout).toContain("Builder local: localhost");
      expect(details.stdout).toMatch(/^kamal-local-docker-container\s+docker-container/m);
    } finally {
      await kdeploy("build", "remove");
    }
    expect((await kdeploy("build", "remove")).stdout).toContain("There is no builder kamal-local-docker-container.");
  });

  describe("without buildx", () => {
    const without = () => ({ env: { DOCKER_CONFIG: join(temporary, "docker"), TMPDIR: temporary } });

    test("is refused where its secrets need it", async (context) => {
      if ((await run("docker", ["--config", join(temporary, "docker"), "buildx", "version"])).code === 0)
        context.skip();
      const { exitCode, stderr } = await project.kdeploy(["build", "push"], without());
      expect(exitCode).toBe(1);
      expect(stderr).toContain("ERROR (buildx-missing)");
      expect(stderr).toContain("builder.secrets needs it");
    });

    test("plain docker builds and pushes it, and says so", async (context) => {
      if ((await run("docker", ["--config", join(temporary, "docker"), "buildx", "version"])).code === 0)
        context.skip();
      await project.change("config/deploy.yml", (text) => text.replace(/^ {2}(?:secrets|context): .*\n/gm, ""));
      await project.change("Dockerfile", (text) => text.replace(/^RUN --mount.*\n/m, ""));
      version = await project.commit("third");
      const { stdout } = await kdeployWith(without(), "build", "push");
      expect(stdout).toContain("plain docker build makes the image, for amd64 only");
      expect(stdout).toContain("Successfully built");
      expect(await registryHas(version)).toBe(true);
      expect((await kdeployWith(without(), "build", "push")).stdout).toContain(`The registry has ${version} already`);
    });
  });
});

/** Must do what it is told. */
function kdeploy(...args: readonly string[]): Promise<KdeployResult> {
  return kdeployWith({ env: { TMPDIR: temporary } }, ...args);
}

async function kdeployWith(more: Partial<KdeployOptions>, ...args: readonly string[]): Promise<KdeployResult> {
  const result = await project.kdeploy(args, more);
  expect(result.exitCode, `kdeploy ${args.join(" ")}\n${result.output}`).toBe(0);
  return result;
}

/** What a shell says in the image as it was made here. */
function inImage(tag: string, script: string): Promise<string> {
  return docker("run", "--rm", "--network", "none", "--entrypoint", "sh", `${IMAGE}:${tag}`, "-c", script);
}

async function registryHas(tag: string): Promise<boolean> {
  const authorization = `Basic ${Buffer.from(`${REGISTRY.username}:${REGISTRY.password}`).toString("base64")}`;
  const accept = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.index.v1+json";
  const url = `http://${REGISTRY.server}/v2/examples/node-app/manifests/${tag}`;
  return (await fetch(url, { method: "HEAD", headers: { authorization, accept } })).ok;
}
