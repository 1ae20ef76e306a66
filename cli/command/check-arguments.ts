/** The words of a command that are no options: as many as it takes, or an error that says what is wrong. */
import { KdeployError } from "../errors.ts";
import type { CommandModule } from "./command.ts";

/** @throws KdeployError `argument-missing`, `argument-unexpected` */
export function checkArguments(command: CommandModule, args: readonly string[], typed: string): void {
  const known = command.arguments ?? [];
  const missing = known.filter((argument, at) => argument.optional !== true && at >= args.length);
  const hint = `${typed} --help explains it`;
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(" ");
    throw new KdeployError("argument-missing", `${typed} needs ${names}`, { exitClass: "usage", hint });
  }
  const takesAll = known.at(-1)?.rest === true;
  if (takesAll || args.length <= known.length) return;
  const extra = args.slice(known.length).map((word) => JSON.stringify(word));
  throw new KdeployError("argument-unexpected", `${typed} does not take ${extra.join(" ")}`, {
    exitClass: "usage",
    hint,
  });
}
