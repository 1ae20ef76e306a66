/** The Docker engine of this machine: whether it answers, and its commands. */
import { execFile, spawnSync } from "node:child_process";

export type Finished = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Why tests with containers cannot run here, or `undefined`. Under CI nothing is skipped: there they fail instead. */
export function reasonToSkip(): string | undefined {
  if (process.env["CI"] || spawnSync("docker", ["info"], { stdio: "ignore", timeout: 20_000 }).status === 0) {
    return undefined;
  }
  return "no Docker engine answers, and .ci/start-docker starts one";
}

/** @returns what the command printed, without the last line's end @throws with everything it said when it fails */
export async function docker(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run("docker", args);
  if (code !== 0) throw new Error(`docker ${args.join(" ")} exited with ${code}\n${stdout}${stderr}`);
  return stdout.trimEnd();
}

/** Never throws for an exit code; with `code` -1 the program could not be started. */
export function run(program: string, args: readonly string[], place: { cwd?: string } = {}): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(program, args, { ...place, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr: code === -1 ? `${stderr}${error?.message ?? ""}` : stderr });
    });
  });
}
