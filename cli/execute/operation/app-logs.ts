/** What the app's containers have written: of all selected hosts, or of the primary one as it comes. Source: cli-commands §5. */
import type { AppLogOptions } from "../../remote/app-logs.ts";
import { logs } from "../../remote/app-logs.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";
import { APP_HOST, answer, tellHosts } from "./answers.ts";
import { followLog, withDefaultLines } from "./log-options.ts";

export async function showAppLogs(work: Work, options: AppLogOptions): Promise<void> {
  await runPreConnectHook(work);
  const { selection } = work;
  const wanted = withDefaultLines(options);
  await tellHosts(work, APP_HOST, selection.appHosts, async (host, tell) => {
    for (const role of selection.rolesOn(host)) {
      // grep fails when it finds nothing, docker when there is no container.
      const text = await answer(work, host, logs(work.config, role, wanted), { tolerate: true });
      tell(text === "" ? "Nothing found" : text);
    }
  });
}

/** Of the primary role on the primary host. */
export async function followAppLogs(work: Work, options: AppLogOptions, onLine: (text: string) => void): Promise<void> {
  await runPreConnectHook(work);
  const { primaryHost, primaryRole } = work.selection;
  if (primaryRole === undefined) {
    throw new WorkError("nothing-deployed", `No role of the app is on ${primaryHost}.`, { host: primaryHost });
  }
  const line = logs(work.config, primaryRole, withDefaultLines({ ...options, follow: true }));
  await followLog(work, primaryHost, line, onLine);
}
