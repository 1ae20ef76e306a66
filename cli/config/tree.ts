/** A parsed file as a tree in which every value knows where it was written; and what can be asked of such a tree. */
import type { Position } from "../errors.ts";

export interface ScalarNode {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** The characters of an unquoted value, as written; undefined for a quoted or block one, which is text anyway. */
  readonly written: string | undefined;
  readonly at: Position;
}

export interface ListNode {
  readonly kind: "list";
  readonly items: readonly TreeNode[];
  readonly at: Position;
}

export interface MapEntry {
  readonly keyAt: Position;
  readonly value: TreeNode;
}

export interface MapNode {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, MapEntry>;
  readonly at: Position;
}

export type TreeNode = ScalarNode | ListNode | MapNode;

/** What zod calls a path: keys and list indexes from the root. */
export type KeyPath = readonly PropertyKey[];

/** Maps are merged key by key, `over` wins; lists and scalars, an explicit null too, replace what they lie over. */
export function mergeTrees(under: TreeNode, over: TreeNode): TreeNode {
  if (under.kind !== "map" || over.kind !== "map") return over;
  const entries = new Map(under.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    entries.set(key, below === undefined ? entry : { ...entry, value: mergeTrees(below.value, entry.value) });
  }
  return { kind: "map", entries, at: under.at };
}

/** The tree as plain JavaScript values. */
export function plainValue(node: TreeNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(plainValue);
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, plainValue(entry.value)]));
}

/** The node at a path, or undefined when the path leads nowhere. */
export function nodeAt(root: TreeNode, path: KeyPath): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const key of path) {
    if (node?.kind === "map") node = node.entries.get(String(key))?.value;
    else if (node?.kind === "list") node = node.items[Number(key)];
    else return undefined;
  }
  return node;
}

/** Where the value at a path stands; for what is not there, where its nearest parent stands. */
export function positionOf(root: TreeNode, path: KeyPath): Position {
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(root, path.slice(0, length));
    // A null has no characters of its own: its key is what one looks for.
    if (node !== undefined && !(node.kind === "scalar" && node.value === null)) return node.at;
    if (node !== undefined) return positionOfKey(root, path.slice(0, length));
  }
  return root.at;
}

/** Where the key at the end of a path stands; for a list item, where the item stands. */
export function positionOfKey(root: TreeNode, path: KeyPath): Position {
  const parent = nodeAt(root, path.slice(0, -1));
  const entry = parent?.kind === "map" ? parent.entries.get(String(path.at(-1))) : undefined;
  return entry?.keyAt ?? nodeAt(root, path)?.at ?? parent?.at ?? root.at;
}

/** `servers/web/labels/role`, the form in which the original names a key. */
export function slashPath(path: KeyPath): string {
  return path.map(String).join("/");
}
