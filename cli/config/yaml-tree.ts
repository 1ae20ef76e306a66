/** Rendered YAML text → the tree of its values, with warnings; or every error in it, each with its place. */
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, parseDocument, type Scalar, type YAMLMap } from "yaml";
import { ConfigError, type ConfigIssue, type Position } from "../errors.ts";
import { CONFIG_LIMITS } from "./limits.ts";
import type { SourceText } from "./source-text.ts";
import { type KeyPath, type MapEntry, type MapNode, slashPath, type TreeNode } from "./tree.ts";
import { resolvePlain } from "./yaml-dialect.ts";

export interface ParsedYaml {
  readonly root: TreeNode;
  readonly warnings: readonly ConfigIssue[];
}

/** Throws ConfigError. What the values mean: `yaml-dialect.ts`. */
export function parseYaml(source: SourceText): ParsedYaml {
  // The failsafe schema leaves every scalar as text, so that the dialect is ours alone.
  const document = parseDocument(source.text, {
    schema: "failsafe",
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: "error",
  });
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map((error) => ({
        ...source.positionAt(error.pos[0]),
        keyPath: "",
        message: YAML_WORDS[error.code] ?? error.message,
      })),
    );
  }
  const reader = new TreeReader(source);
  const root = reader.read(document.contents, [], 0);
  if (reader.issues.length > 0) throw new ConfigError(reader.issues);
  return { root, warnings: reader.warnings };
}

const YAML_WORDS: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "a second document (---) begins here; one file holds one configuration",
  MULTILINE_IMPLICIT_KEY:
    "this line is neither `key: value` nor part of the one above: is a colon missing, or the blank after it?",
  TAB_AS_INDENT: "a tab cannot indent: use spaces",
  RESOURCE_EXHAUSTION: `nested deeper than ${CONFIG_LIMITS.maxDepth} levels`,
};

class TreeReader {
  readonly issues: ConfigIssue[] = [];
  readonly warnings: ConfigIssue[] = [];
  readonly #source: SourceText;
  /** Anchors in the order of the file: an alias means the last one before it. */
  readonly #anchors = new Map<string, Node>();
  /** Collections that are being read: an alias to one of them would go on for ever. */
  readonly #open = new Set<Node>();
  #expanding = 0;
  #values = 0;

  constructor(source: SourceText) {
    this.#source = source;
  }

  read(node: Node | null | undefined, path: KeyPath, offset: number): TreeNode {
    const at = this.#source.positionAt(node?.range?.[0] ?? offset);
    const nothing: TreeNode = { kind: "scalar", value: null, written: "", at };
    if (++this.#values > CONFIG_LIMITS.maxValues) {
      if (this.#values === CONFIG_LIMITS.maxValues + 1) {
        this.#refuse(at, path, `more than ${CONFIG_LIMITS.maxValues} values once aliases are expanded`);
      }
      return nothing;
    }
    if (path.length > CONFIG_LIMITS.maxDepth) {
      this.#refuse(at, path, `nested deeper than ${CONFIG_LIMITS.maxDepth} levels`);
      return nothing;
    }
    if (node === null || node === undefined) return nothing;
    const tag = node.tag;
    if (tag !== undefined && tag !== "tag:yaml.org,2002:str") {
      this.#refuse(at, path, `tag ${tag} is not supported: values are text, numbers, booleans, lists and hashes`);
      return nothing;
    }
    if (isAlias(node)) return this.#readAlias(node.source, path, at, nothing);
    this.#noteAnchor(node);
    if (isScalar(node)) return this.#readScalar(node, path, at);
    this.#open.add(node);
    const collection = isMap(node)
      ? this.#readMap(node, path)
      : isSeq(node)
        ? this.#readList(node.items, path, at)
        : nothing;
    this.#open.delete(node);
    return collection;
  }

  #noteAnchor(node: Node & { anchor?: string | undefined }): void {
    // What an alias repeats has had its anchors noted where it stands.
    if (node.anchor !== undefined && this.#expanding === 0) this.#anchors.set(node.anchor, node);
  }

  #readAlias(name: string, path: KeyPath, at: Position, nothing: TreeNode): TreeNode {
    const target = this.#anchors.get(name);
    if (target === undefined || this.#open.has(target)) {
      this.#refuse(at, path, target === undefined ? `alias *${name} has no anchor` : `alias *${name} contains itself`);
      return nothing;
    }
    this.#expanding++;
    const read = this.read(target, path, 0);
    this.#expanding--;
    return read;
  }

  #readList(items: readonly unknown[], path: KeyPath, at: Position): TreeNode {
    return { kind: "list", items: items.map((item, index) => this.read(item as Node | null, [...path, index], 0)), at };
  }

  #readScalar(node: Scalar, path: KeyPath, at: Position): TreeNode {
    const text = textOf(node);
    if (text.includes("\0")) this.#refuse(at, path, "a NUL character cannot be passed on");
    if (node.type !== "PLAIN" || node.tag !== undefined) return { kind: "scalar", value: text, written: undefined, at };
    const { value, originalReads } = resolvePlain(text);
    if (originalReads !== undefined) {
      this.#warn(at, path, `${text} is taken as it is written, but Kamal reads ${originalReads}: put it in quotes`);
    }
    return { kind: "scalar", value, written: text, at };
  }

  #readMap(node: YAMLMap, path: KeyPath): MapNode {
    const at = this.#source.positionAt(node.range?.[0] ?? 0);
    const own = new Map<string, MapEntry>();
    const merged = new Map<string, MapEntry>();
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const keyOffset = pair.key.range?.[0] ?? 0;
      const keyAt = this.#source.positionAt(keyOffset);
      if (!isScalar(pair.key) && !isAlias(pair.key)) {
        this.#refuse(keyAt, path, "a key should be text");
        continue;
      }
      const key = this.#keyOf(pair.key);
      const inside = [...path, key];
      if (key === "<<" && isScalar(pair.key) && pair.key.type === "PLAIN") {
        this.#merge(pair.value, path, keyOffset, own, merged);
        continue;
      }
      if (key === "__proto__") this.#refuse(keyAt, path, "__proto__ cannot be a key");
      if (own.has(key)) this.#refuse(keyAt, inside, "key given twice");
      own.set(key, { keyAt, value: this.read(pair.value, inside, keyOffset) });
    }
    return { kind: "map", entries: new Map([...merged, ...own]), at };
  }

  #keyOf(node: Node): string {
    const target = isAlias(node) ? this.#anchors.get(node.source) : node;
    this.#noteAnchor(node);
    const text = isScalar(target) ? textOf(target) : "";
    const symbol = /^:([A-Za-z_]\w*)$/.exec(text)?.[1];
    return isScalar(target) && target.type === "PLAIN" && symbol !== undefined ? symbol : text;
  }

  /** `<<: *defaults` or `<<: [*first, *second]`: the first one named wins over those after it. */
  #merge(
    node: Node | null,
    path: KeyPath,
    offset: number,
    own: Map<string, MapEntry>,
    merged: Map<string, MapEntry>,
  ): void {
    const value = this.read(node, path, offset);
    const sources = value.kind === "list" ? value.items : [value];
    for (const source of sources) {
      if (source.kind !== "map") {
        this.#refuse(this.#source.positionAt(offset), path, "<< should name a hash or a list of hashes");
        continue;
      }
      for (const [key, entry] of source.entries) {
        if (own.has(key)) {
          this.#warn(
            own.get(key)?.keyAt ?? source.at,
            [...path, key],
            "wins over << below it; in Kamal << wins: write << first",
          );
        }
        if (!merged.has(key)) merged.set(key, entry);
      }
    }
  }

  #refuse(at: Position, path: KeyPath, message: string): void {
    this.issues.push({ ...at, keyPath: slashPath(path), message });
  }

  #warn(at: Position, path: KeyPath, message: string): void {
    const known = this.warnings.some(
      (one) => one.line === at.line && one.column === at.column && one.message === message,
    );
    // What an alias repeats is warned of once.
    if (!known) this.warnings.push({ ...at, keyPath: slashPath(path), message });
  }
}

/** With the failsafe schema every scalar is text. */
function textOf(node: Scalar): string {
  return typeof node.value === "string" ? node.value : "";
}
