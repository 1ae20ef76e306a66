/** kdeploy's proxy as its image carries it: built first, then started and deployed to as a user does it. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "../process/port.ts";
import type { Contender, ContenderSetting, RunningContender } from "./contender.ts";
import { startByCommandLine } from "./kamal-command-line.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const buildTimeoutMs = 60_000;

export const ours: Contender = contender(true, () => []);
/** With metrics beside the log, and with neither: what observation costs. */
export const oursObserved: Contender = contender(true, (metricsPort) => ["--metrics-port", String(metricsPort)]);
export const oursSilent: Contender = contender(false, () => ["--access-log=false"]);

let built: Promise<string> | undefined;

function contender(logs: boolean, flags: (metricsPort: number) => string[]): Contender {
  return {
    logs,
    canDeploy: true,
    speaksTls: true,
    version: () => (existsSync(join(root, "proxy/kdeploy-proxy.mjs")) ? `Node ${process.version}` : undefined),
    start: async (setting) => start(setting, flags(await freePort())),
  };
}

/** Run from its TypeScript it would hold Node's type stripper in memory, some 40 MB that no user ever meets. */
async function start(setting: ContenderSetting, flags: string[]): Promise<RunningContender> {
  built ??= build();
  const entry = join(await built, "kdeploy-proxy.mjs");
  const ports = ["--http-port", "0", "--https-port", "0", "--bind", "127.0.0.1", ...flags];
  return startByCommandLine(process.execPath, [entry], ports, setting);
}

async function build(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "kdeploy-bench-build-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const rolldown = join(root, "node_modules/rolldown/bin/cli.mjs");
  const output = join(directory, "dist");
  await promisify(execFile)(process.execPath, [rolldown, "-c", "-d", output], { cwd: root, timeout: buildTimeoutMs });
  return output;
}
