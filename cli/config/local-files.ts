/** The files on this machine that a configuration names or excludes → issues; those that only a build or an accessory would meet, apart. */
import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { ConfigIssue } from "../errors.ts";
import { issueAt } from "./check.ts";
import type { Config } from "./config.ts";
import { missingDockerfile } from "./missing-dockerfile.ts";
import type { TreeNode } from "./tree.ts";

/** Hooks of Kamal 1, for a proxy that is gone. */
const OLD_HOOKS = ["pre-traefik-reboot", "post-traefik-reboot"];

export async function checkLocalFiles(tree: TreeNode, config: Config, cwd: string): Promise<ConfigIssue[]> {
  const issues: ConfigIssue[] = [];
  for (const hook of OLD_HOOKS) {
    const path = join(config.hooksPath, hook);
    if (!(await exists(path, cwd))) continue;
    issues.push(
      issueAt(
        tree,
        ["hooks_path"],
        `found ${path}, a hook of Kamal 1: rename it to ${hook.replace("traefik", "proxy")}`,
      ),
    );
  }
  return issues;
}

/** Whoever deploys what others have built need not have the sources. */
export async function checkBuildFiles(tree: TreeNode, config: Config, cwd: string): Promise<ConfigIssue[]> {
  const missing = await missingDockerfile(config, cwd);
  return missing === undefined ? [] : [issueAt(tree, ["builder", "dockerfile"], missing)];
}

/** Files and directories of accessories; whoever deploys the app alone need not have them. */
export async function checkAccessoryFiles(tree: TreeNode, config: Config, cwd: string): Promise<ConfigIssue[]> {
  const issues: ConfigIssue[] = [];
  for (const { name, files } of config.accessories) {
    for (const [at, { local }] of files.entries()) {
      if (await exists(local, cwd)) continue;
      issues.push(issueAt(tree, ["accessories", name, "files", at], `there is no file ${local}`));
    }
  }
  return issues;
}

function exists(path: string, cwd: string): Promise<boolean> {
  return access(resolve(cwd, path)).then(
    () => true,
    () => false,
  );
}
