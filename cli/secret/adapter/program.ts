/** A password manager's own program: calls of it → what it printed; failures are told with its own last words, without secrets. */
import { KdeployError } from "../../errors.ts";
import type { Redactor } from "../redactor.ts";
import { type ProgramEnd, type ProgramOptions, runProgram } from "../run-program.ts";
import { adapterFailed, adapterMissing } from "./failure.ts";
import { parseJson } from "./json.ts";

export interface Program {
  /** A call that has to succeed. @throws KdeployError `adapter-failed` */
  ask(args: readonly string[]): Promise<string>;
  /** The same, for a JSON document. */
  askJson(args: readonly string[]): Promise<unknown>;
  /** What it prints when all is well, undefined when it ends with an error, which nobody is told. */
  probe(args: readonly string[]): Promise<string | undefined>;
  /** A login that talks with the person at the terminal; `result`: what it prints is not for them, but the answer. */
  talk(args: readonly string[], result?: "result"): Promise<string>;
  /** With further variables: sessions, which arguments would show to everybody. */
  with(env: Readonly<Record<string, string>>): Program;
}

export type Surroundings = Pick<ProgramOptions, "cwd" | "env" | "signal"> & {
  readonly redactor: Redactor;
  /** What programs say to the person. */
  readonly tell: (text: string) => void;
  /** This process has the person's terminal: programs that ask can have it too. */
  readonly ownTerminal: boolean;
  readonly timeoutMs?: number;
};

export function openProgram(name: string, surroundings: Surroundings): Program {
  const { redactor, tell, ownTerminal, ...options } = surroundings;

  const run = async (args: readonly string[], more: Partial<ProgramOptions>): Promise<ProgramEnd> => {
    try {
      return await runProgram(name, args, { ...options, ...more });
    } catch (error) {
      if (error instanceof KdeployError && error.code === "cancelled")
        throw new KdeployError("cancelled", `${name} was interrupted`, { exitClass: "interrupted" });
      const why = error instanceof Error ? error.message : String(error);
      if (error instanceof KdeployError) throw adapterFailed(redactor.redact(`${shown(name, args)} ${why}`));
      if (error instanceof Error && "code" in error && error.code === "ENOENT")
        throw adapterMissing(redactor.redact(`there is no program ${name} on this machine`));
      throw adapterMissing(redactor.redact(`${name} cannot be run: ${why}`));
    }
  };
  const succeeded = async (args: readonly string[], more: Partial<ProgramOptions>): Promise<string> => {
    const { stdout, lastWords, failure } = await run(args, more);
    if (failure === undefined) return stdout;
    const said = lastWords === "" ? "" : `:\n  ${lastWords}`;
    throw adapterFailed(redactor.redact(`${shown(name, args)} ${failure}${said}`));
  };
  // Any call may ask for a password; where it cannot have the terminal, its words are passed on.
  const ask = (args: readonly string[]): Promise<string> => succeeded(args, { onStderr: tell });

  return {
    ask,
    askJson: async (args) => parseJson(await ask(args), shown(name, args)),
    probe: async (args) => {
      const { stdout, failure } = await run(args, {});
      return failure === undefined ? stdout : undefined;
    },
    talk: (args, result) => succeeded(args, { onStderr: tell, ownTerminal, showStdout: result === undefined }),
    with: (env) => openProgram(name, { ...surroundings, env: { ...surroundings.env, ...env } }),
  };
}

/** Arguments are names and options, never values. */
export function shown(name: string, args: readonly string[]): string {
  return [name, ...args].join(" ");
}
