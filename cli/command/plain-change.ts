/** Commands that change something and take no options of their own: what each does in, the command out. */
import type { Work } from "../execute/work.ts";
import { type CommandModule, defineCommand } from "./command.ts";

/** Without arguments. */
export function plainChange(perform: (work: Work) => Promise<unknown>, description?: string): CommandModule {
  return change([], perform, description);
}

/** Of one accessory, or of all. */
export function accessoryChange(
  perform: (work: Work, name: string) => Promise<unknown>,
  description?: string,
): CommandModule {
  return change([{ name: "NAME" }], perform, description);
}

function change(
  words: NonNullable<CommandModule["arguments"]>,
  perform: (work: Work, name: string) => Promise<unknown>,
  description: string | undefined,
): CommandModule {
  return defineCommand({
    ...(description === undefined ? {} : { description }),
    arguments: words,
    options: {},
    needs: "work",
    changes: true,
    needsVersion: false,
    async run({ work, args: [name = ""] }) {
      await perform(work, name);
      return 0;
    },
  });
}
