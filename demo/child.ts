/** Starts one program of the demo in its own process group, reads what it prints, and ends it by its pid. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

const stopGraceMs = 4_000;
const keptLines = 20;
const living = new Set<Child>();

process.on("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

export class Child {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #lastLines: string[] = [];
  #exit: string | undefined;

  /** Its own group, so that Ctrl-C reaches the demo alone, which then ends its children in the right order. */
  constructor(args: string[], environment: NodeJS.ProcessEnv, onLine: (line: string) => void = () => {}) {
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: environment,
      detached: true,
    });
    if (child.pid === undefined) throw new Error(`cannot start ${args.join(" ")}`);
    this.pid = child.pid;
    this.#process = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#keep(line);
      onLine(line);
    });
    createInterface({ input: child.stderr }).on("line", (line) => this.#keep(line));
    this.#exited = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        this.#exit = signal ?? `exit code ${code}`;
        living.delete(this);
        resolve();
      });
    });
    living.add(this);
  }

  /** "exit code 0" or a signal's name; undefined while it runs. */
  get exit(): string | undefined {
    return this.#exit;
  }

  /** The end of what it printed, to explain a failure. */
  get lastWords(): string {
    return this.#lastLines.join("\n");
  }

  kill(signal: NodeJS.Signals): void {
    if (this.#exit === undefined) this.#process.kill(signal);
  }

  async exited(): Promise<void> {
    await this.#exited;
  }

  async stop(): Promise<void> {
    const force = setTimeout(() => this.kill("SIGKILL"), stopGraceMs);
    this.kill("SIGTERM");
    await this.#exited;
    clearTimeout(force);
  }

  #keep(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > keptLines) this.#lastLines.shift();
  }
}

/** Ends everything that still runs, newest first: the apps before the proxy would look like a crash to it. */
export async function stopAllChildren(): Promise<void> {
  for (const child of [...living].toReversed()) await child.stop();
}
