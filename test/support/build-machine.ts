/** The machine that deploys, as a build finds it: what git, Docker and buildx would say there, and what they were asked to do. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Work } from "../../cli/execute/work.ts";
import { type Answer, RecordingHost } from "./recording-host.ts";
import { SimulatedFleet } from "./simulated-fleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export const COMMIT = "0123456789012345678901234567890123456789";

const REGISTRY = "registry: { server: ghcr.io, username: deployer, password: hunter22 }\n";

export class BuildMachine {
  docker = true;
  buildx = true;
  architecture = "x86_64";
  /** Undefined outside of a git repository. */
  git: { head: string | undefined; changed: string; cloned: string } | undefined = {
    head: COMMIT,
    changed: "",
    cloned: COMMIT,
  };
  /** A clone of an earlier build. */
  clone = false;
  /** Says no to what is asked of a builder; undefined when there is one that fits. */
  noBuilder: string | undefined;
  /** What the registry says of an image; undefined when it has none. */
  pushed: string | undefined;
  /** Answers of one's own, before all others. */
  readonly scripted: (readonly [RegExp, Answer])[] = [];
  readonly fleet: SimulatedFleet;
  readonly cwd: string;
  readonly local: RecordingHost;

  static async create(config = "builder: { arch: amd64 }\n", files: Readonly<Record<string, string>> = {}) {
    const cwd = await temporaryDirectory();
    for (const [path, text] of Object.entries({ Dockerfile: "FROM scratch\n", ...files })) {
      await writeFile(join(cwd, path), text);
    }
    const registry = /^registry:/m.test(config) ? "" : REGISTRY;
    return new BuildMachine(
      cwd,
      new SimulatedFleet({ cwd, version: COMMIT, config: `servers: [one, two]\n${registry}${config}` }),
    );
  }

  private constructor(cwd: string, fleet: SimulatedFleet) {
    this.cwd = cwd;
    this.fleet = fleet;
    this.local = new RecordingHost("localhost", fleet.recording, (command) => this.#answer(command));
  }

  work(more: Partial<Work> = {}): Work {
    return this.fleet.work({ local: this.local, env: { TMPDIR: "/tmp" }, ...more });
  }

  /** What was run on this machine. */
  get lines(): string[] {
    return this.fleet.recording.on("localhost");
  }

  /** Without questions, and without what the lines are about. */
  get gist(): string[] {
    const known: readonly (readonly [RegExp, string])[] = [
      [/^docker --version/, "check"],
      [/^docker info/, "architecture"],
      [/^docker login/, "login"],
      [/kamal-docker-registry/, "local registry"],
      [/imagetools|manifest inspect/, "ask registry"],
      [/ clone /, "clone"],
      [/^\/usr\/bin\/env mkdir.*kamal-clones/, "make directory"],
      [/ (set-url|fetch|reset|clean|submodule|gc) /, "$1"],
      [/^\/usr\/bin\/env rm -rf/, "remove clone"],
      [/buildx inspect/, "inspect builder"],
      [/context create/, "create context and builder"],
      [/buildx create/, "create builder"],
      [/buildx rm/, "remove builder"],
      [/buildx build/, "build"],
      [/pack build/, "pack"],
      [/^(?:cd \S+ && )?docker build/, "plain build"],
      [/^docker push/, "push"],
    ];
    return this.lines.flatMap((line) => {
      const found = known.find(([pattern]) => pattern.test(line));
      return found === undefined ? [] : [found[1].replace("$1", found[0].exec(line)?.[1] ?? "")];
    });
  }

  #answer(command: string): Answer {
    const own = this.scripted.find(([pattern]) => pattern.test(command));
    if (own !== undefined) return own[1];
    const git = (stdout: string | undefined): Answer => (stdout === undefined ? { exitCode: 128 } : { stdout });
    const rules: readonly (readonly [RegExp, () => Answer])[] = [
      [/^docker --version/, () => this.#check()],
      [/^docker info/, () => ({ stdout: `${this.architecture}\n` })],
      [/imagetools|manifest inspect/, () => git(this.pushed)],
      [/buildx inspect/, () => (this.noBuilder === undefined ? {} : { exitCode: 1, stderr: this.noBuilder })],
      [/^git rev-parse --show-toplevel/, () => git(this.git && `${this.cwd}\n`)],
      [/^git rev-parse HEAD/, () => git(this.git?.head)],
      [/^git status/, () => git(this.git?.changed)],
      [/^test -e \S+Dockerfile/, () => ({})],
      [/^test -e /, () => ({ exitCode: this.clone ? 0 : 1 })],
      [/ -C \S+ status/, () => ({})],
      [/ -C \S+ rev-parse HEAD/, () => git(this.git?.cloned)],
    ];
    return rules.find(([pattern]) => pattern.test(command))?.[1]() ?? {};
  }

  #check(): Answer {
    if (!this.docker) return { exitCode: 127, stderr: "sh: docker: not found" };
    const version = "Docker version 28.2.2\n";
    return this.buildx
      ? { stdout: version }
      : { exitCode: 1, stdout: version, stderr: "unknown command: docker buildx" };
  }
}
