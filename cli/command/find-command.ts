/** A word → the command that it names: exactly, or as the beginning of one only. */
import { suggestionFor } from "../config/suggestion.ts";
import { KdeployError } from "../errors.ts";
import type { Entry } from "./command.ts";

/** By its name in dash or underscore form. */
export function commandNamed<One extends Entry>(word: string, commands: readonly One[]): One | undefined {
  const name = word.replaceAll("_", "-");
  return commands.find((entry) => namesOf(entry).includes(name));
}

/** @throws KdeployError `command-unknown` for none, and for several */
export function commandBegunWith<One extends Entry>(word: string, commands: readonly One[], path: string): One {
  const begun = word.replaceAll("_", "-");
  const visible = commands.filter((entry) => entry.hidden !== true);
  const candidates = begun === "" ? [] : visible.filter((entry) => entry.name.startsWith(begun));
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return only;
  if (candidates.length > 1) {
    const names = candidates.map((entry) => entry.name).join(", ");
    throw new KdeployError("command-unknown", `${path} ${word} may be any of ${names}`, { exitClass: "usage" });
  }
  const near = suggestionFor(word, [...visible.map((entry) => entry.name), "help"]);
  const meant = near === undefined ? "" : ` — did you mean ${near}?`;
  throw new KdeployError("command-unknown", `unknown command ${path} ${word}${meant}`, {
    exitClass: "usage",
    hint: `${path} --help lists the commands`,
  });
}

function namesOf(entry: Entry): readonly string[] {
  return "aliases" in entry ? [entry.name, ...(entry.aliases ?? [])] : [entry.name];
}
