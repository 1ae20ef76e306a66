/** The whole proxy in a process and home of its own, and its commands over the control socket. */
import { join } from "node:path";
import { callControl } from "../../proxy/control/control-client.ts";
import type { DeployResult } from "../../proxy/control/deploy.ts";
import type { Report } from "../../proxy/control/progress.ts";
import { type Child, startChild } from "./child-process.ts";

export type ProxyProcess = {
  readonly child: Child;
  readonly port: number;
  readonly httpsPort: number;
  readonly socketPath: string;
  /** What a shell needs to run commands against this proxy. */
  readonly environment: { readonly HOME: string; readonly KAMAL_PROXY_SOCKET: string };
  deploy(service: string, ports: readonly number[], options?: DeployOptions): Promise<DeployResult>;
};

export type DeployOptions = {
  readonly drainTimeoutMs?: number;
  readonly deployTimeoutMs?: number;
  readonly healthCheckIntervalMs?: number;
  readonly healthCheckPath?: string;
  readonly force?: boolean;
  /** Further service and target options, as they go over the control socket. */
  readonly service?: Readonly<Record<string, unknown>>;
  readonly target?: Readonly<Record<string, unknown>>;
  readonly buffering?: { readonly requests: boolean; readonly responses: boolean };
  /** Hears what the person who deploys is told meanwhile. */
  readonly onEvent?: Report;
};

/**
 * @param home holds state and socket; the same home again is a restart
 * @param within see `startChild`
 */
export async function startProxyProcess(
  home: string,
  port = 0,
  more: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
  within: readonly string[] = [],
): Promise<ProxyProcess> {
  const environment = { ...more, HOME: home, KAMAL_PROXY_SOCKET: join(home, "p.sock") };
  const args = ["run", "--http-port", String(port), "--https-port", "0", "--bind", "127.0.0.1", ...flags];
  const child = startChild("proxy/kdeploy-proxy.mjs", args, environment, within);
  const started = JSON.parse(await child.line((line) => line.includes('"Server started"'))) as {
    http: number;
    https: number;
  };
  return {
    child,
    port: started.http,
    httpsPort: started.https,
    socketPath: environment.KAMAL_PROXY_SOCKET,
    environment,
    deploy: (service, ports, options = {}) =>
      callControl(
        environment.KAMAL_PROXY_SOCKET,
        {
          command: "deploy",
          service,
          targets: ports.map((targetPort) => `127.0.0.1:${targetPort}`),
          options: {
            service: options.service ?? {},
            target: {
              ...options.target,
              healthCheck: {
                intervalMs: options.healthCheckIntervalMs ?? 100,
                ...(options.healthCheckPath ? { path: options.healthCheckPath } : {}),
              },
              ...(options.buffering ? { buffering: options.buffering } : {}),
            },
            deployment: {
              deployTimeoutMs: options.deployTimeoutMs ?? 10_000,
              drainTimeoutMs: options.drainTimeoutMs ?? 10_000,
              force: options.force ?? false,
            },
          },
        },
        options.onEvent,
      ),
  };
}
