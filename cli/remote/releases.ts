/** The record of what was good on a host: an entry for each finished switch, the newest last. */
import type { Config } from "../config/config.ts";
import { appDirectory } from "../config/names.ts";
import { program, word } from "./conventions.ts";
import { quote } from "./shell.ts";

export type Release = {
  readonly version: string;
  /** What it was rolled back from: that one is not good. */
  readonly rolledBackFrom?: string | undefined;
  /** UTC, ISO 8601; for people, the order of the lines is what counts. */
  readonly at: string;
  readonly performer: string;
};

/** Adds an entry, and drops the oldest beyond `kept`. */
export function recordRelease(config: Config, release: Release, kept: number): string {
  const file = releasesFile(config);
  const entry = quote(JSON.stringify(release));
  const lines = `{ tail -n ${kept - 1} ${file} 2> /dev/null; printf '%s\\n' ${entry}; }`;
  return `${program("mkdir -p", word(appDirectory(config)))} && ${lines} > ${file}.new && mv ${file}.new ${file}`;
}

/** Prints nothing where nothing was recorded. For `parseReleases`. */
export function readReleases(config: Config): string {
  return program("cat", releasesFile(config), "2> /dev/null || true");
}

/** The newest last. A line that is no entry is passed over. */
export function parseReleases(stdout: string): Release[] {
  return stdout.split("\n").flatMap((line) => {
    const entry = parsed(line);
    return entry === undefined ? [] : [entry];
  });
}

/**
 * Versions to go back to, the best first. One that was rolled back from is not good until it is deployed anew; what runs now is
 * nothing to go back to.
 */
export function goodReleases(releases: readonly Release[], current: readonly string[]): string[] {
  const judged = new Set<string>(current);
  const good: string[] = [];
  for (const { version, rolledBackFrom } of releases.toReversed()) {
    if (!judged.has(version)) good.push(version);
    judged.add(version);
    if (rolledBackFrom !== undefined) judged.add(rolledBackFrom);
  }
  return good;
}

function releasesFile(config: Config): string {
  return word(`${appDirectory(config)}/releases`);
}

function parsed(line: string): Release | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || !("version" in value)) return undefined;
    const { version, rolledBackFrom, at, performer } = value as Record<string, unknown>;
    if (typeof version !== "string" || version === "") return undefined;
    return {
      version,
      at: typeof at === "string" ? at : "",
      performer: typeof performer === "string" ? performer : "",
      ...(typeof rolledBackFrom === "string" ? { rolledBackFrom } : {}),
    };
  } catch {
    return undefined;
  }
}
