/** The bed as a whole on this machine's engine: brought up, looked at, taken down. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { docker, run } from "../support/docker/engine.ts";
import { makeAccess } from "./access.ts";
import { engineFlags } from "./container-flags.ts";
import {
  BED,
  BED_FOLDER,
  FILES,
  HUB,
  REGISTRY,
  recordsFolder,
  SERVERS,
  type ServerPlace,
  SUBNET,
  serverFolder,
} from "./layout.ts";

export type BedImages = {
  readonly server: string;
  readonly registry: string;
  readonly node: string;
  /** Path of Docker's plugin where Docker does not have it. */
  readonly buildx: string | undefined;
};

const ROOT = join(import.meta.dirname, "../..");
const CONTAINERS = [...SERVERS.map(({ container }) => container), REGISTRY.container, HUB.container];
const START_TIMEOUT_MS = 60_000;

/** Minutes when there are none yet, seconds otherwise. */
export async function makeImages(): Promise<BedImages> {
  const [server, registry, node] = (await script(".ci/make-server-images")).split("\n");
  const buildx = await script(".ci/make-buildx");
  if (server === undefined || registry === undefined || node === undefined)
    throw new Error(".ci/make-server-images did not print three names");
  return { server, registry, node, buildx: buildx === "" ? undefined : buildx };
}

async function script(path: string): Promise<string> {
  const { code, stdout, stderr } = await run(join(ROOT, path), []);
  if (code !== 0) throw new Error(`${path} exited with ${code}\n${stderr}`);
  return stdout.trim();
}

/** Leaves a bed alone that runs and is up to date. @returns whether this call has started it */
export async function up(): Promise<boolean> {
  const images = await makeImages();
  const key = bedKey(images);
  if (await isUp(key)) return false;
  await down();
  await makeAccess({ nodeImage: images.node, buildx: images.buildx });
  const mtu = routeMtu();
  const labels = ["--label", `${BED}=${key}`];
  const mtuOption = `com.docker.network.driver.mtu=${mtu}`;
  await docker("network", "create", "--subnet", SUBNET, ...labels, "--opt", mtuOption, BED);
  try {
    await startRegistries(images.registry, key);
    await Promise.all(SERVERS.map((place) => startServer(place, images.server, key, mtu)));
    await Promise.all(SERVERS.map(serverIsReady));
  } catch (error) {
    await down();
    throw error;
  }
  return true;
}

/** Takes away containers with their volumes, the network, keys and records; images stay. */
export async function down(): Promise<void> {
  const found = await docker("ps", "--all", "--quiet", "--filter", `label=${BED}`);
  if (found !== "") await docker("rm", "--force", "--volumes", ...found.split("\n"));
  if ((await run("docker", ["network", "inspect", BED])).code === 0) await docker("network", "rm", BED);
  await rm(BED_FOLDER, { recursive: true, force: true });
}

/** @returns a line for each container, none when the bed is down */
export async function status(): Promise<string[]> {
  const lines = await docker("ps", "--all", "--filter", `label=${BED}`, "--format", "{{.Names}}\t{{.Status}}");
  return lines === "" ? [] : lines.split("\n").toSorted();
}

/** As far as a container's state tells. */
export async function isUp(key?: string): Promise<boolean> {
  if (!existsSync(FILES.environment)) return false;
  const format = `{{.Names}} {{.Label "${BED}"}}`;
  const running = (await docker("ps", "--filter", `label=${BED}`, "--format", format)).split("\n");
  return CONTAINERS.every((name) => running.some((line) => line.startsWith(`${name} ${key ?? ""}`)));
}

/** Changes with the images and with how they are started. */
function bedKey(images: BedImages): string {
  const hash = createHash("sha256").update(JSON.stringify(images));
  for (const file of readdirSync(import.meta.dirname).toSorted()) {
    if (file.endsWith(".ts")) hash.update(readFileSync(join(import.meta.dirname, file)));
  }
  return hash.digest("hex").slice(0, 12);
}

/** One with a password for everybody, one with TLS for the servers, which take it for Docker Hub. */
async function startRegistries(image: string, key: string): Promise<void> {
  const shared = ["run", "--detach", "--label", `${BED}=${key}`, "--network", BED];
  const withPassword = ["=htpasswd", "_HTPASSWD_REALM=bed", "_HTPASSWD_PATH=/etc/htpasswd"];
  const registry = [...shared, "--name", REGISTRY.container, "--network-alias", "registry"];
  const hub = [...shared, "--name", HUB.container, "--network-alias", HUB.host, "--volume", `${BED_FOLDER}:/bed:ro`];
  const withTls = ["ADDR=:443", "TLS_CERTIFICATE=/bed/hub.crt", "TLS_KEY=/bed/hub.key"];
  await Promise.all([
    docker(
      ...registry,
      "--publish",
      `${REGISTRY.server}:5000`,
      ...withPassword.map((setting) => `--env=REGISTRY_AUTH${setting}`),
      image,
    ),
    docker(...hub, ...withTls.map((setting) => `--env=REGISTRY_HTTP_${setting}`), image),
  ]);
}

async function startServer(place: ServerPlace, image: string, key: string, mtu: number): Promise<void> {
  const { name, address, container } = place;
  await docker(
    "run",
    "--detach",
    `--label=${BED}=${key}`,
    `--name=${container}`,
    `--hostname=${name}`,
    `--network=${BED}`,
    `--ip=${address}`,
    `--network-alias=${name}`,
    `--env=BED_MTU=${mtu}`,
    `--env=BED_REGISTRY_PORT=${REGISTRY.port}`,
    `--volume=${serverFolder(name)}:/bed:ro`,
    `--volume=${recordsFolder(name)}:/var/log/recorder`,
    ...engineFlags(),
    image,
  );
}

/** sshd greets and the engine answers. */
export async function serverIsReady({ name, address, container }: ServerPlace): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await greets(address))) await pauseUntil(deadline, `sshd of ${name} does not answer`, container);
  while ((await run("docker", ["exec", container, "docker", "version"])).code !== 0)
    await pauseUntil(deadline, `dockerd of ${name} does not answer`, container);
}

async function pauseUntil(deadline: number, what: string, container: string): Promise<void> {
  await sleep(100);
  if (Date.now() < deadline) return;
  const logs = await run("docker", ["exec", container, "tail", "-n", "20", "/var/log/bed/dockerd.log"]);
  throw new Error(`${what}\n${logs.stdout}${logs.stderr}`);
}

function greets(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port: 22, timeout: 2_000 });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", (data) => settle(data.toString().startsWith("SSH-2.0")));
    socket.once("end", () => settle(false));
    socket.once("timeout", () => settle(false));
    socket.once("error", () => settle(false));
  });
}

/** Of the device that leads out; a larger one in containers makes big answers vanish. */
function routeMtu(): number {
  const routes = readFileSync("/proc/net/route", "utf8").split("\n");
  const device = routes.map((line) => line.split("\t")).find(([, destination]) => destination === "00000000")?.[0];
  if (device === undefined) return 1500;
  return Math.min(1500, Number(readFileSync(`/sys/class/net/${device}/mtu`, "utf8")));
}
