/** Fragments of deploy.yml → what the checks say of them: a fragment comes first, so its lines count from 1, and what it leaves out is added. */

import type { Config } from "../../../cli/config/config.ts";
import { resolveConfig } from "../../../cli/config/resolve-config.ts";
import { SourceText } from "../../../cli/config/source-text.ts";
import { parseYaml } from "../../../cli/config/yaml-tree.ts";
import { ConfigError, formatIssue } from "../../../cli/errors.ts";

const NEEDED: Readonly<Record<string, string>> = {
  service: "service: app",
  image: "image: acme/app",
  registry: "registry: { username: deployer, password: [REGISTRY_PASSWORD] }",
  builder: "builder: { arch: amd64 }",
  servers: "servers: [10.0.0.1]",
};

export function completed(fragment: string): string {
  const missing = Object.keys(NEEDED).filter((key) => !new RegExp(`^${key}:`, "m").test(fragment));
  return [fragment.replace(/\n$/, ""), ...missing.map((key) => NEEDED[key])].join("\n");
}

export function parsed(text: string) {
  return parseYaml(new SourceText("deploy.yml", text, text, [{ offset: 0, sourceOffset: 0, copied: true }]));
}

export function configOf(fragment: string, destination?: string): Config {
  return resolveConfig(parsed(completed(fragment)).root, destination).config;
}

/** Warnings of reading and of checking, without the file's name. */
export function warningsOf(fragment: string): string[] {
  const { root, warnings } = parsed(completed(fragment));
  return [...warnings, ...resolveConfig(root, undefined).warnings].map(withoutFile);
}

/** Issues without the file's name; of the fragment alone when `alone`. */
export function issuesOf(fragment: string, options: { alone?: boolean; destination?: string } = {}): string[] {
  try {
    resolveConfig(parsed(options.alone === true ? fragment : completed(fragment)).root, options.destination);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.issues.map(withoutFile);
    throw error;
  }
}

function withoutFile(issue: Parameters<typeof formatIssue>[0]): string {
  return formatIssue(issue).replace(/^deploy\.yml:/, "");
}
