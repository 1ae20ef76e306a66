/** The files on this machine that a configuration names or excludes → issues; those that only a build would meet, apart. */
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

function exists(path: string, cwd: string): Promise<boolean> {
  return access(resolve(cwd, path)).then(
    () => true,
    () => false,
  );
}
