import { describe, expect, test } from "vitest";
import * as build from "../../../cli/remote/build.ts";
import { type BuilderKind, builderKind, create, details, inspect, remove } from "../../../cli/remote/builder.ts";
import { Secret } from "../../../cli/secret/secret.ts";
import { example } from "./example.ts";
import { StubDocker } from "./stub-docker.ts";

const NO_SECRETS = new Map<string, Secret>();
const BUILD = { version: "123", context: ".", secrets: NO_SECRETS } as const;

function lineOf(more: string, localArch = "amd64", options: Partial<build.BuildOptions> = {}, destination?: string) {
  const config = example(more, destination);
  return build.build(config, builderKind(config, localArch), { ...BUILD, ...options });
}

const SSH = "builder: { arch: [amd64, arm64], remote: 'ssh://root@b.example.com:22' }";
const NAME = "kamal-remote-ssh---root-b-example-com-22";

describe("buildx build", () => {
  test.each([
    [
      "local",
      lineOf("").command,
      'docker buildx build --output=type=registry --platform linux/amd64 --builder kamal-local-docker-container -t ghcr.io/dhh/app:123 -t ghcr.io/dhh/app:latest --label service="app" --file Dockerfile . 2>&1',
    ],
    [
      "docker's own driver",
      lineOf("builder: { arch: amd64, driver: docker }", "amd64", {}, "st").command,
      'docker buildx build --output=type=registry --platform linux/amd64 -t ghcr.io/dhh/app:123 -t ghcr.io/dhh/app:latest-st --label service="app" --file Dockerfile . 2>&1',
    ],
    [
      "with everything",
      lineOf(
        "builder: { arch: [amd64, arm64], args: { A: b c, N: null }, target: prod, ssh: default=$SSH_AUTH_SOCK, dockerfile: d/Dockerfile, provenance: mode=max, sbom: true, cache: { type: registry, options: mode=max } }",
        "amd64",
        { noCache: true, output: "docker", tagSuffix: "-dirty" },
      ).command,
      "docker buildx build --output=type=docker --platform linux/amd64,linux/arm64 --builder kamal-local-docker-container -t ghcr.io/dhh/app:123-dirty -t ghcr.io/dhh/app:latest-dirty " +
        "--cache-to type=registry,ref=ghcr.io/dhh/app-build-cache,mode=max --cache-from type=registry,ref=ghcr.io/dhh/app-build-cache " +
        '--label service="app" --build-arg A="b c" --build-arg N --file d/Dockerfile --target prod --ssh default=$SSH_AUTH_SOCK --provenance mode=max --sbom true --no-cache . 2>&1',
    ],
    [
      "GitHub's cache",
      lineOf("builder: { arch: amd64, cache: { type: gha, options: 'mode=max,scope=app' } }").command,
      "docker buildx build --output=type=registry --platform linux/amd64 --builder kamal-local-docker-container -t ghcr.io/dhh/app:123 -t ghcr.io/dhh/app:latest " +
        '--cache-to type=gha,mode=max,scope=app --cache-from type=gha,scope=app --label service="app" --file Dockerfile . 2>&1',
    ],
    [
      "remote",
      lineOf("builder: { arch: arm64, remote: 'ssh://root@b.example.com:22' }").command,
      `( export BUILDKIT_NO_CLIENT_TOKEN="1" ; docker buildx build --output=type=registry --platform linux/arm64 --builder ${NAME} -t ghcr.io/dhh/app:123 -t ghcr.io/dhh/app:latest --label service="app" --file Dockerfile . 2>&1 )`,
    ],
    [
      "pack",
      lineOf(
        "builder: { arch: amd64, args: { A: b }, pack: { builder: 'heroku/builder:24', buildpacks: [heroku/ruby] } }",
      ).command,
      "/usr/bin/env pack build ghcr.io/dhh/app --platform linux/amd64 --creation-time now --builder heroku/builder:24 --buildpack heroku/ruby --buildpack paketo-buildpacks/image-labels " +
        '-t ghcr.io/dhh/app:123 -t ghcr.io/dhh/app:latest --env BP_IMAGE_LABELS=service=app --env A="b" --path . && docker push ghcr.io/dhh/app:123 && docker push ghcr.io/dhh/app:latest',
    ],
  ])("%s", (_what, ours, original) => {
    expect(ours).toBe(original);
  });

  test("a plain build and its push", () => {
    const config = example("builder: { arch: amd64 }");
    expect(build.plainBuild(config, BUILD).command).toBe(
      'docker build -t ghcr.io/dhh/app:123 -t ghcr.io/dhh/app:latest --label service="app" --file Dockerfile . 2>&1',
    );
    expect(build.push(config, { version: "123" })).toBe(
      "docker push ghcr.io/dhh/app:123 && docker push ghcr.io/dhh/app:latest",
    );
    expect(build.push(config, { version: "123", tagSuffix: "-dirty" })).toContain(
      "docker push ghcr.io/dhh/app:123-dirty",
    );
  });

  test("a secret reaches the environment, and neither the line nor what is shown of it [CLI-09][CLI-14]", () => {
    const value = 'it\'s $HOME\n`id` \\ "q"\n';
    const config = example("builder: { arch: amd64, secrets: [TOKEN], args: { KEY: private } }");
    const secrets = new Map([["TOKEN", new Secret(value)]]);
    const command = build.build(config, builderKind(config, "amd64"), { ...BUILD, secrets });
    expect(command.command).toContain('--build-arg KEY="private" --secret id="TOKEN"');
    expect(command.shown).toContain('--build-arg KEY=[REDACTED] --secret id="TOKEN"');
    using stub = new StubDocker();
    const args = stub.argumentsOf(command.command, { input: command.input ?? "" });
    expect(args.join(" ")).not.toContain("$HOME");
    expect(stub.environment().get("TOKEN")).toBe(value);
  });
});

describe("builders", () => {
  const kinds: readonly (readonly [string, string, string, BuilderKind])[] = [
    ["local", "", "amd64", { type: "local", name: "kamal-local-docker-container" }],
    ["docker", "builder: { arch: amd64, driver: docker }", "amd64", { type: "local", name: undefined }],
    ["cloud", "builder: { arch: amd64, driver: cloud acme/b }", "amd64", { type: "cloud", name: "cloud-acme-b" }],
    [
      "remote only",
      SSH.replace("remote", "local: false, remote"),
      "amd64",
      { type: "remote", name: NAME, remote: "ssh://root@b.example.com:22" },
    ],
    [
      "hybrid",
      SSH,
      "arm64",
      {
        type: "hybrid",
        name: `kamal-hybrid-docker-container-${NAME.slice("kamal-remote-".length)}`,
        remote: "ssh://root@b.example.com:22",
        localArches: ["arm64"],
        remoteArches: ["amd64"],
      },
    ],
    [
      "a remote that is not needed",
      "builder: { arch: amd64, remote: 'ssh://x' }",
      "amd64",
      { type: "local", name: "kamal-local-docker-container" },
    ],
  ];
  test.each(kinds)("%s", (_what, more, arch, kind) => {
    expect(builderKind(example(more), arch)).toEqual(kind);
  });

  const C = "docker context create N-context --description 'N host' --docker 'host=ssh://h'";
  const config = example();
  const remote = { type: "remote", name: "N", remote: "ssh://h" } as const;
  const hybrid = { ...remote, type: "hybrid", localArches: ["amd64"], remoteArches: ["arm64"] } as const;
  const docker = { type: "local", name: undefined } as const;
  const INSPECT =
    "docker buildx inspect N | grep -q Endpoint:.*N-context && docker context inspect N-context --format '{{.Endpoints.docker.Host}}' | grep -xq ssh://h || (echo no compatible builder && exit 1)";
  test.each([
    [
      "create local",
      create(config, { type: "local", name: "N" }),
      "docker buildx create --name N --driver=docker-container",
    ],
    ["create for docker's own", create(config, docker), undefined],
    ["create remote", create(config, remote), `${C} ; docker buildx create --name N N-context`],
    [
      "create hybrid",
      create(config, hybrid),
      `docker buildx create --platform linux/amd64 --name N --driver=docker-container && ${C} && docker buildx create --platform linux/arm64 --append --name N N-context`,
    ],
    [
      "create cloud",
      create(example("builder: { arch: amd64, driver: cloud org/builder }"), { type: "cloud", name: "N" }),
      "docker buildx create --driver cloud org/builder",
    ],
    ["inspect local", inspect(config, { type: "local", name: "N" }), "docker buildx inspect N"],
    ["inspect docker's own", inspect(config, docker), undefined],
    ["inspect remote", inspect(config, remote), INSPECT],
    ["remove local", remove({ type: "local", name: "N" }), "docker buildx rm N"],
    ["remove docker's own", remove(docker), undefined],
    ["remove remote", remove(remote), "docker context rm N-context ; docker buildx rm N"],
    ["details", details(config, docker), "docker context ls && docker buildx ls"],
    ["details of remote", details(config, remote), "docker context ls ; docker buildx ls"],
  ])("%s", (_what, ours, original) => {
    expect(ours).toBe(original);
  });

  test("a local registry is on the host's network, and has builders of its own", () => {
    const local = example("registry: { server: 'localhost:5555' }".replace("registry", "x-y"));
    expect(create(local, { type: "local", name: "N" })).not.toContain("driver-opt");
    const config = { ...local, registry: { ...local.registry, localPort: 5555 } };
    const kind = builderKind(config, "amd64");
    expect(create(config, kind)).toBe(
      "docker buildx create --name kamal-local-registry-docker-container --driver=docker-container --driver-opt network=host",
    );
  });

  test("this machine's architecture, as images call it", () => {
    expect(["aarch64\n", "x86_64\n", "riscv64"].map(build.archOf)).toEqual(["arm64", "amd64", "riscv64"]);
  });
});
