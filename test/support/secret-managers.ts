/** Password managers' programs, as small stand-ins on a PATH of a test's own: what they hold goes in, the calls that they got come out. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryDirectory } from "./temporary-directory.ts";

const FOLDER = join(import.meta.dirname, "programs/secret-managers");

export type ManagerCall = {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly atMs: number;
};

export type SecretManagers = {
  /** For whoever is to find them. */
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  /** In the order of their beginnings; without those that ask for a version. */
  readonly calls: () => Promise<ManagerCall[]>;
};

/** @param states by program; one that is not named is not installed @param place the test's own directory unless given */
export async function secretManagers(
  states: Readonly<Record<string, unknown>>,
  place?: string,
): Promise<SecretManagers> {
  const folder = place ?? (await temporaryDirectory());
  for (const [program, state] of Object.entries(states)) {
    await writeFile(join(folder, `${program}.json`), JSON.stringify(state));
    await writeFile(
      join(folder, program),
      `#!/bin/sh\nexec '${process.execPath}' '${join(FOLDER, `${program}.mjs`)}' "$@"\n`,
    );
    await chmod(join(folder, program), 0o755);
  }
  const record = join(folder, "calls.jsonl");
  await writeFile(record, "");
  return {
    folder,
    env: { PATH: folder, KDEPLOY_STAND_INS: folder },
    calls: async () =>
      (await readFile(record, "utf8"))
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as ManagerCall)
        .filter(({ args }) => !/^(--)?version$/.test(args.join(" "))),
  };
}
