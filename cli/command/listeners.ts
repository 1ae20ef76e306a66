/** The `output` and `notify` sections, and the CI system that this runs in → who hears of this run besides the person at the terminal. */
import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import type { Report, WorkEvent } from "../execute/event.ts";
import type { Work } from "../execute/work.ts";
import type { Listener } from "../report/listener.ts";
import { redactedIn } from "../report/redacted.ts";
import type { Terminal } from "../report/terminal.ts";
import { VERSION } from "../version.ts";

/** Their version is known from the beginning. */
const DEPLOYS: ReadonlySet<string> = new Set(["setup", "deploy", "redeploy"]);

type Run = {
  readonly work: Work;
  readonly terminal: Terminal;
  /** As typed: `["app", "boot"]`. */
  readonly path: readonly string[];
  /** Something will be changed, or it will be said what would be. */
  readonly changes: boolean;
  readonly report: Report;
};

/** Whatever the command is, and whether it needs a configuration or not. */
export async function ciListeners(terminal: Terminal): Promise<Listener[]> {
  if (terminal.env["GITHUB_ACTIONS"] !== "true") return [];
  const { githubActions } = await import("../report/github.ts");
  return [githubActions(terminal)];
}

/** None for a command that changes nothing; in a dry run only what says what it would do. */
export async function configuredListeners({ work, terminal, path, changes, report }: Run): Promise<Listener[]> {
  if (!changes) return [];
  const { config, dryRun } = work;
  const found = [
    dryRun ? undefined : await logFile(config, path, terminal, report),
    dryRun ? undefined : await collector(work),
    await notifier(work, path),
  ];
  return found.filter((one) => one !== undefined);
}

/** The same, told nothing that is secret. */
export function redactingListener(listener: Listener, redact: (text: string) => string): Listener {
  return { ...listener, report: (event) => listener.report(redactedIn(event, redact) as WorkEvent) };
}

/** Without one, too, the work goes on. */
async function logFile(
  { destination, output: { filePath } }: Config,
  path: readonly string[],
  terminal: Terminal,
  report: Report,
): Promise<Listener | undefined> {
  if (filePath === undefined) return undefined;
  const { openLogFile } = await import("../report/log-file.ts");
  try {
    return openLogFile(resolve(terminal.cwd, filePath), { path, destination, startedAt: new Date() }, terminal);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    report({ event: "said", kind: "warning", text: `no log file in ${filePath}: ${why}` });
    return undefined;
  }
}

async function collector({ config, performer, state, version }: Work): Promise<Listener | undefined> {
  const { otelEndpoint: endpoint } = config.output;
  if (endpoint === undefined) return undefined;
  const { OtelLog } = await import("../report/otel-log.ts");
  const { destination, service } = config;
  return new OtelLog({
    endpoint,
    toolVersion: VERSION,
    runId: randomUUID(),
    service,
    destination,
    performer,
    version: () => state.version ?? version,
  });
}

async function notifier(work: Work, path: readonly string[]): Promise<Listener | undefined> {
  const { config, dryRun, performer, redactor, secrets, selection, state, version } = work;
  if (config.notify.length === 0) return undefined;
  const { Notifier, NOTIFYING } = await import("../report/notifier.ts");
  const command = path.join(" ");
  if (!NOTIFYING.has(command)) return undefined;
  const { destination, service } = config;
  return new Notifier(config.notify, {
    command,
    service,
    destination,
    performer,
    hosts: selection.hosts,
    version: () => state.version ?? (DEPLOYS.has(command) ? version : undefined),
    dryRun,
    address: async (name) => (await secrets.get(name)).reveal().trim(),
    redact: (text) => redactor.redact(text),
  });
}
