/** A container that did not come up → why, in one sentence, the line of the configuration to look at, and what can be seen of it. */
import type { Role } from "../config/config.ts";
import { lastLogLines } from "../remote/app-lookup.ts";
import type { ContainerState } from "../remote/container-state.ts";
import { type Failing, look } from "./readiness.ts";
import { runCommand } from "./run-command.ts";
import type { Work } from "./work.ts";
import { CommandError, WorkError, wordsOf } from "./work-error.ts";

export type BootFailure = {
  readonly host: string;
  readonly role: Explained;
  /** The container. */
  readonly name: string;
  readonly failing: Failing | undefined;
  /** What docker or the proxy said. */
  readonly error: unknown;
};

/** A role, or an accessory with where it stands in the configuration. */
export type Explained = Pick<Role, "name" | "proxy"> & { readonly section?: string };

type Diagnosis = { readonly sentence: string; readonly hint?: string };

/** Never throws: what cannot be seen is left out. */
export async function explainBootFailure(work: Work, failure: BootFailure): Promise<WorkError> {
  const { error, failing, host, name, role } = failure;
  const state = await look(work, host, name, null).catch(() => undefined);
  const log = state === undefined ? [] : await logOf(work, host, name);
  const said = error instanceof CommandError ? error.details : [];
  const { sentence, hint } = diagnose(work, role, failing, state, said);
  return new WorkError("boot-failed", `${role.name} did not come up on ${host}: ${sentence}`, {
    host,
    hint,
    cause: error,
    details: [
      ...stateLines(state),
      ...titled("What was said:", said.length > 0 || error === undefined ? said : [wordsOf(error)]),
      ...titled(
        "Health check:",
        (state?.healthOutputs ?? []).map((line) => line.trim()).filter((line) => line !== ""),
      ),
      ...titled("Last lines of its log:", log),
    ].map((line) => work.redactor.redact(line)),
  });
}

function diagnose(
  work: Work,
  role: Explained,
  failing: Failing | undefined,
  state: ContainerState | undefined,
  said: readonly string[],
): Diagnosis {
  if (state?.outOfMemory === true) {
    return {
      sentence: "it ran out of memory and was ended.",
      hint: `see memory under ${sectionOf(role)} options:`,
    };
  }
  if (state !== undefined && state.error !== "") return { sentence: `Docker could not start it: ${state.error}` };
  if (
    state !== undefined &&
    (failing === "ended" || failing === "restarting" || state.restarts > 0 || hasEnded(state))
  ) {
    return exitDiagnosis(role, state);
  }
  if (failing === "gone") return { sentence: "its container is gone." };
  if (state?.health === "unhealthy") {
    return { sentence: "the HEALTHCHECK of its image fails.", hint: "see the health check's output below" };
  }
  if (failing === "deadline") {
    const seconds = work.config.deployTimeoutSeconds;
    return { sentence: `not ready after ${seconds} s.`, hint: "give it more time with deploy_timeout:" };
  }
  return proxyDiagnosis(role, said.join("\n"));
}

function hasEnded({ status }: ContainerState): boolean {
  return status === "exited" || status === "dead" || status === "restarting";
}

function exitDiagnosis(role: Explained, { exitCode, restarts, status }: ContainerState): Diagnosis {
  const times = `${restarts} ${restarts === 1 ? "time" : "times"}`;
  // Docker knows no exit code while it runs once more.
  if (restarts > 0 && status === "running") {
    return { sentence: `it ended, and was started anew ${times}.`, hint: "see the last lines of its log below" };
  }
  const again = restarts > 0 ? `, and was started anew ${times}` : "";
  const sentence = `it exited with ${exitCode}${again}.`;
  if (exitCode === 126 || exitCode === 127) {
    return {
      sentence: `${sentence} Its command cannot be run.`,
      hint: `see ${sectionOf(role)} cmd:, or CMD in the Dockerfile`,
    };
  }
  if (exitCode === 0) return { sentence, hint: `a container's command must keep running: see ${sectionOf(role)} cmd:` };
  return { sentence };
}

/** What the proxy met when it asked for health. */
function proxyDiagnosis({ proxy }: Explained, said: string): Diagnosis {
  if (proxy === undefined) return { sentence: "it could not be started." };
  const path = proxy.healthcheck.path ?? "/up";
  if (/refused/i.test(said)) {
    return { sentence: `nothing listens on port ${proxy.appPort} in it.`, hint: "see app_port: under proxy:" };
  }
  const status = /\b(?:status|code|answered|with)\D{0,12}([1345]\d\d)\b/i.exec(said)?.[1];
  if (status !== undefined) {
    const hint = status === "404" ? "see path: under proxy: healthcheck:" : "see its log below";
    return { sentence: `${path} answers with ${status}.`, hint };
  }
  if (/time(?:d )?out|deadline/i.test(said)) {
    return {
      sentence: `${path} was not healthy in time.`,
      hint: "see deploy_timeout:, and path: under proxy: healthcheck:",
    };
  }
  return { sentence: "it could not be started, or did not become healthy." };
}

function sectionOf({ name, section = `servers: ${name}:` }: Explained): string {
  return section;
}

function stateLines(state: ContainerState | undefined): string[] {
  if (state === undefined) return [];
  const { exitCode, name, outOfMemory, restarts, status } = state;
  const memory = outOfMemory ? ", out of memory" : "";
  const code = status === "running" ? "" : `, exit code ${exitCode}`;
  return [`Container ${name}: ${status}${code}, ${restarts} restarts${memory}`];
}

function titled(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}

async function logOf(work: Work, host: string, name: string): Promise<string[]> {
  const { cleanupTimeoutMs, failureLogLines } = work.state.limits;
  const options = { reads: true, tolerate: true, level: "debug", signal: null, timeoutMs: cleanupTimeoutMs } as const;
  const result = await runCommand(work, host, lastLogLines(name, failureLogLines), options).catch(() => undefined);
  return (result?.stdout ?? "").split("\n").filter((line) => line.trim() !== "");
}
