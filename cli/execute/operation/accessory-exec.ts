/** A command in an accessory, in its container or in a new one: on all selected hosts of it, or with this terminal on the first. Source: cli-commands §7. */
import type { Accessory } from "../../config/config.ts";
import { execInNew, execInRunning, imageId } from "../../remote/accessory.ts";
import type { ExecOptions } from "../../remote/app-exec.ts";
import { fetchImage } from "../accessory-container.ts";
import { audit } from "../audit-line.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import type { Work } from "../work.ts";
import { accessoryNamed, accessoryTitle } from "./accessory-names.ts";
import { answer, type Tell, tellHosts } from "./answers.ts";
import type { TerminalCommand } from "./app-exec.ts";
import { type RawOutput, runUserCommand } from "./user-command.ts";

export type AccessoryExec = {
  /** A line for the server's shell: what it quotes arrives, what it does not is expanded there. */
  readonly command: string;
  /** In the container that runs, instead of a new one. */
  readonly reuse: boolean;
  readonly raw?: RawOutput | undefined;
};

/** @throws UserCommandError with the command's own exit code, when it ran on one host; MultiHostError */
export async function execInAccessory(work: Work, typed: string, exec: AccessoryExec): Promise<void> {
  const accessory = accessoryNamed(work, typed);
  await runPreConnectHook(work);
  const hosts = work.selection.accessoryHosts(accessory);
  const ask = async (host: string, tell: Tell): Promise<void> => {
    const line = await preparedLine(work, host, accessory, exec);
    await runUserCommand(work, host, line, { tell, raw: exec.raw });
  };
  // Bytes of several hosts at a time would be nobody's.
  if (exec.raw === undefined) await tellHosts(work, accessoryTitle(accessory), hosts, ask);
  else for (const host of hosts) await tellHosts(work, accessoryTitle(accessory), [host], ask);
}

/** Everything is ready for the line that is returned. */
export async function prepareAccessoryTerminal(
  work: Work,
  typed: string,
  exec: AccessoryExec,
  interactive: NonNullable<ExecOptions["interactive"]>,
): Promise<TerminalCommand> {
  const accessory = accessoryNamed(work, typed);
  await runPreConnectHook(work);
  const [host = ""] = work.selection.accessoryHosts(accessory);
  return { host, line: await preparedLine(work, host, accessory, exec, interactive) };
}

async function preparedLine(
  work: Work,
  host: string,
  accessory: Accessory,
  { command, reuse }: AccessoryExec,
  interactive?: ExecOptions["interactive"],
): Promise<string> {
  if (!reuse) await ensureImage(work, host, accessory);
  await audit(work, host, `Executed cmd '${command}' on ${accessory.name} accessory`);
  if (reuse) return execInRunning(accessory, { command, interactive });
  return execInNew(work.config, accessory, { command, interactive });
}

/** Where the image is there, nobody is asked for a password. */
async function ensureImage(work: Work, host: string, accessory: Accessory): Promise<void> {
  if ((await answer(work, host, imageId(accessory), { level: "debug" })) !== "") return;
  await fetchImage(work, host, accessory);
}
