/** Starts one of the small Node proxies in `program/` as its own process, on the Node that runs the benchmark. */
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePort, portOpen } from "../process/port.ts";
import { Program } from "../process/program.ts";
import type { ContenderSetting, RunningContender } from "./contender.ts";

export async function startNodeContender(file: string, setting: ContenderSetting): Promise<RunningContender> {
  const port = await freePort();
  const path = fileURLToPath(new URL(`program/${file}`, import.meta.url));
  const log = openSync(setting.logFile, "a");
  const program = new Program(process.execPath, [path, String(port), String(setting.upstreamPort)], {
    core: setting.core,
    outputTo: log,
  });
  closeSync(log);
  await portOpen(port, program);
  return { port, program };
}
