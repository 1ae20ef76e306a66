/** The whole proxy in a process and home of its own, and its commands over the control socket. */
import { join } from "node:path";
import { callControl } from "../../proxy/control/control-client.ts";
import type { DeployResult } from "../../proxy/control/deploy.ts";
import { type Child, startChild } from "./child-process.ts";

export type ProxyProcess = {
  readonly child: Child;
  readonly port: number;
  readonly socketPath: string;
  /** What a shell needs to run commands against this proxy. */
  readonly environment: { readonly HOME: string; readonly KAMAL_PROXY_SOCKET: string };
  deploy(service: string, ports: readonly number[], options?: DeployOptions): Promise<DeployResult>;
};

export type DeployOptions = {
  readonly drainTimeoutMs?: number;
  readonly deployTimeoutMs?: number;
  readonly healthCheckIntervalMs?: number;
  readonly force?: boolean;
  readonly buffering?: { readonly requests: boolean; readonly responses: boolean };
};

/** @param home holds state and socket; the same home again is a restart */
export async function startProxyProcess(
  home: string,
  port = 0,
  more: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Promise<ProxyProcess> {
  const environment = { ...more, HOME: home, KAMAL_PROXY_SOCKET: join(home, "p.sock") };
  const args = ["run", "--http-port", String(port), "--bind", "127.0.0.1", ...flags];
  const child = startChild("proxy/kdeploy-proxy.mjs", args, environment);
  const started = JSON.parse(await child.line((line) => line.includes('"Server started"'))) as { http: number };
  return {
    child,
    port: started.http,
    socketPath: environment.KAMAL_PROXY_SOCKET,
    environment,
    deploy: (service, ports, options = {}) =>
      callControl(environment.KAMAL_PROXY_SOCKET, {
        command: "deploy",
        service,
        targets: ports.map((targetPort) => `127.0.0.1:${targetPort}`),
        options: {
          service: {},
          target: {
            healthCheck: { intervalMs: options.healthCheckIntervalMs ?? 100 },
            ...(options.buffering ? { buffering: options.buffering } : {}),
          },
          deployment: {
            deployTimeoutMs: options.deployTimeoutMs ?? 10_000,
            drainTimeoutMs: options.drainTimeoutMs ?? 10_000,
            force: options.force ?? false,
          },
        },
      }),
  };
}
