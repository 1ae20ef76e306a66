/** `kdeploy` as a child process, as a person would run it: arguments in, exit code and everything printed out. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { BED_FOLDER, FILES, REGISTRY } from "../../bed/layout.ts";

const PROGRAM = join(import.meta.dirname, "../../../cli/kdeploy.mjs");

export type KdeployOptions = {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** Killed after it, and exitCode is null then; two minutes unless given. */
  readonly timeoutMs?: number;
};

export type KdeployResult = {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, for messages about a failure. */
  readonly output: string;
  readonly durationMs: number;
};

export type RunningKdeploy = {
  readonly child: ChildProcess;
  readonly finished: Promise<KdeployResult>;
};

export function runKdeploy(args: readonly string[], options: KdeployOptions): Promise<KdeployResult> {
  return startKdeploy(args, options).finished;
}

/** For those who want to interrupt it. */
export function startKdeploy(args: readonly string[], options: KdeployOptions): RunningKdeploy {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...bedEnvironment(), ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const printed = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      printed[stream] += text;
    });
  // A program that ends without reading its input is no mistake.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? 120_000);
  const finished = (async () => {
    const [exitCode] = (await once(child, "close")) as [number | null];
    clearTimeout(timer);
    const { stdout, stderr } = printed;
    return { exitCode, stdout, stderr, output: stdout + stderr, durationMs: performance.now() - startedAt };
  })();
  return { child, finished };
}

/** What examples/node-app asks for, and credentials that are nobody else's. */
function bedEnvironment(): NodeJS.ProcessEnv {
  return {
    KDEPLOY_BED: BED_FOLDER,
    KAMAL_REGISTRY_PASSWORD: REGISTRY.password,
    DOCKER_CONFIG: FILES.dockerConfig,
    // For hooks that call kdeploy.
    PATH: `${FILES.programs}:${process.env["PATH"] ?? ""}`,
    NO_COLOR: "1",
  };
}
