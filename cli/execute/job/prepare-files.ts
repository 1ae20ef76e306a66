/** What a version's containers and the proxy find on a host: assets, error pages, certificates. Before any container is started. */
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Proxy } from "../../config/config.ts";
import type { StepOf } from "../../plan/step.ts";
import { currentVersion } from "../../remote/app.ts";
import { extract, hasAssets, missingAssetPath, removeHelper, sync } from "../../remote/app-assets.ts";
import { ERROR_PAGE_NAME, errorPagesDirectory, makeDirectory } from "../../remote/error-pages.ts";
import { install, makeDirectory as makeTlsDirectory, type TlsOwner } from "../../remote/tls-files.ts";
import { Secret } from "../../secret/secret.ts";
import { inStep } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { byHost, placed, type RoleOnHost } from "../place.ts";
import { runCommand, uploadFile } from "../run-command.ts";
import type { Work } from "../work.ts";
import { CommandError, WorkError } from "../work-error.ts";

type ErrorPage = { readonly name: string; readonly content: Uint8Array };

/** Of the version that a renamed container had. */
const REPLACED = /_replaced_[0-9a-f]+$/;

export async function prepareFiles(work: Work, { version, places }: StepOf<"prepare-files">): Promise<void> {
  const pages = await errorPages(work);
  const all = places.map((place) => placed(work, place));
  const needing = all.filter(
    ({ role }) => hasAssets(role) || role.proxy?.certificate !== undefined || pages.length > 0,
  );
  const hosts = byHost(needing);
  if (hosts.size === 0) return;
  await inStep(work, "Prepare files", [...hosts.keys()], () =>
    onHosts(work, [...hosts.keys()], async (host) => {
      if (pages.length > 0) await uploadPages(work, host, version, pages);
      for (const place of hosts.get(host) ?? []) {
        if (hasAssets(place.role)) await prepareAssets(work, place, version);
        await installCertificate(work, host, { role: place.role.name }, place.role.proxy);
      }
    }),
  );
}

async function errorPages(work: Work): Promise<ErrorPage[]> {
  const { errorPagesPath } = work.config;
  if (errorPagesPath === undefined) return [];
  const directory = resolve(work.cwd, errorPagesPath);
  const names = (await readdir(directory)).filter((name) => ERROR_PAGE_NAME.test(name)).toSorted();
  return Promise.all(names.map(async (name) => ({ name, content: await readFile(join(directory, name)) })));
}

async function uploadPages(work: Work, host: string, version: string, pages: readonly ErrorPage[]): Promise<void> {
  await runCommand(work, host, makeDirectory(work.config, version));
  for (const { name, content } of pages) {
    await uploadFile(work, host, {
      path: `${errorPagesDirectory(work.config, version)}/${name}`,
      mode: 0o644,
      content,
    });
  }
}

async function prepareAssets(
  work: Work,
  { host, role }: Pick<RoleOnHost, "host" | "role">,
  version: string,
): Promise<void> {
  await extractAssets(work, { host, role }, version);
  const current = await runCommand(work, host, currentVersion(work.config, role), { reads: true, tolerate: true });
  const old = current.stdout.trim().replace(REPLACED, "");
  const lines = sync(work.config, role, version, old === "" || old === version ? undefined : old);
  for (const line of lines) await runCommand(work, host, line);
}

/** @throws WorkError `assets-missing` */
async function extractAssets(
  work: Work,
  { host, role }: Pick<RoleOnHost, "host" | "role">,
  version: string,
): Promise<void> {
  try {
    await runCommand(work, host, extract(work.config, role, version));
  } catch (error) {
    const missing = error instanceof CommandError ? missingAssetPath(role, error.stderr) : undefined;
    if (missing === undefined) throw error;
    await runCommand(work, host, removeHelper(work.config, role), { tolerate: true, level: "debug" });
    throw new WorkError("assets-missing", `${host}: the image of ${version} has no directory ${missing}.`, {
      host,
      hint: `correct asset_path for the role ${role.name}, or have the image hold it: git keeps no empty directories`,
      cause: error,
    });
  }
}

/** Nothing for certificates that the proxy obtains itself. The container of the proxy exists. */
export async function installCertificate(
  work: Work,
  host: string,
  owner: TlsOwner,
  proxy: Proxy | undefined,
): Promise<void> {
  if (proxy?.certificate === undefined) return;
  // Where nothing is run, nobody is to be asked for a password.
  const read = async (name: string): Promise<Secret> => (work.dryRun ? new Secret("") : work.secrets.get(name));
  const certificate = await read(proxy.certificate.certificatePem);
  const privateKey = await read(proxy.certificate.privateKeyPem);
  await runCommand(work, host, makeTlsDirectory(work.config, owner));
  await runCommand(work, host, install(work.config, owner, certificate, privateKey));
}
