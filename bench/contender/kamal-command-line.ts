/** Starts a proxy that has kamal-proxy's command line, deploys the upstream to it and can switch to another one. */
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Program, runToEnd } from "../process/program.ts";
import { siteName } from "./certificate.ts";
import type { ContenderSetting, RunningContender } from "./contender.ts";

const startTimeoutMs = 10_000;
const deployTimeoutMs = 40_000;
const pollMs = 25;

/** `executable` with its `leading` arguments is how the program is called, `ports` are the flags of its listeners. */
export async function startByCommandLine(
  executable: string,
  leading: string[],
  ports: string[],
  setting: ContenderSetting,
): Promise<RunningContender> {
  const environment = {
    ...process.env,
    HOME: setting.directory,
    KAMAL_PROXY_SOCKET: join(setting.directory, "control.sock"),
    GOMAXPROCS: "1",
  };
  const log = openSync(setting.logFile, "a");
  const program = new Program(executable, [...leading, "run", ...ports], {
    core: setting.core,
    environment,
    outputTo: log,
  });
  closeSync(log);
  const switchTo = async (upstreamPort: number): Promise<void> => {
    const target = ["--target", `127.0.0.1:${upstreamPort}`];
    const secure = secureFlags(setting);
    const patience = ["--deploy-timeout", "20s", "--drain-timeout", "10s", "--health-check-interval", "100ms"];
    await runToEnd(executable, [...leading, "deploy", "web", ...target, ...secure, ...patience], {
      core: setting.controlCore,
      environment,
      timeoutMs: deployTimeoutMs,
    });
  };
  try {
    const { http, https } = await startedPorts(setting.logFile, program);
    await switchTo(setting.upstreamPort);
    return { port: http, httpsPort: https, program, switchTo };
  } catch (error) {
    await program.stop();
    throw error;
  }
}

/** A service with TLS answers for the names in its certificate only, so the host is part of it. */
function secureFlags({ certificate }: ContenderSetting): string[] {
  if (!certificate) return [];
  const { certificateFile, privateKeyFile } = certificate;
  const files = ["--tls-certificate-path", certificateFile, "--tls-private-key-path", privateKeyFile];
  return ["--tls", "--host", siteName, ...files];
}

/** What the line "Server started" says. */
interface StartedPorts {
  http: number;
  https: number;
}

async function startedPorts(logFile: string, program: Program): Promise<StartedPorts> {
  const deadline = performance.now() + startTimeoutMs;
  while (performance.now() < deadline) {
    if (program.exit !== undefined) throw new Error(`ended at start (${program.exit}): ${program.errorText}`);
    const line = readFileSync(logFile, "utf8")
      .split("\n")
      .find((text) => text.includes('"Server started"') && text.endsWith("}"));
    if (line) return JSON.parse(line) as StartedPorts;
    await sleep(pollMs);
  }
  throw new Error(`no "Server started" within ${startTimeoutMs} ms: ${program.errorText}`);
}
