/** One command of a kdeploy, run against the bed: its arguments in, how long it and each of its steps took out, from its events. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { BED_FOLDER, FILES, REGISTRY } from "../../test/bed/layout.ts";

export type MeasuredRun = {
  readonly totalMs: number;
  /** By title, without the version; in the order of their ends. Steps within steps are left out. */
  readonly steps: ReadonlyMap<string, number>;
  /** Commands on the host that had most of them. */
  readonly commands: number;
};

type Event = {
  readonly event: string;
  readonly id?: number | string;
  readonly host?: string;
  readonly title?: string;
  readonly durationMs?: number;
};

/** @throws when the command fails */
export async function measuredRun(
  program: string,
  args: readonly string[],
  { cwd, version, env }: { readonly cwd: string; readonly version: string; readonly env: NodeJS.ProcessEnv },
): Promise<MeasuredRun> {
  const child = spawn(process.execPath, [program, ...args, "--json"], {
    cwd,
    env: { ...process.env, ...bedVariables(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [printed, complaints] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  const [exitCode] = (await once(child, "close")) as [number | null];
  const lines = printed.split("\n").filter((line) => line !== "");
  if (exitCode !== 0) throw new Error(`kdeploy ${args.join(" ")} exited with ${exitCode}\n${complaints}${printed}`);
  return summed(
    lines.map((line) => JSON.parse(line) as Event),
    version,
  );
}

function summed(events: readonly Event[], version: string): MeasuredRun {
  const titles = new Map<number | string | undefined, string>();
  const steps = new Map<string, number>();
  const commands = new Map<string, number>();
  let open = 0;
  for (const { event, id, title = "", host = "", durationMs = 0 } of events) {
    if (event === "command-started") commands.set(host, (commands.get(host) ?? 0) + 1);
    if (event === "step-started" && ++open === 1) titles.set(id, title.replaceAll(version, "it"));
    if (event === "step-finished" && --open === 0) {
      const name = titles.get(id) ?? "";
      steps.set(name, (steps.get(name) ?? 0) + durationMs);
    }
  }
  const totalMs = events.findLast(({ event }) => event === "run-finished")?.durationMs ?? Number.NaN;
  return { totalMs, steps, commands: Math.max(0, ...commands.values()) };
}

function bedVariables(): NodeJS.ProcessEnv {
  return {
    KDEPLOY_BED: BED_FOLDER,
    KAMAL_REGISTRY_PASSWORD: REGISTRY.password,
    DOCKER_CONFIG: FILES.dockerConfig,
    NO_COLOR: "1",
  };
}
