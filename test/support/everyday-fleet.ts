/** The whole program against simulated servers: words of a command line in, what it ran and printed out. Only SSH is replaced. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { runProgram } from "../../cli/command/program.ts";
import { memoryTerminal } from "../cli/command/memory-terminal.ts";
import { completed } from "../cli/config/written-config.ts";
import type { Answer } from "./recording-host.ts";
import { type FleetOptions, SimulatedFleet, THREE_HOSTS } from "./simulated-fleet.ts";
import type { SimulatedServer } from "./simulated-server.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export type Ran = { readonly exitCode: number; readonly out: string; readonly err: string };

type RunOptions = {
  readonly input?: string;
  /** Standard input is a terminal. */
  readonly tty?: boolean;
  readonly env?: Record<string, string>;
};

type Scripted = { readonly pattern: RegExp; readonly answer: Answer; readonly host: string | undefined };

export class EverydayFleet extends SimulatedFleet {
  readonly #configText: string;
  #directory: string | undefined;
  readonly #scripted: Scripted[] = [];
  readonly #interactive: string[] = [];

  constructor(options: FleetOptions = {}) {
    super(options);
    this.#configText = completed(options.config ?? THREE_HOSTS);
    for (const [name, server] of this.servers) {
      const known = server.answer.bind(server);
      server.answer = (command, input) => this.#answer(name, server, command) ?? orNothing(() => known(command, input));
    }
  }

  /** What a host says to matching commands, instead of what it would; of every host unless one is named. */
  script(pattern: RegExp, answer: Answer, host?: string): void {
    this.#scripted.unshift({ pattern, answer, host });
  }

  /** `host: line` of what was given the terminal. */
  get interactive(): readonly string[] {
    return this.#interactive;
  }

  /** Version v2 is the one of the sources. */
  async run(
    words: string | readonly string[],
    { input = "", tty = false, env = { VERSION: "v2" } }: RunOptions = {},
  ): Promise<Ran> {
    const pool = {
      host: (name: string) => {
        const host = this.host(name);
        host.interactive = async (line) => {
          this.#interactive.push(`${name}: ${line}`);
          return (await host.run(line)).exitCode ?? 1;
        };
        return host;
      },
      close: () => Promise.resolve(),
    };
    vi.doMock("../../cli/ssh/connection-pool.ts", () => ({
      ConnectionPool: function () {
        return pool;
      },
    }));
    onTestFinished(() => {
      vi.doUnmock("../../cli/ssh/connection-pool.ts");
    });
    const terminal = memoryTerminal({ cwd: await this.directory(), input, env });
    Object.assign(terminal.stdin, { isTTY: tty });
    const exitCode = await runProgram(typeof words === "string" ? words.split(" ") : words, terminal);
    const out = terminal.out().replace(/^ {2}INFO .*\n/gm, "");
    return { exitCode, out, err: terminal.err() };
  }

  /** Of the project. */
  async directory(): Promise<string> {
    if (this.#directory !== undefined) return this.#directory;
    this.#directory = await temporaryDirectory();
    mkdirSync(join(this.#directory, "config"));
    writeFileSync(join(this.#directory, "config/deploy.yml"), this.#configText);
    writeFileSync(join(this.#directory, "Dockerfile"), "FROM scratch\n");
    return this.#directory;
  }

  /** Hooks that note their name, hosts and command: for `hookLog`. */
  async recordHooks(names: readonly string[]): Promise<void> {
    const folder = join(await this.directory(), ".kamal/hooks");
    mkdirSync(folder, { recursive: true });
    for (const name of names) {
      const script = `#!/bin/sh\necho "${name} $KAMAL_HOSTS $KAMAL_COMMAND $KAMAL_SUBCOMMAND" >> hooks.log\n`;
      writeFileSync(join(folder, name), script, { mode: 0o755 });
    }
  }

  async hookLog(): Promise<string[]> {
    return readFileSync(join(await this.directory(), "hooks.log"), "utf8")
      .trim()
      .split("\n");
  }

  /** Command lines in order; audit entries as `audit: what`, without the lock and questions about the run itself. */
  lines(host: string): string[] {
    return this.recording
      .on(host)
      .map((line) =>
        line.replace(
          /^.* && (?:echo|printf '%s\\n') ["']\[[^\]]*\] \[[^\]]*\] (.*)["'] >> \S+audit\.log$/s,
          "audit: $1",
        ),
      )
      .filter((line) => !/^mkdir -p \.kamal && \{ mkdir|beat-\w+/.test(line));
  }

  /** Of the host that holds the lock: whether it was taken, and given back. */
  lockSteps(host: string): string[] {
    return this.recording.on(host).flatMap((line) => {
      if (line.startsWith("mkdir -p .kamal && { mkdir")) return ["taken"];
      return /released-/.test(line) ? ["released"] : [];
    });
  }

  #answer(host: string, server: SimulatedServer, command: string): Answer | undefined {
    const scripted = this.#scripted.find((one) => (one.host ?? host) === host && one.pattern.test(command));
    if (scripted !== undefined) return scripted.answer;
    const started = /^docker start (\S+)$/.exec(command)?.[1];
    if (started !== undefined) {
      const found = server.containers.find(({ name }) => name === started);
      if (found === undefined) return { exitCode: 1, stderr: "No such container" };
      found.running = true;
      return {};
    }
    const pruned = /^docker container prune --force .*label=role=(\S+)/.exec(command)?.[1];
    if (pruned !== undefined) {
      const going = server.containers.filter(({ name, running }) => !running && name.startsWith(`app-${pruned}-`));
      for (const one of going) server.containers.splice(server.containers.indexOf(one), 1);
      return {};
    }
    return undefined;
  }
}

/** Lines that change nothing of what the simulated server knows go well, and print nothing. */
function orNothing(answer: () => Answer): Answer {
  try {
    return answer();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("the simulated server does not know")) return {};
    throw error;
  }
}
