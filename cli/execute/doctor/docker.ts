/** Docker on a host: is it there, new enough, may we use it, and does it run images of the architecture that is built? */
import { compareVersions } from "../../config/kamal-version.ts";
import type { Survey } from "../../remote/survey.ts";
import { type Finding, ok, problem } from "./finding.ts";
import { DOCTOR_LIMITS } from "./limits.ts";

/** As builders name them; a machine has other names for the same. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
  armv7l: "arm/v7",
  armv6l: "arm/v6",
  i386: "386",
  i686: "386",
};

export function checkDocker({ clientVersion, docker, user }: Survey): Finding[] {
  if ("version" in docker) return [checkVersion(docker.version), ok("docker-rights", `${user.name} may use Docker.`)];
  if (clientVersion === undefined) return [problem("docker", "Docker is not installed.", "kdeploy setup installs it")];
  if (/permission denied/i.test(docker.error)) {
    const group = user.groups.includes("docker") ? "is in the group docker, but" : "is not in the group docker, and";
    return [
      ok("docker", `Docker ${clientVersion} is installed.`),
      problem(
        "docker-rights",
        `${user.name} ${group} may not use Docker.`,
        `sudo usermod -aG docker ${user.name} on the server, and a new login; or another ssh.user`,
      ),
    ];
  }
  const said = docker.error === "" ? "" : `: ${docker.error}`;
  const hint = "see on the server whether its service runs: systemctl status docker";
  return [problem("docker", `Docker ${clientVersion} is installed, but does not answer${said}`, hint)];
}

/** Emulation may make up for it, but a deploy that depends on that is best told so. */
export function checkArchitecture({ machine }: Survey, arches: readonly string[]): Finding[] {
  if (machine === "" || arches.length === 0) return [];
  const own = ARCHITECTURES[machine] ?? machine;
  const built = arches.join(", ");
  if (arches.some((arch) => arch === own || own.startsWith(`${arch}/`) || arch.startsWith(`${own}/`))) {
    return [ok("architecture", `The host is ${own}, and images are built for ${built}.`)];
  }
  const text = `The host is ${own}, but images are built for ${built}: they do not start there.`;
  return [
    problem("architecture", text, `builder.arch: ${arches.length === 1 ? own : `[${[...arches, own].join(", ")}]`}`),
  ];
}

function checkVersion(version: string): Finding {
  const { minDockerVersion } = DOCTOR_LIMITS;
  // What comes after the number is the distribution's: `20.10.24+dfsg1`.
  const number = /^[\d.]+/.exec(version)?.[0] ?? "0";
  if (compareVersions(number, minDockerVersion) >= 0) return ok("docker", `Docker ${version} runs.`);
  return problem("docker", `Docker ${version} runs, which is older than ${minDockerVersion}.`, "update Docker");
}
