/** Real programs as children of a test: started with the project's own Node, ended by their process id. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const root = join(import.meta.dirname, "../..");

export type Child = {
  readonly process: ChildProcessWithoutNullStreams;
  /** The first line of stdout for which `wanted` is true. Rejects when the program ends before. */
  line(wanted: (line: string) => boolean): Promise<string>;
  /** Everything printed so far, both streams. */
  readonly output: string[];
  /** Sends `signal` and waits for the end; resolves with the exit code, or null after a signal. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
};

/**
 * Starts `file` (below the project's root) with `args`.
 * @param within program and arguments that become this one in the same process, such as `ip netns exec <name>`
 */
export function startChild(
  file: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  within: readonly string[] = [],
): Child {
  const [program = process.execPath, ...rest] = [...within, process.execPath, join(root, file), ...args];
  const child = spawn(program, rest, { env: { ...process.env, ...environment } });
  const output: string[] = [];
  const waiting = new Set<(line: string) => void>();
  const exited = once(child, "close") as Promise<[number | null]>;
  createInterface({ input: child.stdout }).on("line", (line) => {
    output.push(line);
    for (const look of waiting) look(line);
  });
  createInterface({ input: child.stderr }).on("line", (line) => output.push(line));
  return {
    process: child,
    output,
    line: (wanted) => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const look = (line: string): void => {
        if (!wanted(line)) return;
        waiting.delete(look);
        resolve(line);
      };
      waiting.add(look);
      output.forEach(look);
      exited.then(() => reject(new Error(`${file} ended: ${output.slice(-5).join("\n")}`)), reject);
      return promise;
    },
    end: async (signal = "SIGTERM") => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return (await exited)[0];
    },
  };
}
