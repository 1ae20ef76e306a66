/** Several simulated servers with a version that serves, and the work of a run against them. */
import type { Config } from "../../cli/config/config.ts";
import type { WorkEvent } from "../../cli/execute/event.ts";
import { EXECUTE_LIMITS, type ExecuteLimits } from "../../cli/execute/limits.ts";
import { RunState } from "../../cli/execute/run-state.ts";
import type { Work } from "../../cli/execute/work.ts";
import { Redactor } from "../../cli/secret/redactor.ts";
import { SecretsFiles } from "../../cli/secret/secrets-files.ts";
import { type Filters, select } from "../../cli/selection/selection.ts";
import { configOf } from "../cli/config/written-config.ts";
import { Recording, RecordingHost } from "./recording-host.ts";
import { SimulatedServer } from "./simulated-server.ts";

export const THREE_HOSTS = `
servers:
  web: { hosts: [one, two, three] }
  jobs: { hosts: [three], cmd: work }
registry: { username: deployer, password: hunter22 }
proxy: { host: app.example.com }
readiness_delay: 0
deploy_timeout: 1
drain_timeout: 1
`;

/** Times in which a test may wait for them. */
const SHORT = {
  ...EXECUTE_LIMITS,
  lockBeatMs: 60_000,
  cleanupTimeoutMs: 500,
  readinessPollMs: 1,
  // Looks at unforeseen moments would make the commands of two runs differ.
  watchPollMs: 60_000,
  pullRetryMs: 1,
};

export type FleetOptions = {
  readonly config?: string;
  /** What serves before; null for new servers. */
  readonly serving?: string | null;
  readonly version?: string;
  readonly filters?: Filters;
  readonly cwd?: string;
  readonly limits?: Partial<ExecuteLimits>;
};

export class SimulatedFleet {
  readonly config: Config;
  readonly recording = new Recording();
  readonly servers = new Map<string, SimulatedServer>();
  readonly hosts = new Map<string, RecordingHost>();
  readonly local: RecordingHost;
  readonly events: WorkEvent[] = [];
  readonly stop = new AbortController();
  readonly #options: FleetOptions;

  constructor(options: FleetOptions = {}) {
    this.#options = options;
    this.config = configOf(options.config ?? THREE_HOSTS);
    this.local = new RecordingHost("localhost", this.recording);
    for (const name of new Set(this.config.roles.flatMap((role) => role.hosts.map((host) => host.name)))) {
      const server = new SimulatedServer();
      this.servers.set(name, server);
      this.hosts.set(name, new RecordingHost(name, this.recording, (command, input) => server.answer(command, input)));
    }
    if (options.serving !== null) this.#serve(options.serving ?? "v1");
  }

  server(name: string): SimulatedServer {
    const server = this.servers.get(name);
    if (server === undefined) throw new Error(`no server ${name}`);
    return server;
  }

  host(name: string): RecordingHost {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`no host ${name}`);
    return host;
  }

  /** A run of its own each time. */
  work(more: Partial<Work> = {}): Work {
    const { cwd = "/nonexistent", filters = {}, version = "v2" } = this.#options;
    const redactor = new Redactor();
    const run = () => Promise.reject(new Error("no commands in these tests"));
    const secrets = new SecretsFiles({
      path: this.config.secretsPath,
      destination: undefined,
      cwd,
      env: {},
      redactor,
      run,
      runSecretsCommand: run,
    });
    return {
      config: this.config,
      selection: select(this.config, filters),
      version,
      secrets,
      redactor,
      local: this.local,
      host: (name) => this.host(name),
      report: (event) => this.events.push(event),
      signal: this.stop.signal,
      dryRun: false,
      skipHooks: false,
      lockWait: undefined,
      env: {},
      cwd,
      performer: "tester",
      invocation: { command: "deploy" },
      state: new RunState({ ...SHORT, ...this.#options.limits }),
      ...more,
    };
  }

  /** Everything that was said to people, with the host it is about. */
  said(): string[] {
    return this.events.flatMap((event) =>
      event.event === "said" ? [`${event.host === undefined ? "" : `${event.host}: `}${event.text}`] : [],
    );
  }

  /** `role@host: version` of what gets requests or does work, and all that runs, is prepared or locked beside it. */
  state(): string[] {
    return [...this.servers].flatMap(([name, server]) => [
      ...[...server.live.keys()].map((service) => `${name} ${service} → ${server.serving(service) ?? "nobody"}`),
      `${name} runs ${server.running().join(" ")}`,
      ...[...server.prepared.values()].map(({ service }) => `${name} prepared for ${service}`),
      ...(server.lock === undefined ? [] : [`${name} is locked`]),
    ]);
  }

  #serve(version: string): void {
    for (const role of this.config.roles) {
      for (const { name: host } of role.hosts) {
        const server = this.server(host);
        const container = server.started(`app-${role.name}-${version}`);
        server.images.add(version);
        server.latest = version;
        if (role.proxy !== undefined) server.live.set(`app-${role.name}`, container.id.slice(0, 12));
      }
    }
  }
}
