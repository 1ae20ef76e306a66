/** Runs lines in a real shell where `docker` is a program that records its arguments and variables. A line in, what docker was given out. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Secret } from "../../../cli/secret/secret.ts";

/** POSIX shells of this machine that servers have as well. */
export const SHELLS: readonly (readonly string[])[] = [
  ["dash"],
  ["bash", "--posix"],
  ["bash"],
  ["busybox", "sh"],
].filter(([name = ""]) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0);

export class StubDocker {
  /** The home in which lines run. */
  readonly home = mkdtempSync(join(tmpdir(), "kdeploy-stub-"));

  constructor() {
    const bin = join(this.home, "docker");
    writeFileSync(
      bin,
      `#!/bin/sh\nprintf '%s\\0' "$@" >"${this.home}/argv"\ncat /proc/self/environ >"${this.home}/environ"\n`,
    );
    chmodSync(bin, 0o755);
  }

  /** @throws when the line fails */
  run(line: string, { shell = ["sh"], input }: { shell?: readonly string[]; input?: string | Secret } = {}): string {
    const [file = "sh", ...args] = shell;
    rmSync(join(this.home, "argv"), { force: true });
    return execFileSync(file, [...args, "-c", line], {
      cwd: this.home,
      env: { PATH: `${this.home}${delimiter}${process.env["PATH"] ?? ""}`, HOME: this.home, LIVE: "of the server" },
      input: input instanceof Secret ? input.reveal() : (input ?? ""),
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
      stdio: ["pipe", "pipe", "pipe"],
    });
  }

  /** The arguments of the last run. */
  argumentsOf(line: string, options: { shell?: readonly string[]; input?: string | Secret } = {}): string[] {
    this.run(line, options);
    return readFileSync(join(this.home, "argv"), "utf8").split("\0").slice(0, -1);
  }

  /** The variables of the last run. */
  environment(): Map<string, string> {
    const entries = readFileSync(join(this.home, "environ"), "utf8").split("\0").slice(0, -1);
    return new Map(entries.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]));
  }

  write(path: string, content: string): void {
    writeFileSync(join(this.home, path), content, { mode: 0o600 });
  }

  [Symbol.dispose](): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
