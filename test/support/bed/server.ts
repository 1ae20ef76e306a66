/** One server of the bed, from the outside: its commands, and everything that can happen to a server. */
import { setTimeout as sleep } from "node:timers/promises";
import { BED, FILES, HUB_IMAGES, type ServerPlace } from "../../bed/layout.ts";
import { serverIsReady } from "../../bed/lifecycle.ts";
import { docker, type Finished, run } from "../docker/engine.ts";
import { forgetCommands, type RecordedCommand, recordedCommands } from "./records.ts";

/** Kept by `reset`, so that the next pull is quick. */
const KEPT_IMAGES = new RegExp(`^(${Object.values(HUB_IMAGES).join("|").replaceAll(".", "\\.")})$`);

/** Undoes whatever the methods below may have done, and empties the server. */
const EMPTY = `
  { docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes
    docker network prune --force
    docker volume ls --quiet | xargs --no-run-if-empty docker volume rm; } >/dev/null
  rm -rf /root/* /root/.kamal /root/.docker /home/*/* /home/*/.kamal /home/*/.docker
  docker image ls --format '{{.Repository}}:{{.Tag}}'`;

export class Server {
  readonly name: string;
  readonly address: string;
  readonly url: string;
  readonly #place: ServerPlace;

  constructor(place: ServerPlace) {
    this.#place = place;
    this.name = place.name;
    this.address = place.address;
    this.url = `http://${place.address}`;
  }

  /** Over SSH, as kdeploy would: the recorder sees it. */
  ssh(command: string, user = "root"): Promise<Finished> {
    return run("ssh", ["-n", "-F", FILES.sshConfig, "-l", user, this.address, command]);
  }

  /** Behind SSH's back: the recorder does not see it. @throws when it fails */
  inside(script: string): Promise<string> {
    return docker("exec", this.#place.container, "bash", "-c", script);
  }

  /** A command of the server's own engine, behind SSH's back. @throws when it fails */
  engine(...args: readonly string[]): Promise<string> {
    return docker("exec", this.#place.container, "docker", ...args);
  }

  commands(): RecordedCommand[] {
    return recordedCommands(this.name);
  }

  forgetCommands(): void {
    forgetCommands(this.name);
  }

  /** As new, but for the images that come from Docker Hub. */
  async reset(): Promise<void> {
    await this.reconnect();
    await this.plugIn();
    await this.resumeEngine();
    await this.freeDisk();
    const names = await this.inside(EMPTY);
    const removable = names.split("\n").filter((name) => !KEPT_IMAGES.test(name) && !/^$|<none>/.test(name));
    if (removable.length > 0) await this.engine("image", "rm", "--force", ...removable);
    await this.engine("image", "prune", "--force");
    this.forgetCommands();
  }

  /** Silence: packets are dropped in both directions, and connections stay open on both sides. */
  async cutOff(): Promise<void> {
    await this.inside(rules("-I"));
  }

  async reconnect(): Promise<void> {
    await this.inside(`${rules("-D")} 2>/dev/null || true`);
  }

  /** No network at all: whoever connects is told that there is no route. */
  async unplug(): Promise<void> {
    await docker("network", "disconnect", BED, this.#place.container);
  }

  async plugIn(): Promise<void> {
    const { container, address, name } = this.#place;
    const ways = await docker("inspect", "--format", "{{len .NetworkSettings.Networks}}", container);
    if (ways === "0") await docker("network", "connect", "--ip", address, "--alias", name, BED, container);
  }

  /** No new connections; those that are there live on. */
  async stopSshd(): Promise<void> {
    await this.inside("kill $(cat /run/sshd.pid); while [ -e /run/sshd.pid ]; do sleep 0.02; done");
  }

  async startSshd(): Promise<void> {
    await docker("exec", "--detach", this.#place.container, "start-sshd");
    await serverIsReady(this.#place);
  }

  /** Resets every connection that is there; the listener stays. */
  async dropConnections(): Promise<void> {
    await this.inside('pgrep -x sshd | grep -vx "$(cat /run/sshd.pid)" | xargs --no-run-if-empty kill -KILL');
  }

  /** Its containers go down with it; those with a restart policy come back at `startEngine`. */
  async stopEngine(): Promise<void> {
    await this.inside(
      "kill $(cat /var/run/docker.pid); for i in $(seq 300); do [ -e /var/run/docker.pid ] || exit 0; sleep 0.1; done; exit 1",
    );
  }

  async startEngine(): Promise<void> {
    await docker("exec", "--detach", this.#place.container, "start-dockerd");
    await serverIsReady(this.#place);
  }

  /** It takes connections and does not answer. */
  async pauseEngine(): Promise<void> {
    await this.inside("kill -STOP $(cat /var/run/docker.pid)");
  }

  /** Starts it when it is stopped. */
  async resumeEngine(): Promise<void> {
    const found = await this.inside(
      "kill -CONT $(cat /var/run/docker.pid 2>/dev/null) 2>/dev/null && echo yes || echo no",
    );
    if (found === "no") await this.startEngine();
  }

  /** The engine starts over with this much room, in memory, and without what it had. */
  async limitDisk(megabytes: number): Promise<void> {
    await this.stopEngine();
    await this.inside(`mount -t tmpfs -o size=${megabytes}m tmpfs /var/lib/docker`);
    await this.startEngine();
  }

  /** Uses up what `limitDisk` left. */
  async fillDisk(leaveMegabytes = 0): Promise<void> {
    await this.inside(
      `findmnt -n -t tmpfs /var/lib/docker >/dev/null || exit 1
       free=$(df --output=avail -m /var/lib/docker | tail -n 1)
       fallocate -l $((free - ${leaveMegabytes}))M /var/lib/docker/filler`,
    );
  }

  async freeDisk(): Promise<void> {
    if ((await this.inside("findmnt -n -t tmpfs /var/lib/docker || true")) === "") return;
    await this.stopEngine();
    await this.inside("umount /var/lib/docker");
    await this.startEngine();
  }

  /** As near to a reboot as a container comes. */
  async restart(): Promise<void> {
    await docker("restart", "--time", "5", this.#place.container);
    await sleep(200);
    await serverIsReady(this.#place);
  }
}

/** For what comes from outside or goes there; loopback and the containers among themselves go on. */
function rules(change: "-I" | "-D"): string {
  const all = ["INPUT -i eth0", "OUTPUT -o eth0", "FORWARD -i eth0", "FORWARD -o eth0"];
  return all.map((rule) => `iptables ${change} ${rule} -j DROP`).join(" && ");
}
