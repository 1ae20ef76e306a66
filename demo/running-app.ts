/** One release of the application: a process of its own that is started, deployed and, when replaced, stopped. */
import { fileURLToPath } from "node:url";
import { Child } from "./child.ts";

const appFile = fileURLToPath(new URL("app/app.ts", import.meta.url));
const startTimeoutMs = 10_000;

export interface RunningApp {
  version: string;
  pid: number;
  port: number;
  stop: () => Promise<void>;
}

export async function startApp(version: string): Promise<RunningApp> {
  const firstLine = Promise.withResolvers<string>();
  const child = new Child([appFile, version], process.env, firstLine.resolve);
  const timer = setTimeout(() => firstLine.reject(new Error(`app ${version} did not start`)), startTimeoutMs);
  child
    .exited()
    .then(() => firstLine.reject(new Error(`app ${version} ended at start: ${child.lastWords}`)), firstLine.reject);
  try {
    const port = Number(await firstLine.promise);
    return { version, pid: child.pid, port, stop: () => child.stop() };
  } finally {
    clearTimeout(timer);
  }
}
