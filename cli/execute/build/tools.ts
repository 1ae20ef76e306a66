/** What this machine builds with: Docker's buildx, or plain `docker build` where that is missing and will do. */
import type { Config } from "../../config/config.ts";
import { archOf, check, localArchitecture } from "../../remote/build.ts";
import { type BuilderKind, builderKind, dependsOnLocalArch } from "../../remote/builder.ts";
import { say } from "../in-step.ts";
import { LOCALHOST, runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";

export type BuildTools = {
  readonly kind: BuilderKind;
  /** The version of an image can be asked of the registry, and much more. */
  readonly buildx: boolean;
};

/** Outputs that plain Docker has. */
const PLAIN_OUTPUTS: readonly string[] = ["docker", "registry"];

/** @throws WorkError `docker-missing`, `buildx-missing` */
export async function findBuildTools(work: Work, output = "registry"): Promise<BuildTools> {
  const { config } = work;
  const buildx = await hasBuildx(work);
  const localArch = dependsOnLocalArch(config) || !buildx ? await askLocalArch(work) : undefined;
  const kind = builderKind(config, localArch);
  // Buildpacks bring their own.
  if (buildx || kind.type === "pack") return { kind, buildx };
  const reasons = whatNeedsBuildx(config, kind, localArch, output);
  if (reasons.length > 0) throw buildxMissing(`${reasons.join(", ")} ${reasons.length === 1 ? "needs" : "need"} it`);
  say(
    work,
    "notice",
    `Docker's buildx is not installed on this machine: plain docker build makes the image, for ${localArch} only.`,
  );
  return { kind, buildx };
}

/** For commands that are about builders. @throws WorkError `docker-missing`, `buildx-missing` */
export async function findBuilder(work: Work): Promise<BuilderKind> {
  const { config } = work;
  const buildx = await hasBuildx(work);
  const kind = builderKind(config, dependsOnLocalArch(config) ? await askLocalArch(work) : undefined);
  if (!buildx && kind.type !== "pack") throw buildxMissing("builders are its business");
  return kind;
}

/** @throws WorkError `docker-missing` */
async function hasBuildx(work: Work): Promise<boolean> {
  const options = { reads: true, tolerate: true, level: "debug" } as const;
  const { exitCode, stdout, stderr } = await runCommand(work, LOCALHOST, check(), options);
  if (exitCode === 0) return true;
  if (stdout.trim() !== "") return false;
  throw new WorkError("docker-missing", "Docker is not installed on this machine, where the image is to be built.", {
    host: LOCALHOST,
    hint: "install it, or deploy an image that is in the registry already with --skip-push",
    details: stderr.trim() === "" ? [] : stderr.trim().split("\n"),
  });
}

async function askLocalArch(work: Work): Promise<string> {
  const options = { reads: true, level: "debug" } as const;
  return archOf((await runCommand(work, LOCALHOST, localArchitecture(), options)).stdout);
}

/** As the configuration names it. */
function whatNeedsBuildx(config: Config, kind: BuilderKind, localArch: string | undefined, output: string): string[] {
  const { arches, cache, provenance, sbom, secrets, ssh } = config.builder;
  const others = arches.filter((arch) => arch !== localArch);
  const needed: readonly (readonly [boolean, string])[] = [
    [arches.length > 1, `builder.arch ${arches.join(" and ")}`],
    [arches.length === 1 && others.length > 0, `builder.arch ${others.join()} on this machine, which is ${localArch},`],
    [kind.type === "remote" || kind.type === "hybrid", "builder.remote"],
    [kind.type === "cloud", `builder.driver ${config.builder.driver}`],
    [cache !== undefined, "builder.cache"],
    [secrets.length > 0, "builder.secrets"],
    [ssh !== undefined, "builder.ssh"],
    [provenance !== undefined && provenance !== false, "builder.provenance"],
    [sbom === true, "builder.sbom"],
    [!PLAIN_OUTPUTS.includes(output), `--output ${output}`],
  ];
  return needed.flatMap(([is, what]) => (is ? [what] : []));
}

function buildxMissing(why: string): WorkError {
  return new WorkError("buildx-missing", `Docker's buildx is not installed on this machine, and ${why}.`, {
    host: LOCALHOST,
    hint: "install it: the package is docker-buildx-plugin or docker-buildx, https://docs.docker.com/go/buildx/",
  });
}
