/** `kdeploy init`: the first files of a project. What is there already is left alone. */
import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { defineCommand } from "./command.ts";
import { CONFIG_FILES, HOOK_FILES, HOOKS_PATH, type NewFile, SCHEMA_FILE } from "./init-files.ts";

export const command = defineCommand({
  description: "Files that exist are left as they are; sample hooks are written where there are no hooks yet.",
  options: { bundle: { kind: "bool", hidden: true, help: "for compatibility; there is no bundle" } },
  needs: "nothing",
  changes: true,
  async run({ terminal: { cwd }, shared, print }) {
    const hooks = (await exists(resolve(cwd, HOOKS_PATH))) ? [] : HOOK_FILES;
    for (const file of [...CONFIG_FILES, SCHEMA_FILE, ...hooks]) {
      if (shared["dry-run"]) {
        const there = await exists(resolve(cwd, file.path));
        print(there ? `${file.path} is there already\n` : `would write ${file.path}\n`);
      } else print((await written(file, cwd)) ? `wrote ${file.path}\n` : `${file.path} is there already\n`);
    }
    print("Next: edit config/deploy.yml and .kamal/secrets, then kdeploy check, kdeploy doctor and kdeploy setup.\n");
    return 0;
  },
});

/** False when it is there already, however it came there. */
async function written({ path, mode, content }: NewFile, cwd: string): Promise<boolean> {
  const file = resolve(cwd, path);
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(file, await content(), { flag: "wx", mode });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
  // The mode of a new file is cut by the umask.
  await chmod(file, mode);
  return true;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
