/** What a host would print for `inventory`: containers as Docker shows them, routes as the proxy does. For `THREE_HOSTS` and the like. */
import { createHash } from "node:crypto";

export type Printed = {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: string;
  readonly details: Readonly<Record<string, unknown>>;
};

type ContainerOptions = {
  readonly image?: string;
  readonly env?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly cmd?: readonly string[];
  readonly state?: string;
  readonly health?: string;
  readonly binds?: readonly string[];
  readonly host?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
};

export const IMAGE_ID = "sha256:1";
const PATH = "PATH=/usr/local/bin:/usr/bin:/bin";

export function idOf(name: string): string {
  return createHash("sha256").update(name).digest("hex");
}

/** As Docker 28 shows a container that was run with `--network kamal --restart unless-stopped --log-opt max-size=10m`. */
export function container(name: string, options: ContainerOptions = {}): Printed {
  const {
    binds = null,
    cmd = ["serve"],
    config,
    env = [],
    health,
    host,
    image = "acme/app:v1",
    state = "running",
  } = options;
  const labels = options.labels ?? {};
  const id = idOf(name);
  return {
    id,
    name,
    labels,
    state,
    details: {
      id,
      name: `/${name}`,
      image: IMAGE_ID,
      state: { Status: state, ...(health === undefined ? {} : { Health: { Status: health } }) },
      config: {
        Image: image,
        Env: [...env, PATH, "LANG=C"],
        Cmd: cmd,
        Labels: { ...labels, vendor: "us" },
        User: "",
        ...config,
      },
      host: {
        Binds: binds,
        NetworkMode: "kamal",
        RestartPolicy: { Name: "unless-stopped", MaximumRetryCount: 0 },
        LogConfig: { Type: "json-file", Config: { "max-size": "10m" } },
        PortBindings: {},
        ...host,
      },
    },
  };
}

/** Of a role of service `app`, as kdeploy runs it. */
export function roleContainer(
  role: string,
  host: string,
  options: ContainerOptions & { version?: string } = {},
): Printed {
  const { version = "v1", env = [], labels, ...more } = options;
  const name = `app-${role}-${version}`;
  return container(name, {
    ...more,
    image: more.image ?? `acme/app:${version}`,
    env: [`KAMAL_CONTAINER_NAME=${name}`, `KAMAL_VERSION=${version}`, `KAMAL_HOST=${host}`, ...env],
    labels: { service: "app", role, destination: "", ...labels },
  });
}

export function accessoryContainer(service: string, host: string, options: ContainerOptions = {}): Printed {
  const { env = [], labels, ...more } = options;
  return container(service, {
    image: "db:1",
    ...more,
    env: [`KAMAL_HOST=${host}`, ...env],
    labels: { service, ...labels },
  });
}

/** With the defaults of the proxy and those of a role. */
export function route(
  service: string,
  container: Printed | string,
  options: {
    service?: { readonly hosts?: readonly string[]; readonly [key: string]: unknown };
    target?: object;
    state?: string;
  } = {},
) {
  const id = typeof container === "string" ? container : container.id.slice(0, 12);
  const hosts = options.service?.hosts ?? ["app.example.com"];
  return {
    name: service,
    hosts,
    pathPrefixes: ["/"],
    state: options.state ?? "running",
    tls: false,
    targets: [{ id: "t", address: `${id}:80`, role: "writer" }],
    options: {
      service: {
        hosts,
        pathPrefixes: ["/"],
        stripPathPrefix: true,
        tls: { enabled: false, redirect: true },
        ...options.service,
      },
      target: {
        healthCheck: { path: "/up", port: 0, intervalMs: 1000, timeoutMs: 5000, host: "" },
        targetTimeoutMs: 30_000,
        forwardHeaders: null,
        logRequestHeaders: ["Cache-Control", "Last-Modified", "User-Agent"],
        logResponseHeaders: [],
        buffering: { requests: true, responses: true, memoryBytes: 1_048_576, maxRequestBytes: 0, maxResponseBytes: 0 },
        ...options.target,
      },
    },
  };
}

export const PROXY = container("kamal-proxy", { image: "kdeploy/kdeploy-proxy:v0.1.0", labels: {} });

export type PrintedHost = {
  /** The newest first. */
  readonly containers?: readonly Printed[];
  /** Null for a host without a proxy. */
  readonly routes?: readonly object[] | string | null;
  readonly proxy?: Printed;
  readonly paths?: readonly string[];
  readonly checksums?: readonly string[];
  readonly hosts?: string;
  readonly lock?: string;
  readonly latest?: string;
  /** Docker's id. */
  readonly engine?: string;
};

export function printed(host: PrintedHost): string {
  const {
    checksums = [],
    containers = [],
    engine = "",
    hosts = "",
    latest = IMAGE_ID,
    lock = "",
    paths = [],
    proxy = PROXY,
    routes = [],
  } = host;
  const proxies = routes === null ? [] : [proxy];
  const labelled = containers.filter(({ labels }) => labels["service"] !== undefined);
  const listed = labelled.map(({ id, labels, name, state }) =>
    [id, state, name, labels["service"], labels["destination"] ?? "", labels["role"] ?? ""].join("|"),
  );
  const image = { id: IMAGE_ID, config: { Env: [PATH, "LANG=C"], Cmd: ["serve"], Labels: { vendor: "us" }, User: "" } };
  const answers: Readonly<Record<string, string>> = {
    home: "/root",
    "log-driver": `json-file ${engine}`,
    latest,
    containers: listed.join("\n"),
    details: [...containers, ...proxies].map(({ details }) => JSON.stringify(details)).join("\n"),
    images: JSON.stringify(image),
    routes: routes === null ? "" : typeof routes === "string" ? routes : JSON.stringify({ services: routes }, null, 2),
    "boot-files": "--publish 80:80 --publish 443:443 --log-opt max-size=10m kdeploy/kdeploy-proxy:v0.1.0",
    paths: paths.join("\n"),
    checksums: checksums.join("\n"),
    lock,
    hosts,
  };
  const texts = Object.entries(answers).map(([name, text]) => `@@ ${name}\n${text}\n`);
  return `${texts.join("")}@@ end\n`;
}
