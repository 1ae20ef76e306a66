/** `kdeploy completion SHELL`: a script that has a shell complete commands and options. */
import { KdeployError } from "../errors.ts";
import { defineCommand, type Entry } from "./command.ts";
import { type CompletedCommand, completionScript, SHELLS } from "./completion-script.ts";
import { optionsOf } from "./help.ts";
import { SHARED_OPTIONS } from "./options.ts";

export const command = defineCommand({
  description: `Shells: ${SHELLS.join(", ")}. In ~/.bashrc: source <(kdeploy completion bash). In ~/.zshrc, after compinit: source <(kdeploy completion zsh). In ~/.config/fish/config.fish: kdeploy completion fish | source.`,
  arguments: [{ name: "SHELL" }],
  options: {},
  needs: "nothing",
  changes: false,
  async run({ args: [shell = ""], commands, print }) {
    if (!SHELLS.includes(shell)) {
      throw new KdeployError("option-invalid", `no completion for ${JSON.stringify(shell)}`, {
        exitClass: "usage",
        hint: `shells: ${SHELLS.join(", ")}`,
      });
    }
    print(completionScript(shell, await completed(commands, [])));
    return 0;
  },
});

async function completed(entries: readonly Entry[], above: readonly string[]): Promise<CompletedCommand[]> {
  const found: CompletedCommand[] = [];
  for (const entry of entries) {
    if (entry.hidden === true) continue;
    const path = [...above, entry.name];
    if ("commands" in entry) {
      found.push({ path, options: [], withValue: [] }, ...(await completed(entry.commands, path)));
      continue;
    }
    const loaded = await entry.load();
    const all = Object.entries(optionsOf(loaded)).filter(([, option]) => option.hidden !== true);
    const withValue = all.filter(([, option]) => option.kind !== "bool");
    found.push({
      path,
      options: all.map(([name]) => name).filter((name) => !Object.hasOwn(SHARED_OPTIONS, name)),
      withValue: withValue.flatMap(([name, { short }]) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]),
    });
  }
  return found;
}
