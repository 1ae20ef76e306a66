/** An accessory is started on the hosts where it is not yet, with its directories, files and variables. Source: cli-docker-commands §6. */
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Accessory } from "../../config/config.ts";
import { accessoryEnvFile } from "../../config/names.ts";
import type { StepOf } from "../../plan/step.ts";
import { exists, files, makeDirectories, makeEnvDirectory, run, runningContainerId } from "../../remote/accessory.ts";
import { envFile } from "../../remote/env-file.ts";
import { deploy } from "../../remote/proxy.ts";
import { deployFlags } from "../../remote/proxy-flags.ts";
import { audit } from "../audit-line.ts";
import { secretsOf } from "../container-secrets.ts";
import { inStep, say } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { logIn } from "../registry-login.ts";
import { runCommand, uploadFile } from "../run-command.ts";
import type { Work } from "../work.ts";

export async function bootAccessory(work: Work, { accessory: name, hosts }: StepOf<"boot-accessory">): Promise<void> {
  const accessory = work.config.accessories.find((one) => one.name === name);
  if (accessory === undefined) throw new RangeError(`no accessory ${name}`);
  await inStep(work, `Start accessory ${name}`, hosts, () =>
    onHosts(work, hosts, (host) => bootOn(work, host, accessory)),
  );
}

async function bootOn(work: Work, host: string, accessory: Accessory): Promise<void> {
  await logIn(work, host, accessory.registry);
  const there = await runCommand(work, host, exists(accessory), { reads: true, tolerate: true, level: "debug" });
  if (there.stdout.trim() !== "") {
    say(work, "notice", `Accessory ${accessory.name} is there already and stays as it is.`, host);
    return;
  }
  await audit(work, host, `Booted ${accessory.name} accessory`);
  for (const line of makeDirectories(accessory)) await runCommand(work, host, line);
  for (const { local, remote, before, after } of files(accessory)) {
    await runCommand(work, host, before);
    const path = resolve(work.cwd, local);
    await uploadFile(work, host, {
      path: remote,
      mode: (await stat(path)).mode & 0o777,
      content: await readFile(path),
    });
    for (const line of after) await runCommand(work, host, line);
  }
  const env = envFile(await secretsOf(work, accessory.env), accessory.env.clear);
  await runCommand(work, host, makeEnvDirectory(work.config));
  await uploadFile(work, host, { path: accessoryEnvFile(work.config, accessory), mode: 0o600, content: env.content });
  await runCommand(work, host, run(work.config, accessory, host, env.exported));
  await routeTo(work, host, accessory);
}

async function routeTo(work: Work, host: string, accessory: Accessory): Promise<void> {
  const { proxy } = accessory;
  if (proxy === undefined) return;
  const id = work.dryRun
    ? "CONTAINER_ID"
    : (await runCommand(work, host, runningContainerId(accessory), { reads: true })).stdout.trim();
  const owner = { accessory: accessory.name };
  const flags = deployFlags(work.config, proxy, { containerId: id, owner, version: undefined, peers: [] });
  await runCommand(work, host, deploy(accessory.service, flags));
}
