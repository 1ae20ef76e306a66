/**
 * Kamal's side: the shell lines that it sends to a server, quoted as it quotes them, run by a real /bin/sh in a home of
 * their own. Only names, ports and the image's repository differ. Source: cli-docker-commands §1, §4.
 */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unusedPort } from "../unused-port.ts";
import { docker, type Finished, run } from "./engine.ts";

/** `true` is a bare flag, a list is repeated; what Kamal does not set is not there. */
export type KamalFlags = { readonly [name: string]: string | boolean | readonly string[] };

/** The tag that Kamal 2.12 asks for. */
const IMAGE_VERSION = "v0.9.2";
const TITLE = "label=org.opencontainers.image.title=kamal-proxy";

export class KamalServer {
  readonly proxy: string;
  readonly network: string;
  readonly volume: string;
  readonly repository: string;
  /** Kamal prunes the whole server; a filter for this label as well keeps others' images and containers out of it. */
  readonly mark: string;
  readonly home: string;
  readonly port: number;
  /** Names of the flags that `deploy` was called with so far. */
  readonly flagsSent = new Set<string>();
  readonly #tlsPort: number;
  readonly #apps = new Set<string>();

  static async prepare(proxyImage: string): Promise<KamalServer> {
    const home = await mkdtemp(join(tmpdir(), "kdeploy-kamal-"));
    const server = new KamalServer(home, await unusedPort(), await unusedPort());
    await server.#makeImage(proxyImage);
    return server;
  }

  private constructor(home: string, port: number, tlsPort: number) {
    const suffix = randomBytes(4).toString("hex");
    this.home = home;
    this.port = port;
    this.#tlsPort = tlsPort;
    this.proxy = `kamal-proxy-calls-${suffix}`;
    this.network = `kamal-calls-${suffix}`;
    this.volume = `kamal-proxy-config-calls-${suffix}`;
    this.repository = `kdeploy-test-${suffix}/basecamp/kamal-proxy`;
    this.mark = `kdeploy.test=${suffix}`;
  }

  sh(line: string): Promise<Finished> {
    return run("/bin/sh", ["-c", line], { cwd: this.home });
  }

  /** `container start` of one that is there, or the start of a new one, with `proxy.run` in the configuration. */
  boot(more: { readonly options?: string; readonly command?: string } = {}): Promise<Finished> {
    const { proxy, repository } = this;
    const image = `${repository}:${IMAGE_VERSION}`;
    return this.sh(
      `docker container start ${proxy} || ${this.#runLine} ${this.#publish} ${more.options ?? ""} ${image} kamal-proxy run ${more.command ?? ""}`,
    );
  }

  /** The same as older Kamals do it: what to run is read from files on the server. */
  async bootFromFiles(): Promise<Finished> {
    const folder = join(this.home, ".kamal/proxy");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "options"), this.#publish);
    await writeFile(join(folder, "image"), this.repository);
    const file = (name: string, fallback: string) => `$(cat .kamal/proxy/${name} 2> /dev/null || echo "${fallback}")`;
    const options = file("options", "--publish 80:80 --publish 443:443 --log-opt max-size=10m");
    const image = `${file("image", "basecamp/kamal-proxy")}:${file("image_version", IMAGE_VERSION)}`;
    const line = `echo ${options} ${image} ${file("run_command", "")} | xargs ${this.#runLine}`;
    return this.sh(`docker container start ${this.proxy} || ${line}`);
  }

  deploy(service: string, flags: KamalFlags): Promise<Finished> {
    for (const name of Object.keys(flags)) this.flagsSent.add(name);
    return this.command("deploy", service, flags);
  }

  /** `docker exec kamal-proxy kamal-proxy <command> <service> …` */
  command(command: string, service: string, flags: KamalFlags = {}): Promise<Finished> {
    const words = Object.entries(flags).flatMap(([name, value]) => flagWords(name, value));
    return this.sh(["docker exec", this.proxy, "kamal-proxy", command, service, ...words].join(" "));
  }

  prune(kind: "container" | "image"): Promise<Finished> {
    const all = kind === "image" ? " --all" : "";
    return this.sh(`docker ${kind} prune${all} --force --filter ${TITLE} --filter label=${this.mark}`);
  }

  /** @returns the target that Kamal gives for a new container of this version: its short id and port */
  async startApp(image: string, version: string): Promise<string> {
    const name = this.appName(version);
    this.#apps.add(name);
    const script = join(import.meta.dirname, "echoing-app.ts");
    const line = `docker run --detach --restart unless-stopped --name ${name} --network ${this.network} --hostname server1-${randomBytes(6).toString("hex")} --env VERSION=${quoted(version)} --volume ${script}:/app/echoing-app.ts:ro ${image} node /app/echoing-app.ts`;
    const { code, stderr } = await this.sh(line);
    if (code !== 0) throw new Error(stderr);
    const { stdout } = await this.sh(`docker container ls --all --filter 'name=^${name}$' --quiet`);
    return `${stdout.trim()}:3000`;
  }

  appName(version: string): string {
    return `app-web-${version}-${this.mark.slice(-8)}`;
  }

  /** Takes away whatever is left, by name. */
  async clear(): Promise<void> {
    await run("docker", ["rm", "--force", "--volumes", this.proxy, ...this.#apps]);
    await run("docker", ["volume", "rm", this.volume]);
    await run("docker", ["network", "rm", this.network]);
    await run("docker", ["image", "rm", `${this.repository}:${IMAGE_VERSION}`]);
    await rm(this.home, { recursive: true, force: true });
  }

  get #runLine(): string {
    return `docker run --name ${this.proxy} --network ${this.network} --detach --restart unless-stopped --volume ${this.volume}:/home/kamal-proxy/.config/kamal-proxy --volume $PWD/.kamal/proxy/apps-config:/home/kamal-proxy/.apps-config`;
  }

  get #publish(): string {
    return `--publish 127.0.0.1:${this.port}:80 --publish 127.0.0.1:${this.#tlsPort}:443 --log-opt max-size=10m`;
  }

  async #makeImage(proxyImage: string): Promise<void> {
    const folder = join(this.home, "image");
    await mkdir(folder);
    await writeFile(join(folder, "Dockerfile"), `FROM ${proxyImage}\nLABEL ${this.mark}\n`);
    await docker("build", "--tag", `${this.repository}:${IMAGE_VERSION}`, folder);
  }
}

/**
 * A value as Kamal writes it into a shell line: runs of ASCII in double quotes, escaped as Ruby's `dump` does and then
 * for the shell; other characters bare between them. `${…}` stays live for the shell.
 */
export function quoted(value: string): string {
  return value.replace(/[\x00-\x7f]+/g, (run) => `"${escaped(run)}"`);
}

const NAMED_CONTROLS: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\x1b": "\\e",
};

function escaped(text: string): string {
  return text
    .replace(/["\\]/g, "\\$&")
    .replace(/#(?=[{$@])/g, "\\#")
    .replace(/[\x00-\x1f\x7f]/g, (control) => NAMED_CONTROLS[control] ?? hexadecimal(control))
    .replaceAll("`", "\\`")
    .replace(/\$(?!\{[^}]*\})/g, "\\$$");
}

function hexadecimal(control: string): string {
  return `\\x${control.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function flagWords(name: string, value: KamalFlags[string]): string[] {
  if (value === true) return [`--${name}`];
  const values = Array.isArray(value) ? (value as readonly string[]) : [String(value)];
  return values.map((one) => `--${name}=${quoted(one)}`);
}
