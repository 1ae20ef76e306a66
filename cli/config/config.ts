/** What the rest of the deploy tool believes: deploy.yml with its destination, checked, completed with defaults, and frozen. */
import type { Secret } from "../secret/secret.ts";

export interface Config {
  readonly service: string;
  readonly destination: string | undefined;
  /** Without the registry's server. */
  readonly image: string;
  /** With it; without a tag. */
  readonly repository: string;
  /** `latest`, or `latest-DESTINATION`. */
  readonly latestTag: string;
  /** `service`, or `service-DESTINATION`: names directories and locks on the servers. */
  readonly appId: string;
  readonly registry: Registry;
  readonly builder: Builder;
  /** The primary role first, the others by name. */
  readonly roles: readonly Role[];
  readonly primaryRole: string;
  /** In the order of the file. */
  readonly accessories: readonly Accessory[];
  readonly volumes: readonly string[];
  readonly logging: Logging;
  readonly boot: Boot;
  readonly ssh: Ssh;
  readonly sshkit: {
    readonly maxConcurrentStarts: number;
    readonly poolIdleTimeoutSeconds: number;
    readonly dnsRetries: number;
  };
  readonly output: { readonly filePath: string | undefined; readonly otelEndpoint: string | undefined };
  /** In the order of the file. */
  readonly notify: readonly Notification[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly hooksPath: string;
  readonly hooksOutput: { readonly all: HookLevel | undefined; readonly byHook: Readonly<Record<string, HookLevel>> };
  readonly secretsPath: string;
  readonly errorPagesPath: string | undefined;
  readonly requireDestination: boolean;
  readonly allowEmptyRoles: boolean;
  readonly retainContainers: number;
  readonly readinessDelaySeconds: number;
  readonly deployTimeoutSeconds: number;
  readonly drainTimeoutSeconds: number;
}

export type HookLevel = "quiet" | "verbose";

export type NotifyEvent = "started" | "finished" | "failed" | "rolled-back" | "maintenance" | "live";

/** Who is told of what, by a webhook. */
export interface Notification {
  /** Name of the secret that has the address: whoever knows it can post there. */
  readonly urlSecret: string;
  readonly format: "slack" | "discord" | "json";
  readonly on: readonly NotifyEvent[];
}

/** A name to look up in the secrets files, or a value that stands in the configuration itself. */
export type Credential = { readonly secret: string } | { readonly value: Secret };

export interface Registry {
  /** Undefined is Docker Hub. */
  readonly server: string | undefined;
  /** Both undefined for a local registry only. */
  readonly username: Credential | undefined;
  readonly password: Credential | undefined;
  /** The port of a registry on this machine. */
  readonly localPort: number | undefined;
}

export interface Builder {
  readonly arches: readonly string[];
  readonly remote: string | undefined;
  readonly local: boolean;
  readonly context: string | undefined;
  readonly dockerfile: string;
  readonly target: string | undefined;
  /** null passes on the variable of the machine that builds. */
  readonly args: Readonly<Record<string, string | null>>;
  /** Names of secrets. */
  readonly secrets: readonly string[];
  readonly ssh: string | undefined;
  readonly cache:
    | { readonly type: "gha" | "registry"; readonly options: string | undefined; readonly image: string }
    | undefined;
  readonly driver: string;
  readonly provenance: string | boolean | undefined;
  readonly sbom: boolean | undefined;
  readonly pack: { readonly builder: string | undefined; readonly buildpacks: readonly string[] } | undefined;
}

export interface Role {
  readonly name: string;
  readonly primary: boolean;
  /** In the order of the file, each once. */
  readonly hosts: readonly RoleHost[];
  readonly cmd: string | undefined;
  /** Undefined when no requests go to this role. */
  readonly proxy: Proxy | undefined;
  /** Of root and role; service, role and destination are added when a container is started. */
  readonly labels: Readonly<Record<string, string>>;
  /** Without `restart`. */
  readonly options: Options;
  readonly restart: string;
  readonly logging: Logging;
  /** Directories of the image whose files old and new version share; none for a role without assets. */
  readonly assetPaths: readonly AssetPath[];
  /** For `docker stop`; undefined leaves Docker's own. */
  readonly stopTimeoutSeconds: number | undefined;
}

export interface AssetPath {
  readonly path: string;
  readonly mountOptions: string | undefined;
}

export interface RoleHost {
  readonly name: string;
  readonly tags: readonly string[];
  readonly env: ContainerEnv;
}

/** Docker lets a clear variable win over a secret one of the same name. */
export interface ContainerEnv {
  readonly clear: Readonly<Record<string, string>>;
  /** `name` in the container, `key` in the secrets files. */
  readonly secrets: readonly { readonly name: string; readonly key: string }[];
}

export type OptionValue = string | number | boolean | null;
export type Options = Readonly<Record<string, OptionValue | readonly OptionValue[]>>;

export interface Logging {
  readonly driver: string | undefined;
  readonly options: Readonly<Record<string, string>>;
}

/** Undefined fields are left to the proxy's own default. */
export interface Proxy {
  /** Empty for any host. */
  readonly hosts: readonly string[];
  readonly appPort: number;
  readonly ssl: boolean;
  /** Names of secrets; undefined for automatic certificates. */
  readonly certificate: { readonly certificatePem: string; readonly privateKeyPem: string } | undefined;
  readonly sslRedirect: boolean | undefined;
  readonly forwardHeaders: boolean | undefined;
  readonly responseTimeoutSeconds: number | undefined;
  readonly pathPrefixes: readonly string[];
  readonly stripPathPrefix: boolean | undefined;
  readonly healthcheck: {
    readonly intervalSeconds: number | undefined;
    readonly timeoutSeconds: number | undefined;
    readonly path: string | undefined;
    readonly port: number | undefined;
    readonly host: string | undefined;
  };
  readonly buffering: {
    readonly requests: boolean;
    readonly responses: boolean;
    readonly maxRequestBodyBytes: number | undefined;
    readonly maxResponseBodyBytes: number | undefined;
    readonly memoryBytes: number | undefined;
  };
  readonly logging: { readonly requestHeaders: readonly string[]; readonly responseHeaders: readonly string[] };
  readonly run: ProxyRun | undefined;
  // From here on: what only kdeploy's proxy knows.
  readonly canonicalHost: string | undefined;
  readonly tlsOnDemandUrl: string | undefined;
  readonly clientIpHeader: string | undefined;
  readonly scopeCookiePaths: boolean | undefined;
  readonly excludeMetricsPaths: readonly string[];
  readonly targetProtocol: "http1" | "h2c" | undefined;
  readonly hstsSeconds: number | undefined;
  /** `host:port` of what takes reads beside the container; writes never go there. */
  readonly readTargets: readonly string[];
  readonly writerAffinityTimeoutSeconds: number | undefined;
  readonly readTargetWebsockets: boolean | undefined;
  readonly acme: Acme | undefined;
}

export interface Acme {
  readonly directory: string | undefined;
  readonly staging: boolean | undefined;
  readonly cachePath: string | undefined;
  readonly email: string | undefined;
  readonly eabKeyId: string | undefined;
  readonly eabKeyPath: string | undefined;
  readonly dnsHook: string | undefined;
  readonly peers: readonly string[] | undefined;
}

/** How the proxy's container is started. Equal runs are equal as JSON too. */
export interface ProxyRun {
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly publish: boolean;
  readonly bindIps: readonly string[];
  readonly metricsPort: number | undefined;
  readonly metricsBind: string | undefined;
  readonly debug: boolean;
  /** Empty for no log option. */
  readonly logMaxSize: string;
  readonly registry: string | undefined;
  /** Undefined for the default image: see `proxy-image.ts`. */
  readonly repository: string | undefined;
  readonly version: string | undefined;
  readonly options: Options;
  readonly trustedProxies: readonly string[];
  readonly proxyProtocol: boolean;
  readonly bind: string | undefined;
  readonly accessLog: boolean;
  readonly acmePeers: readonly string[];
}

export interface Accessory {
  readonly name: string;
  /** Container, label and directory on the server. */
  readonly service: string;
  /** With the server of the accessory's own registry, if it has one. */
  readonly image: string;
  /** Undefined: log in to the app's. */
  readonly registry: Registry | undefined;
  readonly hosts: readonly string[];
  readonly cmd: string | undefined;
  /** For `--publish`. */
  readonly publish: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Options;
  readonly restart: string;
  readonly env: ContainerEnv;
  readonly files: readonly Mount[];
  readonly directories: readonly Mount[];
  readonly volumes: readonly string[];
  readonly network: string;
  readonly proxy: Proxy | undefined;
}

export interface Mount {
  readonly local: string;
  readonly remote: string;
  /** Undefined: 755 for files, nothing for directories. */
  readonly mode: string | undefined;
  readonly owner: string | undefined;
  readonly options: string | undefined;
}

export interface Boot {
  /** Hosts at a time: a count, a percentage of all configured hosts, or all. */
  readonly limit: { readonly count: number } | { readonly percent: number } | undefined;
  readonly waitSeconds: number;
  readonly parallelRoles: boolean;
}

export interface Ssh {
  readonly user: string;
  readonly port: number;
  /** `user@host` of each jump host, in order. */
  readonly jumpHosts: readonly string[];
  readonly proxyCommand: string | undefined;
  /** Without effect. */
  readonly logLevel: string;
  /** Undefined leaves it to OpenSSH's `IdentitiesOnly`. */
  readonly keysOnly: boolean | undefined;
  readonly keys: readonly string[];
  /** Names of secrets; what is no secret's name is a key itself. */
  readonly keyData: readonly string[];
  /** The standard OpenSSH files, none, or these. */
  readonly config: boolean | readonly string[];
  readonly forwardAgent: boolean;
  /** `system`: the `ssh` program of this machine does everything. */
  readonly transport: "built-in" | "system";
}

/** Freezes a value and all that hangs on it. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inside of Object.values(value)) deepFreeze(inside);
  return value;
}
