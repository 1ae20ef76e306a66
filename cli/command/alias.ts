/** A word that is no command → the words that the configuration has it stand for. */
import { KdeployError } from "../errors.ts";
import type { Terminal } from "../report/terminal.ts";
import { SHARED_OPTIONS } from "./options.ts";
import { parseWords } from "./parse-words.ts";

export type AliasAnswer = { readonly words: readonly string[] } | { readonly error: unknown } | undefined;

/** The words of the alias in place of its name; why the configuration could not be asked; or undefined. */
export async function expandAlias(
  name: string,
  before: readonly string[],
  after: readonly string[],
  terminal: Terminal,
): Promise<AliasAnswer> {
  const [{ loadConfig }, { splitWords }] = await Promise.all([
    import("../config/load.ts"),
    import("../secret/expansion.ts"),
  ]);
  const { cwd, env } = terminal;
  try {
    // What the command that is meant takes is not known yet: its options are words like any other here.
    const { values } = parseWords([...before, name, ...after], SHARED_OPTIONS, {
      path: "kdeploy",
      passesOptions: true,
    });
    const { "config-file": file, destination } = values as { "config-file": string; destination: string | undefined };
    const { config } = await loadConfig({ file, destination, cwd, env });
    const meaning = Object.hasOwn(config.aliases, name) ? config.aliases[name] : undefined;
    return meaning === undefined ? undefined : { words: [...before, ...splitWords(meaning), ...after] };
  } catch (error) {
    // Without a configuration there are no aliases, and the word is unknown.
    if (error instanceof KdeployError && error.code === "config-not-found") return undefined;
    return { error };
  }
}
