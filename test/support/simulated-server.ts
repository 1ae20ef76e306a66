/** What Docker, the proxy and the lock of one server would say to the engine's commands, and what state they leave it in. */
import { createHash } from "node:crypto";
import type { Answer } from "./recording-host.ts";

export type SimulatedContainer = {
  id: string;
  name: string;
  running: boolean;
  restarts: number;
  startedAt: number;
  exitCode: number;
  outOfMemory: boolean;
};

export type Behaviour = {
  /** A new container ends at once. */
  exits?: { readonly code: number; readonly restarts: number; readonly outOfMemory?: boolean };
  /** The proxy never finds it healthy. */
  unhealthy?: boolean;
  /** Restarts seen anew with each look. */
  crashLoops?: boolean;
};

type Rule = readonly [RegExp, (match: RegExpExecArray, input: string | undefined) => Answer];

export class SimulatedServer {
  readonly containers: SimulatedContainer[] = [];
  readonly images = new Set<string>();
  latest: string | undefined;
  /** The proxy's services: ids of the containers that get the requests. */
  readonly live = new Map<string, string>();
  readonly prepared = new Map<string, { service: string; target: string }>();
  readonly committed = new Map<string, { service: string; before: string | undefined }>();
  readonly releases: string[] = [];
  /** What was uploaded, by its path. */
  readonly files = new Map<string, string>();
  readonly audit: string[] = [];
  lock: string | undefined;
  /** Details of a lock of somebody else's. */
  foreignLock: string | undefined;
  twoPhase = true;
  docker = true;
  mayInstall = true;
  proxyImage = "kdeploy/kdeploy-proxy:v0.1.0";
  /** What Docker says of the proxy's container besides its image. */
  proxyContainer: object = {};
  proxyRuns = true;
  pullable = true;
  readonly mirrors: string[] = [];
  behaviour: (name: string) => Behaviour = () => ({});
  readonly #rules: readonly Rule[];
  #ids = 0;

  constructor() {
    this.#rules = this.#makeRules();
  }

  answer(command: string, input: string | undefined): Answer {
    for (const [pattern, act] of this.#rules) {
      const match = pattern.exec(command);
      if (match !== null) return act(match, input);
    }
    throw new Error(`the simulated server does not know: ${command}`);
  }

  /** A container as an earlier deploy left it. */
  started(name: string, running = true): SimulatedContainer {
    const id = createHash("sha256")
      .update(`${name}${this.#ids++}`)
      .digest("hex");
    const container = { id, name, running, restarts: 0, startedAt: this.#ids, exitCode: 0, outOfMemory: false };
    this.containers.unshift(container);
    return container;
  }

  /** Names of those that run. */
  running(): string[] {
    return this.containers
      .filter(({ running }) => running)
      .map(({ name }) => name)
      .toSorted();
  }

  /** The name of the container that gets a service's requests; it must run to get them. */
  serving(service: string): string | undefined {
    const id = this.live.get(service);
    const found = this.containers.find((container) => id !== undefined && container.id.startsWith(id));
    return found?.running === true ? found.name : undefined;
  }

  #find(nameOrId: string): SimulatedContainer | undefined {
    return this.containers.find(({ name, id }) => name === nameOrId || id.startsWith(nameOrId));
  }

  #makeRules(): Rule[] {
    const ok = (stdout = ""): Answer => ({ stdout });
    const fails = (stderr: string): Answer => ({ exitCode: 1, stderr });
    return [
      [/^docker version/, () => ok("26.1.0\n")],
      [/^docker -v$/, () => (this.docker ? ok("Docker version 26\n") : { exitCode: 127, stderr: "docker: not found" })],
      [/^\[ "\$\{EUID.*\|\| sudo/, () => (this.mayInstall ? ok() : { exitCode: 1 })],
      [/^\[ "\$\{EUID/, () => ok()],
      [/get\.docker\.com/, () => ((this.docker = true), ok())],
      [
        /^docker ps -a .*label=service=(\S+)/,
        ([, name = ""]) =>
          ok(
            this.#ofAccessory(name)
              .map((one) => one.name)
              .join("\n"),
          ),
      ],
      [/^docker run --name (\S+) --detach/, ([, name = ""]) => this.#run(name)],
      [/^docker image pull /, () => (this.pullable ? ok() : fails("manifest unknown"))],
      [/^docker container stop (app-\S+)$/, ([, name = ""]) => this.#stop(name)],
      [/^docker container start (app-\S+)$/, ([, name = ""]) => this.#start(name)],
      [
        /^docker container prune --force --filter label=service=(\S+)$/,
        ([, name = ""]) => {
          for (const one of this.#ofAccessory(name)) if (!one.running) this.#remove(one.name);
          return ok();
        },
      ],
      [
        /^docker container ls --filter 'name=\^(\S+)\$' --quiet$/,
        ([, name = ""]) => {
          const found = this.#find(name);
          return ok(found?.running === true ? found.id.slice(0, 12) : "");
        },
      ],
      [/container create --name \S+-assets|docker cp - kamal-proxy:/, () => ok()],
      [/^docker log(?:in|out)/, () => ok()],
      [/^docker info --format .*Mirrors/, () => ok(`${JSON.stringify(this.mirrors)}\n`)],
      [/audit\.log$/, (match) => (this.audit.push(match.input), ok())],
      [/^docker pull \S+:(\S+)$/, ([, version = ""]) => this.#pull(version)],
      [/^docker inspect -f /, () => ok("app\n")],
      [/^mkdir -p \.kamal && \{ mkdir .*?beat-(\w+)/s, ([, token]) => this.#takeLock(token)],
      [/^touch -c \S*beat-(\w+)/, ([, token]) => (this.lock === token ? ok() : { exitCode: 76 })],
      [/^mv \S*beat-(\w+) \S*released-/, ([, token]) => this.#releaseLock(token)],
      [
        /^if test -d \S*lock/,
        () => ok(this.lock === undefined && this.foreignLock === undefined ? "" : `details\n${this.foreignLock ?? ""}`),
      ],
      [/^docker network create/, () => fails("network with name kamal already exists")],
      [
        /^docker inspect kamal-proxy --format/,
        () => ok(JSON.stringify({ image: this.proxyImage, ...this.proxyContainer })),
      ],
      [/^docker container start kamal-proxy/, () => ok()],
      [
        /releases\.new$|releases\.new && mv/,
        (match) => (this.releases.push(/'(\{.*\})'/.exec(match.input)?.[1] ?? ""), ok()),
      ],
      [/cat \S*\/releases 2/, () => ok(this.releases.join("\n"))],
      [/^\/usr\/bin\/env mkdir -p \S+ && if test -f (\S+\.env); then \{ ln /, ([, path = ""]) => this.#keep(path)],
      [/^\/usr\/bin\/env (?:mkdir|find|cp|chmod|chown)\b/, () => ok()],
      [/^upload (\S+)/, ([, path = ""], input) => (this.files.set(path, input ?? ""), ok())],
      [/^if test -s (\S+\.env)\.previous; then mv /, ([, path = ""]) => this.#putBack(path)],
      [
        /^\/usr\/bin\/env rm -f (\S+\.previous(?: \S+\.previous)*)$/,
        ([, paths = ""]) => (paths.split(" ").forEach((path) => this.files.delete(path)), ok()),
      ],
      [/^true$/, () => ok()],
      [/^forward \d+ /, () => ok()],
      [/label=role=(\S+) .*'\{\{\.ID\}\} /, ([, role = ""]) => ok(this.#listed(role))],
      [/kamal-proxy deploy --help/, () => ok(this.twoPhase ? "  --prepare  only get ready\n" : "  --target\n")],
      [/kamal-proxy list$/, () => ok([...this.live].map(([service, id]) => `${service} ${id}:80`).join("\n"))],
      [
        /kamal-proxy deploy (\S+) .*--target="(\w+):\d+"(.*)$/,
        ([, service = "", target = "", flags = ""]) => this.#deploy(service, target, flags.includes("--prepare ")),
      ],
      [/kamal-proxy commit (\S+) --id (\S+)/, ([, , id = ""]) => this.#commit(id)],
      [/kamal-proxy abort (\S+)(?: --id (\S+))?/, ([, service = "", id]) => this.#abort(service, id)],
      [/kamal-proxy revert (\S+) --id (\S+)/, ([, , id = ""]) => this.#revert(id)],
      [/kamal-proxy remove (\S+)/, ([, service = ""]) => (this.live.delete(service), ok())],
      [
        /^docker container ls --all --filter 'name=\^(.*)\$' --quiet$/,
        ([, name = ""]) => ok(this.#find(name.replaceAll("\\", ""))?.id.slice(0, 12) ?? ""),
      ],
      [
        /label=role=(\S+) .*while read line; do echo \$\{line#(\S+)\}; done$/s,
        ([, role = "", prefix = ""]) => ok(this.#current(role)?.slice(prefix.length) ?? ""),
      ],
      [/^docker rename (\S+) (\S+)$/, ([, from = "", to = ""]) => this.#rename(from, to)],
      [/docker run --detach .*--name (\S+) /, ([, name = ""]) => this.#run(name)],
      [
        /^docker inspect --type container .*Running.* (\S+)$/,
        ([, name = ""]) => {
          const found = this.#find(name);
          return found === undefined ? fails("No such container") : ok(found.running ? found.id.slice(0, 12) : "");
        },
      ],
      [/^docker inspect --type container .* (\S+)$/, ([, name = ""]) => this.#inspect(name)],
      [/^docker stop (?:-t \d+ )?(\S+)$/, ([, name = ""]) => this.#stop(name)],
      [/^docker container rm --force (\S+)$/, ([, name = ""]) => this.#remove(name)],
      [/^docker logs /, () => ok("booting\nlistening on 3000\n")],
      [/^docker image ls --quiet \S+:(\S+)$/, ([, version = ""]) => ok(this.images.has(version) ? "sha" : "")],
      [/^docker tag \S+:(\S+) /, ([, version]) => ((this.latest = version), ok())],
      [/^docker image (?:prune|ls)/, () => ok()],
      [
        /^for id in (.*); do docker rm/,
        ([, ids = ""]) => {
          for (const id of ids.split(" ")) this.#remove(id);
          return ok();
        },
      ],
    ];
  }

  #keep(path: string): Answer {
    this.files.set(`${path}.previous`, this.files.get(path) ?? "");
    return {};
  }

  #putBack(path: string): Answer {
    const kept = this.files.get(`${path}.previous`);
    if (kept === undefined) return {};
    this.files.delete(`${path}.previous`);
    if (kept === "") this.files.delete(path);
    else this.files.set(path, kept);
    return {};
  }

  #pull(version: string): Answer {
    if (!this.pullable) return { exitCode: 1, stderr: "manifest unknown" };
    this.images.add(version);
    return {};
  }

  #takeLock(token: string | undefined): Answer {
    if (this.lock !== undefined || this.foreignLock !== undefined) return { exitCode: 75 };
    this.lock = token;
    return {};
  }

  #releaseLock(token: string | undefined): Answer {
    if (this.lock !== token) return { exitCode: this.lock === undefined ? 0 : 76 };
    this.lock = undefined;
    return {};
  }

  #roleContainers(role: string): SimulatedContainer[] {
    return this.containers.filter(({ name }) => name.startsWith(`app-${role}-`));
  }

  #listed(role: string): string {
    return this.#roleContainers(role)
      .map(({ id, name, running }) => `${id.slice(0, 12)} ${running ? "running" : "exited"} ${name}`)
      .join("\n");
  }

  #current(role: string): string | undefined {
    const running = this.#roleContainers(role).filter((container) => container.running);
    const tagged = running.find(({ name }) => name.replace(/_replaced_.*$/, "") === `app-${role}-${this.latest}`);
    return (tagged ?? running[0])?.name;
  }

  #rename(from: string, to: string): Answer {
    const found = this.#find(from);
    if (found === undefined) return { exitCode: 1, stderr: "No such container" };
    if (this.#find(to) !== undefined) return { exitCode: 1, stderr: "name in use" };
    found.name = to;
    return {};
  }

  #run(name: string): Answer {
    if (this.#find(name) !== undefined)
      return { exitCode: 125, stderr: "Conflict. The container name is already in use" };
    const container = this.started(name);
    this.#endEarly(container);
    return { stdout: `${container.id}\n` };
  }

  /** Its own container, and those that gave way to it. */
  #ofAccessory(name: string): SimulatedContainer[] {
    return this.containers.filter((one) => one.name === name || one.name.startsWith(`${name}_replaced_`));
  }

  #start(name: string): Answer {
    const found = this.#find(name);
    if (found === undefined) return { exitCode: 1, stderr: "No such container" };
    found.running = true;
    this.#endEarly(found);
    return {};
  }

  #endEarly(container: SimulatedContainer): void {
    const { exits } = this.behaviour(container.name);
    if (exits === undefined) return;
    container.running = false;
    container.exitCode = exits.code;
    container.restarts = exits.restarts;
    container.outOfMemory = exits.outOfMemory === true;
  }

  #inspect(name: string): Answer {
    if (name === "kamal-proxy" && this.proxyRuns)
      return { stdout: JSON.stringify({ name: "/kamal-proxy", image: "", restarts: 0, state: { Status: "running" } }) };
    const found = this.#find(name);
    if (found === undefined) return { exitCode: 1, stderr: "No such container" };
    if (this.behaviour(found.name).crashLoops === true) found.restarts += 1;
    const state = {
      Status: found.running ? "running" : found.restarts > 0 ? "restarting" : "exited",
      ExitCode: found.exitCode,
      OOMKilled: found.outOfMemory,
      StartedAt: `${found.startedAt} ${found.restarts}`,
      Error: "",
    };
    return { stdout: JSON.stringify({ name: `/${found.name}`, image: "app", restarts: found.restarts, state }) };
  }

  #deploy(service: string, target: string, prepareOnly: boolean): Answer {
    const found = this.#find(target);
    if (found === undefined || !found.running || this.behaviour(found.name).unhealthy === true) {
      return { exitCode: 1, stderr: "Error: target failed to become healthy: connection refused" };
    }
    if (!prepareOnly) {
      this.live.set(service, target);
      return {};
    }
    const id = `p${this.#ids++}`;
    this.prepared.set(id, { service, target });
    return { stdout: `healthy\nPrepared ${id}\n` };
  }

  #commit(id: string): Answer {
    const found = this.prepared.get(id);
    if (found === undefined) return { exitCode: 1, stderr: "Error: nothing is prepared under this id" };
    this.prepared.delete(id);
    this.committed.set(id, { service: found.service, before: this.live.get(found.service) });
    this.live.set(found.service, found.target);
    return {};
  }

  #abort(service: string, id: string | undefined): Answer {
    const ids = [...this.prepared].filter(([one, entry]) =>
      id === undefined ? entry.service === service : one === id,
    );
    for (const [one] of ids) this.prepared.delete(one);
    return ids.length > 0 ? {} : { exitCode: 1, stderr: "Error: nothing is prepared" };
  }

  #revert(id: string): Answer {
    const found = this.committed.get(id);
    if (found === undefined) return { exitCode: 1, stderr: "Error: nothing was committed under this id" };
    this.committed.delete(id);
    if (found.before === undefined) this.live.delete(found.service);
    else this.live.set(found.service, found.before);
    return {};
  }

  #stop(name: string): Answer {
    const found = this.#find(name);
    if (found === undefined) return { exitCode: 1, stderr: "No such container" };
    found.running = false;
    return {};
  }

  #remove(name: string): Answer {
    const found = this.#find(name);
    if (found === undefined) return { exitCode: 1, stderr: "No such container" };
    this.containers.splice(this.containers.indexOf(found), 1);
    return {};
  }
}
