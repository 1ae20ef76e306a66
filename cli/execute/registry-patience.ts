/** A command that asks a registry: run, and run again where what went wrong may go well in a moment. */
import type { RemoteCommand } from "../remote/remote-command.ts";
import { say } from "./in-step.ts";
import { pause } from "./pause.ts";
import { runCommand } from "./run-command.ts";
import type { Work } from "./work.ts";
import { CommandError } from "./work-error.ts";

/** What a registry or a network says that may be otherwise in a moment. */
const TRANSIENT =
  /\b(?:429|50[0234])\b|too ?many ?requests|timeout|timed out|connection reset|connection refused|unexpected EOF|temporary failure|TLS handshake/i;

/** `what` is its name in a sentence: `pull`, `login`. @throws what `runCommand` throws, at the last attempt */
export async function runPatiently(
  work: Work,
  host: string,
  what: string,
  command: string | RemoteCommand,
): Promise<void> {
  const { pullAttempts, pullRetryMs } = work.state.limits;
  for (let attempt = 1; ; attempt++) {
    try {
      await runCommand(work, host, command);
      return;
    } catch (error) {
      if (!(error instanceof CommandError) || attempt >= pullAttempts || !TRANSIENT.test(error.stderr)) throw error;
      say(work, "warning", `The ${what} failed, and is tried again: ${error.details.at(-1) ?? error.message}`, host);
      await pause(pullRetryMs * 2 ** (attempt - 1), work.signal);
    }
  }
}
