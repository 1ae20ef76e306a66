/** For every key of deploy.yml, two configurations that differ in that key alone: what is done must differ, too. */

export type Hash = { readonly [key: string]: unknown };

/** Laid over a configuration: hashes are merged, all else is replaced, null takes a key away. */
export type Sample = {
  readonly before?: Hash;
  readonly after: Hash;
  /** How the difference shows: by the commands of a setup unless given. */
  readonly shows?: "alias" | "collector" | "log-file" | "notification" | "waiting";
};

export const BASE: Hash = {
  service: "app",
  image: "acme/app",
  registry: { server: "r.io", username: "deployer", password: ["PASSWORD"] },
  builder: { arch: "amd64", driver: "docker", context: "." },
  servers: { web: { hosts: ["one", "two"] }, jobs: { hosts: ["two"], cmd: "work" } },
  proxy: { host: "app.example.com" },
  accessories: { db: { image: "mysql:8", host: "two", proxy: { host: "db.example.com" } } },
  readiness_delay: 0,
  deploy_timeout: 1,
  drain_timeout: 1,
};

const ssl = { certificate_pem: "ONE", private_key_pem: "TWO" };
const acme = (after: Hash, before: Hash = {}): Sample => ({
  before: { ssl: true, acme: { email: "a@b.example", ...before } },
  after: { ssl: true, acme: { email: "a@b.example", ...before, ...after } },
});
const run = (after: Hash, before: Hash = {}): Sample => ({
  before: { run: { debug: true, ...before } },
  after: { run: { debug: true, ...before, ...after } },
});

/** Of a proxy section, wherever it stands. */
const PROXY: Readonly<Record<string, Sample>> = {
  host: { after: { host: "other.example.com" } },
  hosts: { after: { host: null, hosts: ["a.example.com", "b.example.com"] } },
  app_port: { after: { app_port: 3000 } },
  "ssl.certificate_pem": { before: { ssl }, after: { ssl: { ...ssl, certificate_pem: "THREE" } } },
  "ssl.private_key_pem": { before: { ssl }, after: { ssl: { ...ssl, private_key_pem: "THREE" } } },
  ssl_redirect: { after: { ssl_redirect: false } },
  forward_headers: { after: { forward_headers: true } },
  response_timeout: { after: { response_timeout: 5 } },
  path_prefix: { after: { path_prefix: "/a" } },
  path_prefixes: { after: { path_prefixes: ["/a", "/b"] } },
  strip_path_prefix: { after: { strip_path_prefix: false } },
  "healthcheck.interval": { after: { healthcheck: { interval: 2 } } },
  "healthcheck.timeout": { after: { healthcheck: { timeout: 2 } } },
  "healthcheck.path": { after: { healthcheck: { path: "/health" } } },
  "healthcheck.port": { after: { healthcheck: { port: 9000 } } },
  "healthcheck.host": { after: { healthcheck: { host: "h.example.com" } } },
  "buffering.requests": { after: { buffering: { requests: false } } },
  "buffering.responses": { after: { buffering: { responses: false } } },
  "buffering.max_request_body": { after: { buffering: { max_request_body: 5 } } },
  "buffering.max_response_body": { after: { buffering: { max_response_body: 5 } } },
  "buffering.memory": { after: { buffering: { memory: 5 } } },
  "logging.request_headers": { after: { logging: { request_headers: ["X-A"] } } },
  "logging.response_headers": { after: { logging: { response_headers: ["X-A"] } } },
  "run.http_port": run({ http_port: 8080 }),
  "run.https_port": run({ https_port: 8443 }),
  "run.publish": run({ publish: false }),
  "run.bind_ips": run({ bind_ips: ["10.0.0.1"] }),
  "run.metrics_port": run({ metrics_port: 9090 }),
  "run.debug": run({ debug: false }),
  "run.log_max_size": run({ log_max_size: "20m" }),
  "run.registry": run({ registry: "mirror.example.com" }),
  "run.repository": run({ repository: "acme/proxy" }),
  "run.version": run({ version: "v9" }),
  "run.options": run({ options: { memory: "1g" } }),
  "run.trusted_proxies": run({ trusted_proxies: ["private"] }),
  "run.proxy_protocol": run({ proxy_protocol: true }),
  "run.bind": run({ bind: "0.0.0.0" }),
  "run.metrics_bind": run({ metrics_bind: "127.0.0.1" }, { metrics_port: 9090 }),
  "run.access_log": run({ access_log: false }),
  "run.acme_peers": run({ acme_peers: ["10.0.0.9"] }),
  canonical_host: { after: { canonical_host: "app.example.com" } },
  tls_on_demand_url: { after: { tls_on_demand_url: "/allowed" } },
  client_ip_header: { after: { client_ip_header: "X-Ip" } },
  scope_cookie_paths: { after: { scope_cookie_paths: true } },
  exclude_metrics_paths: { after: { exclude_metrics_paths: ["/up"] } },
  target_protocol: { after: { target_protocol: "h2c" } },
  hsts: { after: { hsts: 60 } },
  read_targets: { after: { read_targets: ["10.0.0.7:3000"] } },
  writer_affinity_timeout: { after: { writer_affinity_timeout: 2 } },
  read_target_websockets: { after: { read_target_websockets: true } },
  "acme.directory": acme({ directory: "https://ca.example.com/d" }),
  "acme.staging": acme({ staging: true }),
  "acme.cache_path": acme({ cache_path: "/certs" }),
  "acme.email": acme({ email: "c@d.example" }),
  "acme.eab_key_id": acme({ eab_key_id: "k2" }, { eab_key_id: "k1", eab_key_path: "/k" }),
  "acme.eab_key_path": acme({ eab_key_path: "/k2" }, { eab_key_id: "k1", eab_key_path: "/k" }),
  "acme.dns_hook": acme({ dns_hook: "/hook" }),
  "acme.peers": acme({ peers: ["10.0.0.9"] }),
};

const mount = { local: "files/a", remote: "/a" };
const files = (after: Hash): Sample => ({
  before: { files: [mount] },
  after: { files: [{ ...mount, ...after }] },
});
const directories = (after: Hash): Sample => ({
  before: { directories: [mount] },
  after: { directories: [{ ...mount, ...after }] },
});

/** Of an accessory. */
const ACCESSORY: Readonly<Record<string, Sample>> = {
  image: { after: { image: "mysql:9" } },
  "registry.server": {
    before: { registry: { server: "a.io", username: "u-a", password: ["ONE"] } },
    after: { registry: { server: "b.io", username: "u-a", password: ["ONE"] } },
  },
  "registry.username": {
    before: { registry: { server: "a.io", username: "u-a", password: ["ONE"] } },
    after: { registry: { server: "a.io", username: "u-b", password: ["ONE"] } },
  },
  "registry.password": {
    before: { registry: { server: "a.io", username: "u-a", password: ["ONE"] } },
    after: { registry: { server: "a.io", username: "u-a", password: ["TWO"] } },
  },
  host: { after: { host: "one" } },
  hosts: { after: { host: null, hosts: ["one", "two"] } },
  role: { after: { host: null, role: "web" } },
  roles: { after: { host: null, roles: ["web", "jobs"] } },
  service: { after: { service: "other" } },
  cmd: { after: { cmd: "mysqld" } },
  port: { after: { port: "127.0.0.1:3306:3306" } },
  labels: { after: { labels: { a: "b" } } },
  options: { after: { options: { cpus: 2 } } },
  "env.clear": { after: { env: { clear: { A: "1" } } } },
  "env.secret": { after: { env: { secret: ["ONE"] } } },
  "env.tags": { after: { env: { tags: { a: {} } } } },
  "files.[].local": files({ local: "files/b" }),
  "files.[].remote": files({ remote: "/b" }),
  "files.[].mode": files({ mode: "600" }),
  "files.[].owner": files({ owner: "mysql" }),
  "files.[].options": files({ options: "ro" }),
  "directories.[].local": directories({ local: "data" }),
  "directories.[].remote": directories({ remote: "/b" }),
  "directories.[].mode": directories({ mode: "700" }),
  "directories.[].owner": directories({ owner: "mysql" }),
  "directories.[].options": directories({ options: "ro" }),
  volumes: { after: { volumes: ["data:/data"] } },
  network: { after: { network: "other" } },
};

/** Of a role. */
const ROLE: Readonly<Record<string, Sample>> = {
  hosts: { after: { hosts: ["one"] } },
  cmd: { after: { cmd: "serve" } },
  "env.clear": { after: { env: { clear: { A: "1" } } } },
  "env.secret": { after: { env: { secret: ["ONE"] } } },
  "env.tags": { after: { env: { tags: { a: {} } } } },
  labels: { after: { labels: { a: "b" } } },
  options: { after: { options: { cpus: 2 } } },
  "logging.driver": { after: { logging: { driver: "local" } } },
  "logging.options": { after: { logging: { options: { "max-size": "1m" } } } },
  asset_path: { after: { asset_path: ["/assets", "/packs"] } },
  stop_timeout: { after: { stop_timeout: 7 } },
};

const builder = (after: Hash, before: Hash = {}): Sample => ({
  before: { builder: before },
  after: { builder: { ...before, ...after } },
});
const tagged = { servers: { web: { hosts: [{ one: "blue" }, "two"] } } };
const buildx = { driver: "docker-container" };

/** All others. */
const ROOT: Readonly<Record<string, Sample>> = {
  service: { after: { service: "shop" } },
  image: { after: { image: "acme/shop" } },
  "registry.server": { after: { registry: { server: "s.io" } } },
  "registry.username": { after: { registry: { username: "somebody" } } },
  "registry.password": { after: { registry: { password: ["ONE"] } } },
  "builder.arch": builder({ arch: ["amd64", "arm64"] }, buildx),
  "builder.remote": builder({ remote: "ssh://one" }, { ...buildx, arch: ["amd64", "arm64"] }),
  "builder.local": builder({ local: false }, { ...buildx, remote: "ssh://one", arch: ["amd64", "arm64"] }),
  "builder.context": builder({ context: "./files" }),
  "builder.dockerfile": builder({ dockerfile: "files/Dockerfile" }),
  "builder.target": builder({ target: "production" }),
  "builder.args": builder({ args: { A: "1" } }),
  "builder.secrets": builder({ secrets: ["ONE"] }, buildx),
  "builder.ssh": builder({ ssh: "default" }, buildx),
  "builder.cache.type": builder({ cache: { type: "gha" } }, { ...buildx, cache: { type: "registry" } }),
  "builder.cache.options": builder(
    { cache: { type: "registry", options: "mode=max" } },
    { ...buildx, cache: { type: "registry" } },
  ),
  "builder.cache.image": builder(
    { cache: { type: "registry", image: "acme/cache" } },
    { ...buildx, cache: { type: "registry" } },
  ),
  "builder.driver": builder({ driver: "docker-container" }),
  "builder.provenance": builder({ provenance: false }, buildx),
  "builder.sbom": builder({ sbom: true }, buildx),
  "builder.pack.builder": builder({ pack: { builder: "b:2" } }, { ...buildx, pack: { builder: "b:1" } }),
  "builder.pack.buildpacks": builder(
    { pack: { builder: "b:1", buildpacks: ["node"] } },
    { ...buildx, pack: { builder: "b:1" } },
  ),
  "env.clear": { after: { env: { clear: { A: "1" } } } },
  "env.secret": { after: { env: { secret: ["ONE"] } } },
  "env.tags.*.clear": { before: tagged, after: { ...tagged, env: { tags: { blue: { clear: { A: "1" } } } } } },
  "env.tags.*.secret": { before: tagged, after: { ...tagged, env: { tags: { blue: { secret: ["ONE"] } } } } },
  "env.tags.*.tags": { after: { env: { tags: { blue: { clear: {}, tags: {} } } } } },
  "accessories.*.tag": {
    before: tagged,
    after: { ...tagged, accessories: { db: { host: null, tag: "blue" } } },
  },
  "accessories.*.tags": {
    before: tagged,
    after: { ...tagged, accessories: { db: { host: null, tags: ["blue"] } } },
  },
  labels: { after: { labels: { a: "b" } } },
  volumes: { after: { volumes: ["data:/data"] } },
  asset_path: { after: { asset_path: "/assets" } },
  hooks_path: { after: { hooks_path: "other-hooks" } },
  hooks_output: { after: { hooks_output: { "pre-deploy": "verbose" } } },
  secrets_path: {
    before: { env: { secret: ["ONE"] } },
    after: { env: { secret: ["ONE"] }, secrets_path: "other-secrets" },
  },
  error_pages_path: { after: { error_pages_path: "pages" } },
  require_destination: { after: { require_destination: true } },
  primary_role: { after: { primary_role: "jobs" } },
  allow_empty_roles: {
    before: { servers: { idle: { hosts: [] } } },
    after: { servers: { idle: { hosts: [] } }, allow_empty_roles: true },
  },
  retain_containers: { after: { retain_containers: 1 } },
  minimum_version: { after: { minimum_version: "99.0.0" } },
  readiness_delay: { after: { readiness_delay: 1 }, shows: "waiting" },
  deploy_timeout: { after: { deploy_timeout: 2 } },
  drain_timeout: { after: { drain_timeout: 2 } },
  stop_timeout: { after: { stop_timeout: 3 } },
  "ssh.user": { after: { ssh: { user: "deploy" } } },
  "ssh.port": { after: { ssh: { port: 2222 } } },
  "ssh.proxy": { after: { ssh: { proxy: "jump.example.com" } } },
  "ssh.proxy_command": { after: { ssh: { proxy_command: "nc %h %p" } } },
  "ssh.keys_only": { after: { ssh: { keys_only: true } } },
  "ssh.keys": { after: { ssh: { keys: ["~/.ssh/other"] } } },
  "ssh.key_data": { after: { ssh: { key_data: ["ONE"] } } },
  "ssh.config": { after: { ssh: { config: false } } },
  "ssh.forward_agent": { after: { ssh: { forward_agent: false } } },
  "ssh.transport": { after: { ssh: { transport: "system" } } },
  "sshkit.max_concurrent_starts": { after: { sshkit: { max_concurrent_starts: 2 } } },
  "sshkit.pool_idle_timeout": { after: { sshkit: { pool_idle_timeout: 2 } } },
  "sshkit.dns_retries": { after: { sshkit: { dns_retries: 0 } } },
  "boot.limit": { after: { boot: { limit: 1 } } },
  "boot.wait": { before: { boot: { limit: 1 } }, after: { boot: { limit: 1, wait: 1 } } },
  "boot.parallel_roles": { after: { boot: { parallel_roles: true } } },
  "logging.driver": { after: { logging: { driver: "local" } } },
  "logging.options": { after: { logging: { options: { "max-size": "1m" } } } },
  "output.file.path": { after: { output: { file: { path: "log" } } }, shows: "log-file" },
  "output.otel.endpoint": { after: { output: { otel: { endpoint: "COLLECTOR" } } }, shows: "collector" },
  "notify.[].url": {
    before: { notify: [{ url: "ONE" }] },
    after: { notify: [{ url: "TWO" }] },
    shows: "notification",
  },
  "notify.[].format": {
    before: { notify: [{ url: "ONE", format: "json" }] },
    after: { notify: [{ url: "ONE", format: "slack" }] },
    shows: "notification",
  },
  "notify.[].on": {
    before: { notify: [{ url: "ONE", on: ["live"] }] },
    after: { notify: [{ url: "ONE", on: ["maintenance"] }] },
    shows: "notification",
  },
  aliases: { after: { aliases: { shipit: "lock status" } }, shows: "alias" },
};

/** Where a role has settings of its own, the root's stand back. */
const ROLE_PROXY = { proxy: null, servers: { web: { proxy: { host: "app.example.com" } } } };

export const SAMPLES: Readonly<Record<string, Sample>> = {
  ...ROOT,
  ...placed("proxy", PROXY, (proxy) => ({ proxy })),
  ...placed("servers.*", ROLE, (web) => ({ servers: { web } })),
  ...placed("servers.*.proxy", PROXY, (proxy) => merged(ROLE_PROXY, { servers: { web: { proxy } } })),
  ...placed("accessories.*", ACCESSORY, (db) => ({ accessories: { db } })),
  ...placed("accessories.*.proxy", PROXY, (proxy) => ({ accessories: { db: { proxy } } })),
};

function placed(
  where: string,
  samples: Readonly<Record<string, Sample>>,
  place: (patch: Hash) => Hash,
): Record<string, Sample> {
  return Object.fromEntries(
    Object.entries(samples).map(([key, { before = {}, after, ...rest }]) => [
      `${where}.${key}`,
      { before: place(before), after: place(after), ...rest },
    ]),
  );
}

/** `BASE` with a patch, or a patch with another. */
export function merged(under: Hash, over: Hash): Hash {
  const result: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const there = result[key];
    if (isHash(value) && isHash(there)) result[key] = merged(there, value);
    else result[key] = value;
  }
  return result;
}

/** Without what a patch has taken away. */
export function cleaned(written: Hash): Hash {
  return Object.fromEntries(
    Object.entries(written)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, isHash(value) ? cleaned(value) : value]),
  );
}

function isHash(value: unknown): value is Hash {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
