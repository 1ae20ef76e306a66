/** The registry on this machine, where the configuration has one (`localhost:PORT`): it is started, and removed. */
import { LOCAL_REGISTRY_CONTAINER } from "../config/names.ts";
import { localRegistryPort, removeLocalRegistry as removal, startLocalRegistry as start } from "../remote/registry.ts";
import { LOCALHOST, runCommand } from "./run-command.ts";
import type { Work } from "./work.ts";
import { CommandError, WorkError } from "./work-error.ts";

/** Once in a run; nothing happens when it runs already, or for a registry elsewhere. @throws WorkError `registry-unusable` */
export async function startLocalRegistry(work: Work): Promise<void> {
  const { localPort } = work.config.registry;
  if (localPort === undefined) return;
  await work.state.once(`local registry ${localPort}`, async () => {
    const { stdout } = await runCommand(work, LOCALHOST, start(localPort));
    // Docker says the name of one that it has started, and the id of one that it has made.
    if (stdout.trim() === LOCAL_REGISTRY_CONTAINER) await checkPort(work, localPort);
  });
}

/** One that is not there is removed. */
export async function removeLocalRegistry(work: Work): Promise<void> {
  try {
    await runCommand(work, LOCALHOST, removal());
  } catch (error) {
    if (!(error instanceof CommandError) || !/no such container/i.test(error.stderr)) throw error;
  }
}

/** All projects on this machine have the same container. */
async function checkPort(work: Work, port: number): Promise<void> {
  const { stdout } = await runCommand(work, LOCALHOST, localRegistryPort(), { reads: true, level: "debug" });
  const ports = stdout.split("\n").flatMap((line) => /:(\d+)$/.exec(line.trim())?.[1] ?? []);
  if (ports.includes(String(port))) return;
  const where = ports.length === 0 ? "no port" : `port ${ports.join(", ")}`;
  throw new WorkError("registry-unusable", `The registry on this machine has ${where}, and was to have port ${port}.`, {
    host: LOCALHOST,
    hint: "have registry/server name the port that it has; or remove it (kdeploy registry remove): it is made anew, and empty",
  });
}
