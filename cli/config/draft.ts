/** A configuration in the making: its tree, its checked sections, and the issues that turn up while it is resolved. */
import type { ConfigIssue } from "../errors.ts";
import { checkTree, issueAt } from "./check.ts";
import type { Proxy } from "./config.ts";
import { resolveProxy } from "./resolve-proxy.ts";
import { proxy } from "./section/proxy.ts";
import type { RootInput } from "./section/root.ts";
import { type KeyPath, nodeAt, type TreeNode } from "./tree.ts";

export class Draft {
  readonly tree: TreeNode;
  readonly input: RootInput;
  readonly destination: string | undefined;
  readonly issues: ConfigIssue[] = [];
  readonly warnings: ConfigIssue[] = [];

  constructor(tree: TreeNode, input: RootInput, destination: string | undefined) {
    this.tree = tree;
    this.input = input;
    this.destination = destination;
  }

  refuse(path: KeyPath, message: string): void {
    this.issues.push(issueAt(this.tree, path, message));
  }

  warn(path: KeyPath, message: string): void {
    this.warnings.push(issueAt(this.tree, path, message));
  }

  /** Checks a proxy section that was merged from several, and resolves it. `at` is where issues are said to be. */
  proxyOf(merged: TreeNode, at: KeyPath): Proxy | undefined {
    const checked = checkTree(proxy, merged, at);
    if (!checked.ok) {
      this.issues.push(...checked.issues);
      return undefined;
    }
    const resolved = resolveProxy(checked.value);
    if (resolved.ssl && resolved.hosts.length === 0 && resolved.tlsOnDemandUrl === undefined) {
      this.issues.push(
        issueAt(
          merged,
          nodeAt(merged, ["ssl"]) === undefined ? [] : ["ssl"],
          "must set a host to enable automatic SSL",
          at,
        ),
      );
    }
    return resolved;
  }
}
