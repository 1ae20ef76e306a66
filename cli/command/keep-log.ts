/** The `output` section → the log file of this run, if there is to be one. */
import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import type { Report } from "../execute/event.ts";
import type { LogFile } from "../report/log-file.ts";
import type { Terminal } from "../report/terminal.ts";

/** Without one, too, the work goes on. */
export async function logFileOf(
  config: Config,
  path: readonly string[],
  terminal: Terminal,
  report: Report,
): Promise<LogFile | undefined> {
  const { filePath } = config.output;
  if (filePath === undefined) return undefined;
  const { openLogFile } = await import("../report/log-file.ts");
  const { destination } = config;
  try {
    return openLogFile(resolve(terminal.cwd, filePath), { path, destination, startedAt: new Date() }, terminal);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    report({ event: "said", kind: "warning", text: `no log file in ${filePath}: ${why}` });
    return undefined;
  }
}
