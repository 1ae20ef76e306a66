/** What was done to the app, as the selected hosts have recorded it. Source: cli-commands §4. */
import { read } from "../../remote/audit.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import type { Work } from "../work.ts";
import { APP_HOST, answer, tellHosts } from "./answers.ts";

export async function showAuditLog(work: Work): Promise<void> {
  await runPreConnectHook(work);
  await tellHosts(work, APP_HOST, work.selection.hosts, async (host, tell) => {
    // Where nothing was done there is no file.
    const text = await answer(work, host, read(work.config), { tolerate: true });
    tell(text === "" ? "Nothing recorded" : text);
  });
}
