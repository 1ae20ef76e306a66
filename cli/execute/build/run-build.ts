/** The build itself, its output told line by line as it comes, and the push. Source: cli-docker-commands §9. */
import { type BuildOptions, build, inDirectory, isPushed, plainBuild, push } from "../../remote/build.ts";
import type { RemoteCommand } from "../../remote/remote-command.ts";
import { Secret } from "../../secret/secret.ts";
import { inStep } from "../in-step.ts";
import { LOCALHOST, runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import type { Sources } from "./sources.ts";
import type { BuildTools } from "./tools.ts";

/** How far a layer has come, several times a second: `#9 pushing layer d75c… 26.15MB / 149.71MB 3.2s`. */
const COUNTING = /^#\d+ .*\d[kMG]?B \/ \d/;

export type BuildWishes = Pick<BuildOptions, "version" | "output" | "noCache" | "tagSuffix">;

export async function runBuild(work: Work, { kind, buildx }: BuildTools, sources: Sources, wishes: BuildWishes) {
  const { config } = work;
  const options = { ...wishes, context: sources.context, secrets: await secretsOf(work) };
  const directory = sources.clone?.place.buildDirectory;
  const tag = `${wishes.version}${wishes.tagSuffix ?? ""}`;
  const pushed = isPushed(options);
  if (buildx || kind.type === "pack") {
    await inStep(work, `${pushed ? "Build and push" : "Build"} ${tag}`, [], () =>
      stream(work, inDirectory(directory, build(config, kind, options))),
    );
    return;
  }
  await inStep(work, `Build ${tag}`, [], () => stream(work, inDirectory(directory, plainBuild(config, options))));
  if (pushed) await inStep(work, `Push ${tag}`, [], () => stream(work, { command: push(config, options) }));
}

/** Where nothing is run, nobody is to be asked for a password. */
async function secretsOf(work: Work): Promise<ReadonlyMap<string, Secret>> {
  const secrets = new Map<string, Secret>();
  for (const name of work.config.builder.secrets) {
    secrets.set(name, work.dryRun ? new Secret("") : await work.secrets.get(name));
  }
  return secrets;
}

/** Whoever waits for a build wants to see what it does. */
async function stream(work: Work, command: RemoteCommand): Promise<void> {
  const outputLevel = (line: string) => (COUNTING.test(line) ? "debug" : "info");
  await runCommand(work, LOCALHOST, command, { outputLevel });
}
