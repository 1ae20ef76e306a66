/** The files by which a proxy without `proxy.run` is started: shown, written, removed. Counts from the next reboot on. Source: cli-commands §8. */
import {
  type BootFiles,
  bootFilePath,
  makeBootDirectory,
  removeBootFiles,
  showBootFiles,
} from "../../remote/proxy-boot-files.ts";
import { inStep, say } from "../in-step.ts";
import { proxyRunOn } from "../job/boot-proxy.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import { onHosts } from "../on-hosts.ts";
import { runCommand, uploadFile } from "../run-command.ts";
import type { Work } from "../work.ts";
import { answer, PROXY_HOST, tellHosts } from "./answers.ts";

const FILE_MODE = 0o644;

export async function showBootConfig(work: Work): Promise<void> {
  await runPreConnectHook(work);
  await tellHosts(work, PROXY_HOST, work.selection.proxyHosts, async (host, tell) =>
    tell(await answer(work, host, showBootFiles())),
  );
}

/** A file is removed where the default counts. */
export async function setBootConfig(work: Work, files: BootFiles): Promise<void> {
  const names = Object.keys(files) as (keyof BootFiles)[];
  const unneeded = names.filter((name) => files[name] === undefined);
  await onProxyHosts(work, "Write the boot files of the proxy", async (host) => {
    await runCommand(work, host, makeBootDirectory());
    for (const name of names) {
      const content = files[name];
      if (content === undefined) continue;
      await uploadFile(work, host, { path: bootFilePath(name), mode: FILE_MODE, content: `${content}\n` });
    }
    if (unneeded.length > 0) await runCommand(work, host, removeBootFiles(unneeded));
  });
}

export async function resetBootConfig(work: Work): Promise<void> {
  await onProxyHosts(work, "Remove the boot files of the proxy", async (host) => {
    await runCommand(work, host, removeBootFiles());
  });
}

async function onProxyHosts(work: Work, title: string, perform: (host: string) => Promise<void>): Promise<void> {
  const { proxyHosts } = work.selection;
  const ignoring = proxyHosts.filter((host) => proxyRunOn(work.config, host) !== undefined);
  for (const host of ignoring) say(work, "warning", "The boot files count for nothing here: proxy.run does.", host);
  await runPreConnectHook(work);
  await inStep(work, title, proxyHosts, () => onHosts(work, proxyHosts, perform));
}
