/** A command in containers of the app, new or running: on all selected hosts, or with this terminal on one. Source: cli-commands §5. */
import { randomBytes } from "node:crypto";
import type { ExecOptions } from "../../remote/app-exec.ts";
import { execInNew, execInRunning } from "../../remote/app-exec.ts";
import { audit } from "../audit-line.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import { placed, type RoleOnHost } from "../place.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";
import { APP_HOST, tellHosts } from "./answers.ts";
import { ensureImage } from "./app-boot.ts";
import { deployedVersion, runningSuffix } from "./deployed-version.ts";
import { type RawOutput, runUserCommand, UserCommandError } from "./user-command.ts";

export type AppExec = {
  /** A line for the server's shell: what it quotes arrives, what it does not is expanded there. */
  readonly command: string;
  /** Without one: what each host has. */
  readonly version: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** In the container that runs, instead of a new one. */
  readonly reuse: boolean;
  readonly detach: boolean;
  /** On the primary host, the primary role alone. */
  readonly primaryOnly: boolean;
  readonly raw: RawOutput | undefined;
};

/** @throws UserCommandError with the command's own exit code, when it ran on one host; MultiHostError, WorkError `nothing-deployed` */
export async function execInApp(work: Work, exec: AppExec): Promise<void> {
  await runPreConnectHook(work);
  const { selection } = work;
  if (exec.primaryOnly) {
    const place = primaryPlace(work);
    await tellHosts(work, APP_HOST, [place.host], (_, tell) => execOn(work, place, exec, tell));
    return;
  }
  const ask = async (host: string, tell: (text: string) => void): Promise<void> => {
    const failures: UserCommandError[] = [];
    for (const { name } of selection.rolesOn(host)) {
      await execOn(work, placed(work, { host, role: name }), exec, tell).catch((error: unknown) => {
        // That it fails in one role does not keep it from the others.
        if (!(error instanceof UserCommandError)) throw error;
        failures.push(error);
      });
    }
    if (failures[0] !== undefined) throw failures[0];
  };
  // Bytes of several hosts at a time would be nobody's.
  if (exec.raw === undefined) await tellHosts(work, APP_HOST, selection.appHosts, ask);
  else for (const host of selection.appHosts) await tellHosts(work, APP_HOST, [host], ask);
}

/** For this terminal: where to run which line. */
export type TerminalCommand = { readonly host: string; readonly line: string };

/** Everything is ready for the line that is returned. @throws WorkError `nothing-deployed` */
export async function prepareTerminalExec(
  work: Work,
  exec: AppExec,
  interactive: NonNullable<ExecOptions["interactive"]>,
): Promise<TerminalCommand> {
  await runPreConnectHook(work);
  const place = primaryPlace(work);
  return { host: place.host, line: await preparedLine(work, place, exec, interactive) };
}

async function execOn(work: Work, place: RoleOnHost, exec: AppExec, tell: (text: string) => void): Promise<void> {
  const line = await preparedLine(work, place, exec);
  await runUserCommand(work, place.host, line, { tell, raw: exec.raw });
}

async function preparedLine(
  work: Work,
  place: RoleOnHost,
  { command, detach, env, reuse, version: wanted }: AppExec,
  interactive?: ExecOptions["interactive"],
): Promise<string> {
  const { host, role, roleHost } = place;
  const { config } = work;
  const find = reuse ? runningSuffix : deployedVersion;
  const version = wanted ?? (await find(work, host, role));
  if (version === undefined) throw nothingThere(place, reuse);
  if (!reuse) await ensureImage(work, host, version);
  await audit(work, host, `Executed cmd '${command}' on app version ${version}`, reuse ? role.name : undefined);
  if (reuse) return execInRunning(config, role, { version, command, env, interactive });
  const hex = randomBytes(3).toString("hex");
  return execInNew(config, role, { version, command, env, interactive, hostEnv: roleHost.env, hex, detach });
}

function primaryPlace(work: Work): RoleOnHost {
  const { primaryHost: host, primaryRole } = work.selection;
  if (primaryRole !== undefined) return placed(work, { host, role: primaryRole.name });
  throw new WorkError("nothing-deployed", `No role of the app is on ${host}.`, { host });
}

function nothingThere({ host, role }: RoleOnHost, reuse: boolean): WorkError {
  return reuse
    ? new WorkError("nothing-deployed", `${host}: nothing of ${role.name} runs.`, {
        host,
        hint: "without --reuse the command gets a container of its own",
      })
    : new WorkError("nothing-deployed", `${host}: ${role.name} was never deployed.`, {
        host,
        hint: "name a version with --version",
      });
}
