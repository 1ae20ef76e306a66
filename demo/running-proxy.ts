/** The real proxy in its own process and home directory, and its real command line to give it orders. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Child } from "./child.ts";

const proxyFile = fileURLToPath(new URL("../proxy/kdeploy-proxy.mjs", import.meta.url));
const startTimeoutMs = 10_000;
const commandTimeoutMs = 40_000;

export interface CommandRun {
  startedAtMs: number;
  /** When this process saw the command end, from `performance.now()`. */
  endedAtMs: number;
}

export interface RunningProxy {
  pid: number;
  port: number;
  /** Runs one command of the proxy to its end; throws with what it printed when it fails. */
  command: (...args: string[]) => Promise<CommandRun>;
  /** How a person calls the same command line from a shell. */
  shellPrefix: string;
  removeHome: () => void;
}

export async function startProxy(): Promise<RunningProxy> {
  const home = mkdtempSync(join(tmpdir(), "kdeploy-demo-"));
  const removeHome = () => rmSync(home, { recursive: true, force: true });
  const own = { HOME: home, KAMAL_PROXY_SOCKET: join(home, "proxy.sock") };
  const environment = { ...process.env, ...own };
  const started = Promise.withResolvers<number>();
  const child = new Child(
    [proxyFile, "run", "--http-port", "0", "--https-port", "0", "--bind", "127.0.0.1"],
    environment,
    (line) => {
      if (line.includes('"Server started"')) started.resolve((JSON.parse(line) as { http: number }).http);
    },
  );
  const timer = setTimeout(() => started.reject(new Error("the proxy did not start in time")), startTimeoutMs);
  child.exited().then(() => started.reject(new Error(`the proxy ended at start: ${child.lastWords}`)), started.reject);
  try {
    return {
      pid: child.pid,
      port: await started.promise,
      command: (...args) => runCommand(args, environment),
      shellPrefix: shellPrefix(own),
      removeHome,
    };
  } catch (error) {
    removeHome();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function runCommand(args: string[], environment: NodeJS.ProcessEnv): Promise<CommandRun> {
  const startedAtMs = performance.now();
  const child = new Child([proxyFile, ...args], environment);
  const timer = setTimeout(() => child.kill("SIGKILL"), commandTimeoutMs);
  await child.exited();
  clearTimeout(timer);
  if (child.exit !== "exit code 0") {
    throw new Error(`kdeploy-proxy ${args.join(" ")} ended with ${child.exit}:\n${child.lastWords}`);
  }
  return { startedAtMs, endedAtMs: performance.now() };
}

function shellPrefix(environment: Record<string, string>): string {
  const assignments = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const here = (path: string) => relative(process.cwd(), path) || path;
  return [...assignments, here(process.execPath), here(proxyFile)].join(" ");
}
