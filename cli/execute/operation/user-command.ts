/** A command that a person wants to be run somewhere: its line in, what it printed told, its exit code kept. */
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { CommandError } from "../work-error.ts";
import { MAX_ANSWER_BYTES, type Tell } from "./answers.ts";

/** Where the bytes of `--raw` go, and what the command says beside them. */
export type RawOutput = {
  readonly onStdout: (bytes: Uint8Array) => Promise<void> | undefined;
  readonly onStderrLine: (line: string) => void;
};

/** The command was run and failed: with it as the only failure, the tool ends as the command did. */
export class UserCommandError extends CommandError {
  override get exitCode(): number {
    // By a signal, as after a failure that has no code of its own.
    return this.exitCodeOfCommand ?? super.exitCode;
  }
}

/** What it prints is told even when it fails. @throws UserCommandError */
export async function runUserCommand(
  work: Work,
  host: string,
  line: string,
  output: { readonly tell: Tell; readonly raw?: RawOutput | undefined },
): Promise<void> {
  const { tell, raw } = output;
  const result = await runCommand(work, host, line, {
    tolerate: true,
    keepBytes: MAX_ANSWER_BYTES,
    ...(raw === undefined ? {} : { onStdout: raw.onStdout, onLine: raw.onStderrLine }),
  });
  const printed = result.stdout.trimEnd();
  const failed = result.exitCode !== 0;
  if (raw === undefined && !work.dryRun && (printed !== "" || !failed)) tell(printed);
  if (!failed) return;
  const said = raw === undefined ? result.stderr.split("\n").filter((text) => text.trim() !== "") : [];
  const details = said.slice(-work.state.limits.failureOutputLines).map((text) => work.redactor.redact(text));
  throw new UserCommandError(host, work.redactor.redact(line), result, details);
}
