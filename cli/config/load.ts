/** Paths and a destination → the configuration: files, template, YAML, merge, checks. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { ConfigError, type ConfigIssue, KdeployError } from "../errors.ts";
import { type RunCommand, runInShell } from "../secret/shell-command.ts";
import type { Config } from "./config.ts";
import { CONFIG_LIMITS } from "./limits.ts";
import { checkAccessoryFiles, checkBuildFiles, checkLocalFiles } from "./local-files.ts";
import { resolveConfig } from "./resolve-config.ts";
import { renderTemplate, type TemplateContext } from "./template.ts";
import { mergeTrees, type TreeNode } from "./tree.ts";
import { destination as destinationSyntax } from "./value-syntax.ts";
import { parseYaml } from "./yaml-tree.ts";

export const DEFAULT_CONFIG_FILE = "config/deploy.yml";

export interface LoadOptions {
  /** Relative to `cwd`, and shown in messages as it is given. */
  readonly file?: string;
  readonly destination?: string | undefined;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For `%x(…)` in templates. */
  readonly run?: RunCommand;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly ConfigIssue[];
  /** What would keep the image from being built, and nothing else. */
  readonly buildIssues: readonly ConfigIssue[];
  /** What would keep accessories from being started. */
  readonly accessoryIssues: readonly ConfigIssue[];
  /** What was read, in order. */
  readonly files: readonly string[];
}

/** Throws ConfigError with all that is wrong, or KdeployError for a file that is not there. */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const { file = DEFAULT_CONFIG_FILE, destination, cwd } = options;
  const wrong = destination === undefined ? undefined : destinationSyntax(destination);
  if (wrong !== undefined)
    throw new KdeployError("destination-invalid", `destination ${wrong}`, { exitClass: "usage" });
  const env = destination === undefined ? options.env : { ...options.env, KAMAL_DESTINATION: destination };
  const context = { cwd, env, run: options.run ?? runInShell };
  const files = destination === undefined ? [file] : [file, destinationFile(file, destination)];
  const warnings: ConfigIssue[] = [];
  let tree: TreeNode | undefined;
  for (const path of files) {
    const parsed = await readTree(path, context, path === file ? undefined : destination);
    warnings.push(...parsed.warnings);
    tree = tree === undefined ? parsed.root : mergeFiles(tree, parsed.root);
  }
  if (tree === undefined) throw new RangeError("a configuration has at least one file");
  const resolved = resolveConfig(tree, destination);
  const fileIssues = await checkLocalFiles(tree, resolved.config, cwd);
  if (fileIssues.length > 0) throw new ConfigError(fileIssues);
  const buildIssues = await checkBuildFiles(tree, resolved.config, cwd);
  const accessoryIssues = await checkAccessoryFiles(tree, resolved.config, cwd);
  const all = [...warnings, ...resolved.warnings];
  return { config: resolved.config, warnings: all, buildIssues, accessoryIssues, files };
}

/** `config/deploy.yml` → `config/deploy.staging.yml`; any other extension becomes `.yml` too, as in the original. */
export function destinationFile(file: string, destination: string): string {
  return `${file.replace(/\.[^./]*$/, "")}.${destination}.yml`;
}

/** An empty destination file changes nothing. */
function mergeFiles(under: TreeNode, over: TreeNode): TreeNode {
  return over.kind === "scalar" && over.value === null ? under : mergeTrees(under, over);
}

async function readTree(file: string, context: TemplateContext, destination: string | undefined) {
  const bytes = await readFile(resolve(context.cwd, file)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") {
      throw new KdeployError("config-not-found", `configuration file not found in ${file}`, {
        exitClass: "configuration",
        hint:
          destination === undefined
            ? "run kdeploy init to make one, or name another with -c"
            : `-d ${destination} reads it on top of the other one: is there such a destination?`,
      });
    }
    throw unreadable(file, error.message);
  });
  if (bytes.length > CONFIG_LIMITS.maxFileBytes)
    throw unreadable(file, `larger than ${CONFIG_LIMITS.maxFileBytes} bytes`);
  return parseYaml(await renderTemplate(file, textOf(file, bytes), context));
}

function textOf(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw unreadable(file, "not UTF-8 text");
  }
}

function unreadable(file: string, why: string): KdeployError {
  return new KdeployError("config-unreadable", `configuration file ${file} cannot be read: ${why}`, {
    exitClass: "configuration",
  });
}
