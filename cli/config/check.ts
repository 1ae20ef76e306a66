/** A tree and the schema of its section → the checked value, or issues with the place of each in the files. */
import type * as z from "zod";
import type { ConfigIssue } from "../errors.ts";
import { BRANCH, KNOWN_KEYS } from "./section/types.ts";
import { suggestionFor } from "./suggestion.ts";
import { type KeyPath, plainValue, positionOf, positionOfKey, slashPath, type TreeNode } from "./tree.ts";

type Issue = z.core.$ZodIssue;

export type Checked<Value> =
  | { readonly ok: true; readonly value: Value; readonly warnings: readonly ConfigIssue[] }
  | { readonly ok: false; readonly issues: readonly ConfigIssue[] };

/** `at` is the path of the tree in the whole configuration, for the key paths of the issues. */
export function checkTree<Schema extends z.ZodType>(
  schema: Schema,
  tree: TreeNode,
  at: KeyPath = [],
): Checked<z.output<Schema>> {
  const result = schema.safeParse(plainValue(tree), { jitless: true });
  if (result.success) return { ok: true, value: result.data, warnings: respelled(tree, result.data, at) };
  return { ok: false, issues: result.error.issues.flatMap((issue) => issuesOf(issue, [], tree, at)) };
}

/** An issue at a path of a tree, for the checks that no schema can make. */
export function issueAt(tree: TreeNode, path: KeyPath, message: string, at: KeyPath = []): ConfigIssue {
  return { ...positionOf(tree, path), keyPath: slashPath([...at, ...path]), message };
}

function issuesOf(issue: Issue, prefix: KeyPath, tree: TreeNode, at: KeyPath): ConfigIssue[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const known = issue.message.replace(KNOWN_KEYS, "").split(" ");
    return issue.keys.map((key) => ({
      ...positionOfKey(tree, [...path, key]),
      keyPath: slashPath([...at, ...path]),
      message: `unknown key: ${key}`,
      suggestion: suggestionFor(key, known),
    }));
  }
  if (issue.code === "invalid_union" && issue.message.startsWith(BRANCH)) {
    const meant = issue.errors[Number(issue.message.slice(BRANCH.length))] ?? [];
    return meant.flatMap((inner) => issuesOf(inner, path, tree, at));
  }
  if (issue.code === "invalid_key") {
    const message = issue.issues[0]?.message ?? issue.message;
    return [{ ...positionOfKey(tree, path), keyPath: slashPath([...at, ...path]), message }];
  }
  return [issueAt(tree, path, issue.message, at)];
}

/** Values that became text in another spelling than the file's: `yes` → "true", `0x1f` → "31". */
function respelled(node: TreeNode, value: unknown, path: KeyPath): ConfigIssue[] {
  if (node.kind === "scalar") {
    const changed = typeof value === "string" && typeof node.value !== "string" && node.written !== value;
    if (!changed || node.value === null) return [];
    const message = `${node.written} is passed on as ${value}, as Kamal does: put it in quotes to keep it as it is`;
    return [{ ...node.at, keyPath: slashPath(path), message }];
  }
  if (typeof value !== "object" || value === null) return [];
  const inside = value as Record<PropertyKey, unknown>;
  const children: [PropertyKey, TreeNode][] =
    node.kind === "list"
      ? node.items.map((item, index) => [index, item])
      : [...node.entries].map(([key, entry]) => [key, entry.value]);
  return children.flatMap(([key, child]) => respelled(child, inside[key], [...path, key]));
}
