/** Starts one program pinned to a core and ends exactly that program again, also when the benchmark is interrupted. */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { processTree } from "./process-figures.ts";

export interface ProgramOptions {
  /** The one core it may run on; undefined on a machine with a single core. */
  core: number | undefined;
  environment?: NodeJS.ProcessEnv;
  /** File descriptor that takes standard output; without it, the lines can be read with `nextLine`. */
  outputTo?: number;
  directory?: string;
}

const stopGraceMs = 3_000;
const keptErrorCharacters = 4_000;
const living = new Set<Program>();

process.on("exit", () => {
  for (const program of living) program.signal("SIGTERM");
});

export class Program {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #lines: AsyncIterator<string> | undefined;
  #errorText = "";
  #exit: string | undefined;

  constructor(command: string, args: string[], options: ProgramOptions) {
    const stdio: StdioOptions = ["pipe", options.outputTo ?? "pipe", "pipe"];
    const child = spawn("sh", shellArguments(command, args, options.core), {
      stdio,
      env: options.environment ?? process.env,
      ...(options.directory === undefined ? {} : { cwd: options.directory }),
    });
    if (child.pid === undefined) throw new Error(`cannot start ${command}`);
    this.pid = child.pid;
    this.#child = child;
    this.#lines = child.stdout ? linesOf(child.stdout) : undefined;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errorText = (this.#errorText + text).slice(-keptErrorCharacters);
    });
    child.stdin?.on("error", () => {});
    this.#exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#exit = signal ?? `exit code ${code}`;
        living.delete(this);
        resolve();
      });
    });
    living.add(this);
  }

  /** How it ended, or undefined while it runs. */
  get exit(): string | undefined {
    return this.#exit;
  }

  get errorText(): string {
    return this.#errorText.trim();
  }

  send(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** The next line of standard output; throws when the program ends first or says nothing in time. */
  async nextLine(timeoutMs: number): Promise<string> {
    if (!this.#lines) throw new Error("the output of this program goes to a file");
    const timer = Promise.withResolvers<never>();
    const handle = setTimeout(() => timer.reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    try {
      const line = await Promise.race([this.#lines.next(), timer.promise]);
      if (line.done) {
        await this.#exited;
        throw new Error(`ended early (${this.#exit}): ${this.errorText}`);
      }
      return line.value;
    } finally {
      clearTimeout(handle);
    }
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#exit === undefined) this.#child.kill(signal);
  }

  /** Ends it politely, then by force, with everything it started. */
  async stop(): Promise<void> {
    if (this.#exit !== undefined) return;
    const family = processTree(this.pid);
    this.signal("SIGTERM");
    const force = setTimeout(() => {
      for (const pid of family) killQuietly(pid);
    }, stopGraceMs);
    await this.#exited;
    clearTimeout(force);
  }

  async exited(): Promise<void> {
    await this.#exited;
  }
}

/** Runs a program to its end and returns what it printed; throws when it fails or takes longer than `timeoutMs`. */
export async function runToEnd(
  command: string,
  args: string[],
  options: ProgramOptions & { timeoutMs: number },
): Promise<string[]> {
  const program = new Program(command, args, options);
  const deadline = setTimeout(() => program.signal("SIGKILL"), options.timeoutMs);
  const lines: string[] = [];
  try {
    for (;;) lines.push(await program.nextLine(options.timeoutMs + stopGraceMs));
  } catch {
    await program.stop();
  } finally {
    clearTimeout(deadline);
  }
  if (program.exit !== "exit code 0") {
    throw new Error(`${command} ${args.join(" ")}: ${program.exit}: ${program.errorText} ${lines.join("\n")}`.trim());
  }
  return lines;
}

/** The shell raises the file limit as far as the machine allows and then becomes the program, so the pid stays. */
function shellArguments(command: string, args: string[], core: number | undefined): string[] {
  const pinned = core === undefined ? [command, ...args] : ["taskset", "-c", String(core), command, ...args];
  return ["-c", 'ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"; exec "$@"', "sh", ...pinned];
}

function linesOf(output: Readable): AsyncIterator<string> {
  return createInterface({ input: output, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Already gone, which is what was wanted.
  }
}
