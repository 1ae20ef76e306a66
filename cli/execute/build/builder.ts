/** The builder that the configuration asks for: there when a build wants it, made where it is missing or another one. Source: cli-commands §6. */
import { type BuilderKind, create, inspect, remoteHost, remove } from "../../remote/builder.ts";
import { program } from "../../remote/conventions.ts";
import { inStep } from "../in-step.ts";
import { LOCALHOST, runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";
import type { BuildTools } from "./tools.ts";

/** What buildx, Docker and the line itself say of a builder that is not there. */
const NOT_THERE = /context not found|no builder|does not exist/;
const NOT_FITTING = /no compatible builder/;

/** Plain Docker has none. */
export async function makeBuilderReady(work: Work, { kind, buildx }: BuildTools): Promise<void> {
  if (buildx || kind.type === "pack") await ensureBuilder(work, kind);
}

/** @returns whether it was made now */
export async function ensureBuilder(work: Work, kind: BuilderKind): Promise<boolean> {
  const question = inspect(work.config, kind);
  if (question === undefined) return false;
  const options = { reads: true, tolerate: true, level: "debug" } as const;
  const { exitCode, stdout, stderr } = await runCommand(work, LOCALHOST, question, options);
  if (exitCode === 0) return false;
  const said = `${stdout}\n${stderr}`;
  const made = create(work.config, kind);
  if (made === undefined || !(NOT_THERE.test(said) || NOT_FITTING.test(said))) throw unusable(work, kind, said);
  await inStep(work, `Make the builder ${kind.name ?? ""}`, [], async () => {
    await removeBuilder(work, kind);
    const host = remoteHost(kind);
    // The host's key is checked, and learnt, before Docker's own ssh would ask.
    if (host !== undefined) await runCommand(work, host, program("true"));
    await runCommand(work, LOCALHOST, made);
  });
  return true;
}

/** @returns whether there was one */
export async function removeBuilder(work: Work, kind: BuilderKind): Promise<boolean> {
  const line = remove(kind);
  if (line === undefined) return false;
  const { exitCode, stdout, stderr } = await runCommand(work, LOCALHOST, line, { tolerate: true });
  if (exitCode === 0) return true;
  const said = `${stdout}\n${stderr}`;
  if (NOT_THERE.test(said)) return false;
  throw unusable(work, kind, said);
}

function unusable(work: Work, kind: BuilderKind, said: string): WorkError {
  const details = said
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-work.state.limits.failureOutputLines)
    .map((line) => work.redactor.redact(line));
  const name = kind.type === "pack" ? (work.config.builder.pack?.builder ?? "") : (kind.name ?? "");
  return new WorkError("command-failed", `The builder ${name} cannot be used.`, { host: LOCALHOST, details });
}
