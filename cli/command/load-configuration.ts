/** The options of a command line → the configuration they name; its warnings are told. */
import type { LoadedConfig } from "../config/load.ts";
import { formatIssue } from "../errors.ts";
import type { Report } from "../execute/event.ts";
import type { Terminal } from "../report/terminal.ts";
import type { SharedValues } from "./options.ts";

/** @throws ConfigError, KdeployError as `loadConfig` */
export async function loadConfiguration(
  shared: SharedValues,
  terminal: Terminal,
  report: Report,
): Promise<LoadedConfig> {
  const { loadConfig } = await import("../config/load.ts");
  const { cwd, env } = terminal;
  const loaded = await loadConfig({ file: shared["config-file"], destination: shared.destination, cwd, env });
  for (const issue of loaded.warnings) report({ event: "said", kind: "warning", text: formatIssue(issue) });
  return loaded;
}
