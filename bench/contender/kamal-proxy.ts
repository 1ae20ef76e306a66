/** The original, when its binary is on PATH: one Go processor on one core, its own JSON log. */
import { versionOf } from "../process/machine.ts";
import { freePort } from "../process/port.ts";
import type { Contender, ContenderSetting, RunningContender } from "./contender.ts";
import { startByCommandLine } from "./kamal-command-line.ts";

export const kamalProxy: Contender = {
  logs: true,
  canDeploy: true,
  speaksTls: true,
  version: () => versionOf("kamal-proxy", "version"),
  start,
};

async function start(setting: ContenderSetting): Promise<RunningContender> {
  const ports = ["--http-port", String(await freePort()), "--https-port", String(await freePort())];
  return startByCommandLine("kamal-proxy", [], ports, setting);
}
