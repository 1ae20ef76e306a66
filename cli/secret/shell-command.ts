/** A line for this machine's shell → what it printed, or why it failed. Terminal prompts work: stdin stays the terminal's. */
import { spawn } from "node:child_process";
import { KdeployError } from "../errors.ts";
import { SECRET_LIMITS } from "./limits.ts";

export interface CommandOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the command says on stderr while it runs: its prompts are there. */
  readonly onStderr?: ((text: string) => void) | undefined;
  readonly timeoutMs?: number;
}

export type RunCommand = (script: string, options: CommandOptions) => Promise<string>;

/** Standard output, byte for byte as UTF-8. Throws KdeployError `command-failed` with the last lines of stderr. */
export const runInShell: RunCommand = (script, options) =>
  new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", script], {
      cwd: options.cwd,
      env: options.env,
      stdio: ["inherit", "pipe", "pipe"],
    });
    const output: Buffer[] = [];
    let outputBytes = 0;
    let errorTail = "";
    let stopped: string | undefined;
    const stop = (why: string): void => {
      stopped ??= why;
      child.kill("SIGKILL");
      // A grandchild may hold the pipes open for as long as it likes.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timeoutMs = options.timeoutMs ?? SECRET_LIMITS.commandTimeoutMs;
    const timer = setTimeout(() => stop(`took longer than ${timeoutMs / 1000} s`), timeoutMs);
    child.stdout.on("data", (chunk: Buffer) => {
      outputBytes += chunk.length;
      if (outputBytes > SECRET_LIMITS.maxOutputBytes) stop(`printed more than ${SECRET_LIMITS.maxOutputBytes} bytes`);
      else output.push(chunk);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errorTail = (errorTail + text).slice(-4096);
      options.onStderr?.(text);
    });
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(failed(`cannot be run: ${error.message}`, ""));
    });
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      const how = stopped ?? (signal === null ? `ended with status ${status}` : `was ended by ${signal}`);
      if (stopped !== undefined || status !== 0) {
        reject(failed(how, errorTail));
        return;
      }
      try {
        resolve(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(output)));
      } catch {
        reject(failed("printed something that is not UTF-8 text", ""));
      }
    });
  });

function failed(how: string, stderr: string): KdeployError {
  const lines = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const said = lines.slice(-SECRET_LIMITS.maxErrorLines).join("\n  ");
  return new KdeployError("command-failed", said === "" ? how : `${how}:\n  ${said}`);
}
