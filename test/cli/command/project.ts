/** A directory with a project in it, for tests. */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export const SMALL_CONFIG = `service: blog
image: acme/blog
servers:
  web: [192.0.2.1, 192.0.2.2]
  job:
    hosts: [192.0.2.3]
    cmd: bin/jobs
registry:
  username: acme
  password: [REGISTRY_PASSWORD]
builder:
  arch: amd64
env:
  clear:
    PUBLIC: seen
  secret: [HIDDEN]
`;

export type Project = { readonly cwd: string; readonly remove: () => Promise<void> };

/** Files by path. */
export async function project(files: Readonly<Record<string, string>> = {}): Promise<Project> {
  const cwd = await mkdtemp(join(tmpdir(), "kdeploy-command-"));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), content);
  }
  return { cwd, remove: () => rm(cwd, { recursive: true, force: true }) };
}

/** A repository with one commit of all that is there. Returns the commit. */
export function committed(cwd: string, email = "ada@example.com"): string {
  const git = (...args: string[]): string =>
    execFileSync("git", ["-c", "user.name=Ada", "-c", `user.email=${email}`, "-c", "commit.gpgsign=false", ...args], {
      cwd,
      encoding: "utf8",
      env: { ...process.env, GIT_CONFIG_NOSYSTEM: "1", HOME: cwd },
      stdio: ["ignore", "pipe", "ignore"],
    });
  git("init", "--quiet");
  git("config", "user.email", email);
  git("add", "--all");
  git("commit", "--quiet", "--message", "first");
  return git("rev-parse", "HEAD").trim();
}
