/** The servers themselves: made ready for Docker, and commands run on them. Source: cli-commands §9. */
import { exec } from "../../remote/server.ts";
import { audit } from "../audit-line.ts";
import { bootstrap } from "../job/bootstrap.ts";
import { runHook, runPreConnectHook } from "../job/run-hook.ts";
import type { Work } from "../work.ts";
import { APP_HOST, tellHosts } from "./answers.ts";
import type { TerminalCommand } from "./app-exec.ts";
import { underLock } from "./under-lock.ts";
import { type RawOutput, runUserCommand } from "./user-command.ts";

/** The hook runs whether there was something to install or not. */
export function bootstrapServers(work: Work): Promise<void> {
  return underLock(work, async (locked) => {
    await bootstrap(locked, { kind: "bootstrap", hosts: locked.selection.hosts });
    await runHook(locked, "docker-setup");
  });
}

/** @throws UserCommandError with the command's own exit code, when it ran on one host; MultiHostError */
export async function execOnServers(work: Work, command: string, raw: RawOutput | undefined): Promise<void> {
  await runPreConnectHook(work);
  const { hosts } = work.selection;
  const execOn = async (host: string, tell: (text: string) => void): Promise<void> => {
    await auditExec(work, host, command);
    await runUserCommand(work, host, exec(command), { tell, raw });
  };
  // Bytes of several hosts at a time would be nobody's.
  if (raw === undefined) await tellHosts(work, APP_HOST, hosts, execOn);
  else for (const host of hosts) await tellHosts(work, APP_HOST, [host], execOn);
}

export async function prepareServerTerminal(work: Work, command: string): Promise<TerminalCommand> {
  await runPreConnectHook(work);
  const { primaryHost } = work.selection;
  await auditExec(work, primaryHost, command);
  return { host: primaryHost, line: exec(command) };
}

function auditExec(work: Work, host: string, command: string): Promise<void> {
  return audit(work, host, `Executed cmd '${command}' on server`);
}
