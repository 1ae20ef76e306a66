/** What is where in the bed of servers: names, addresses, ports and credentials, the same for everybody. */
import { homedir } from "node:os";
import { join } from "node:path";

/** Several beds stand side by side when `KDEPLOY_BED_NUMBER` tells them apart: 0 to 9. */
const NUMBER = bedNumber(process.env["KDEPLOY_BED_NUMBER"]);
const NETWORK = `198.18.${10 + NUMBER}`;
const REGISTRY_PORT = 5055 + NUMBER;

/** Everything of the bed on the engine begins with this, and it is the name of the network. */
export const BED = NUMBER === 0 ? "kdeploy-bed" : `kdeploy-bed-${NUMBER}`;
/** From the range for benchmarks (RFC 2544). The servers' own engines use 198.19.0.0/16. */
export const SUBNET = `${NETWORK}.0/24`;

export type ServerPlace = { readonly name: string; readonly address: string; readonly container: string };

export const SERVERS: readonly ServerPlace[] = [1, 2, 3].map((number) => ({
  name: `server${number}`,
  address: `${NETWORK}.${10 + number}`,
  container: `${BED}-server${number}`,
}));

/** Good on the host and on every server: engines take 127.0.0.0/8 without TLS. The images' script has the same. */
export const REGISTRY = {
  container: `${BED}-registry`,
  port: REGISTRY_PORT,
  server: `127.0.0.1:${REGISTRY_PORT}`,
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
  postgres: "postgres:15",
  /** The same under another of its names. */
  newerPostgres: "postgres:15-bookworm",
  redis: "redis:7",
} as const;

/** Keys, certificates and records of the bed; nobody else can read it. */
export const BED_FOLDER = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "kdeploy",
  `bed${NUMBER === 0 ? "" : `-${NUMBER}`}`,
);

export const FILES = {
  identity: join(BED_FOLDER, "identity"),
  knownHosts: join(BED_FOLDER, "known_hosts"),
  sshConfig: join(BED_FOLDER, "ssh_config"),
  /** Shell variables that the examples want. */
  environment: join(BED_FOLDER, "environment"),
  /** A directory with `kdeploy` in it, for PATH. */
  programs: join(BED_FOLDER, "bin"),
  /** Credentials for the registry, as a DOCKER_CONFIG. */
  dockerConfig: join(BED_FOLDER, "docker"),
} as const;

/** A file of an example, with the addresses of this bed: the examples have those of bed 0. */
export function forThisBed(text: string): string {
  return text.replaceAll("198.18.10.", `${NETWORK}.`).replaceAll("127.0.0.1:5055", REGISTRY.server);
}

/** What the server sees as /bed. */
export function serverFolder(name: string): string {
  return join(BED_FOLDER, name);
}

/** Where its recorder writes. */
export function recordsFolder(name: string): string {
  return join(BED_FOLDER, "records", name);
}

function bedNumber(text: string | undefined): number {
  const number = Number(text ?? "0");
  if (Number.isInteger(number) && number >= 0 && number <= 9) return number;
  throw new RangeError(`KDEPLOY_BED_NUMBER is a number from 0 to 9, not ${text}`);
}
