/** What is where in the bed of servers: names, addresses, ports and credentials, the same for everybody. */
import { homedir } from "node:os";
import { join } from "node:path";

/** Everything of the bed on the engine begins with this, and it is the name of the network. */
export const BED = "kdeploy-bed";
/** From the range for benchmarks (RFC 2544). The servers' own engines use 198.19.0.0/16. */
export const SUBNET = "198.18.10.0/24";

export type ServerPlace = { readonly name: string; readonly address: string; readonly container: string };

export const SERVERS: readonly ServerPlace[] = [1, 2, 3].map((number) => ({
  name: `server${number}`,
  address: `198.18.10.${10 + number}`,
  container: `${BED}-server${number}`,
}));

/** Good on the host and on every server: engines take 127.0.0.0/8 without TLS. The images' script has the same. */
export const REGISTRY = {
  container: `${BED}-registry`,
  port: 5055,
  server: "127.0.0.1:5055",
  username: "deployer",
  password: "bed-registry-password",
} as const;

/** The servers take it for Docker Hub. */
export const HUB = { container: `${BED}-hub`, host: "registry-1.docker.io" } as const;

/** What servers can pull by a short name. */
export const HUB_IMAGES = {
  busybox: "busybox:latest",
  node: "node:26-bookworm-slim",
  proxy: "kdeploy/kdeploy-proxy:v0.1.0",
  originalProxy: "basecamp/kamal-proxy:v0.9.2",
} as const;

/** Keys, certificates and records of the bed; nobody else can read it. */
export const BED_FOLDER = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "kdeploy", "bed");

export const FILES = {
  identity: join(BED_FOLDER, "identity"),
  knownHosts: join(BED_FOLDER, "known_hosts"),
  sshConfig: join(BED_FOLDER, "ssh_config"),
  /** Shell variables that examples/node-app wants, and `kdeploy` as a function. */
  environment: join(BED_FOLDER, "environment"),
  /** Credentials for the registry, as a DOCKER_CONFIG. */
  dockerConfig: join(BED_FOLDER, "docker"),
} as const;

/** What the server sees as /bed. */
export function serverFolder(name: string): string {
  return join(BED_FOLDER, name);
}

/** Where its recorder writes. */
export function recordsFolder(name: string): string {
  return join(BED_FOLDER, "records", name);
}
