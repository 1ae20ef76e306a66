/**
 * The line of shell that puts its standard input into a file, in one step: a path and a mode in, the line out.
 *
 * One command instead of SFTP: SFTP may be switched off and small servers have none, its rename does not replace, and it
 * needs several round trips. Instead of `scp -t`: that one truncates the old file first, and keeps half of a new one when
 * the connection breaks.
 */
import { randomBytes } from "node:crypto";
import type { RunResult, UploadedFile } from "../execute/host.ts";
import { HostError } from "../execute/host-error.ts";
import { quote } from "../remote/shell.ts";

export function uploadLine({ path, mode }: Pick<UploadedFile, "path" | "mode">, bytes: number): string {
  const target = path.startsWith("-") ? `./${path}` : path;
  const slash = target.lastIndexOf("/") + 1;
  const temporary = `${target.slice(0, slash)}.${target.slice(slash)}.${randomBytes(6).toString("hex")}`;
  const [to, from] = [quote(target), quote(temporary)];
  // The count: when the connection breaks, the input just ends, and half a file must not take the place of the old one.
  const line =
    `export LC_ALL=C; umask 077; t=${from}; trap 'rm -f "$t"; exit 1' HUP INT TERM; if [ -d ${to} ]; then echo 'Is a directory' >&2; exit 1; fi; ` +
    `cat > "$t" && [ $(wc -c < "$t") -eq ${bytes} ] && chmod ${(mode & 0o7777).toString(8)} "$t" && mv -f "$t" ${to} || ` +
    `{ e=$?; rm -f "$t"; exit $e; }`;
  // The login shell may be none of POSIX's.
  return `sh -c ${quote(line)}`;
}

const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/no space left|disk quota exceeded/i, "the disk is full"],
  [/read-only file system/i, "the file system is read-only"],
  [/permission denied|operation not permitted/i, "no permission"],
  [/is a directory/i, "there is a directory of this name"],
  [/not a directory/i, "a part of its path is not a directory"],
  [/no such file|directory nonexistent|nonexistent directory|can't create/i, "its directory does not exist"],
];

export function uploadFailure(host: string, path: string, result: RunResult): HostError {
  const said = result.stderr
    .trim()
    .replace(/[\p{Cc}\s]+/gu, " ")
    .slice(0, 300);
  const cause = CAUSES.find(([pattern]) => pattern.test(said))?.[1] ?? "the command failed";
  const detail = said === "" ? ` (exit code ${result.exitCode ?? result.signal})` : ` (${said})`;
  return new HostError(host, "upload-failed", "upload", `Could not write ${path} on ${host}: ${cause}${detail}`);
}
