/** What an accessory wants to find on its hosts: files and directories of this machine in, what is to be uploaded out. */
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, posix, resolve } from "node:path";
import type { Accessory, Mount } from "../config/config.ts";
import { renderTemplate } from "../config/template.ts";
import { type AccessoryFile, directoryOfFiles, files } from "../remote/accessory.ts";
import { Secret } from "../secret/secret.ts";
import { runInShell } from "../secret/shell-command.ts";
import { secretsOf } from "./container-secrets.ts";
import { runCommand, uploadFile } from "./run-command.ts";
import type { Work } from "./work.ts";
import { WorkError } from "./work-error.ts";

/** More is a link that leads back to where it is. */
const MAX_DEPTH = 32;

/** One entry of `files`, ready for any host. */
export type Prepared = {
  readonly before: string;
  readonly uploads: readonly { readonly path: string; readonly mode: number; readonly content: Uint8Array | Secret }[];
  readonly after: readonly string[];
};

/** Before anything is changed anywhere. @throws WorkError `file-missing` with all that are not there */
export async function checkLocalFiles(work: Work, accessories: readonly Accessory[]): Promise<void> {
  const missing: string[] = [];
  for (const { name, files: mounts } of accessories) {
    for (const { local } of mounts) {
      const there = await stat(resolve(work.cwd, local)).catch(() => undefined);
      if (there === undefined) missing.push(`${local}, of accessory ${name}`);
    }
  }
  if (missing.length === 0) return;
  throw new WorkError("file-missing", `There is no file ${missing.join("; no file ")}. Nothing was changed.`, {
    exitClass: "configuration",
    hint: "see files: under accessories:; paths are relative to the directory that kdeploy is started in",
  });
}

/** Templates are rendered, other than in directories, as in the original. @throws WorkError `file-missing`, ConfigError with file and line of a template */
export async function preparedFiles(work: Work, accessory: Accessory): Promise<Prepared[]> {
  await checkLocalFiles(work, [accessory]);
  const lines = files(accessory);
  const prepared: Prepared[] = [];
  for (const [at, mount] of accessory.files.entries()) {
    const line = lines[at];
    if (line === undefined) throw new RangeError("a line for each file");
    prepared.push(
      await preparedFile(work, accessory, mount, line).catch((error: unknown) => {
        throw error instanceof Error && "syscall" in error ? unreadable(accessory, mount, error) : error;
      }),
    );
  }
  return prepared;
}

async function preparedFile(work: Work, accessory: Accessory, mount: Mount, line: AccessoryFile): Promise<Prepared> {
  const found = await stat(resolve(work.cwd, mount.local));
  if (found.isDirectory()) return preparedDirectory(work, accessory, mount, line.remote);
  const content = await contentOf(work, accessory, mount.local);
  return { ...line, uploads: [{ path: line.remote, mode: found.mode & 0o777, content }] };
}

/** Another user's, or a link in a directory that leads nowhere. */
function unreadable({ name }: Accessory, { local }: Mount, cause: Error): WorkError {
  return new WorkError("file-missing", `${local}, of accessory ${name}, cannot be read: ${cause.message}`, {
    exitClass: "configuration",
    cause,
  });
}

export async function uploadPrepared(work: Work, host: string, prepared: readonly Prepared[]): Promise<void> {
  for (const { before, uploads, after } of prepared) {
    await runCommand(work, host, before);
    for (const upload of uploads) await uploadFile(work, host, upload);
    for (const line of after) await runCommand(work, host, line);
  }
}

async function preparedDirectory(work: Work, accessory: Accessory, mount: Mount, remote: string): Promise<Prepared> {
  const names = await filesBelow(resolve(work.cwd, mount.local));
  const directories = new Set(names.map((name) => dirname(name)).filter((name) => name !== "."));
  const uploads: Prepared["uploads"][number][] = [];
  for (const name of names) {
    const local = join(mount.local, name);
    const { mode } = await stat(resolve(work.cwd, local));
    const content = await readFile(resolve(work.cwd, local));
    uploads.push({ path: posix.join(remote, name), mode: mode & 0o777, content });
  }
  return { ...directoryOfFiles(accessory, mount, [...directories].toSorted()), uploads };
}

/** In the order of their names. */
async function filesBelow(directory: string, below = ".", depth = 0): Promise<string[]> {
  if (depth > MAX_DEPTH) throw new WorkError("file-missing", `${directory} contains itself, by way of a link.`);
  const names = (await readdir(join(directory, below))).toSorted();
  const found = await Promise.all(
    names.map(async (name) => {
      const inside = join(below, name);
      const kind = await stat(join(directory, inside));
      if (kind.isDirectory()) return filesBelow(directory, inside, depth + 1);
      return kind.isFile() ? [inside] : [];
    }),
  );
  return found.flat();
}

/** A template sees the variables of the accessory; so what comes of it may be secret. */
async function contentOf(work: Work, accessory: Accessory, local: string): Promise<Uint8Array | Secret> {
  const content = await readFile(resolve(work.cwd, local));
  // Where nothing is uploaded, nobody is to be asked for a password.
  if (!local.endsWith("erb") || work.dryRun) return content;
  const secrets = await secretsOf(work, accessory.env);
  const own = Object.fromEntries([...secrets].map(([name, secret]) => [name, secret.reveal()]));
  const env = { ...work.env, ...own, ...accessory.env.clear };
  const rendered = await renderTemplate(local, content.toString(), { cwd: work.cwd, env, run: runInShell });
  return new Secret(rendered.text);
}
