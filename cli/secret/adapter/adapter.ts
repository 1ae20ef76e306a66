/** The shape that all password managers share: names of secrets in, their values out, by way of the manager's own program. */
import type { Redactor } from "../redactor.ts";
import type { Program } from "./program.ts";

export interface Adapter {
  /** What the manager's program is called, how it says its version, and where to get it. */
  readonly program?: { readonly name: string; readonly version: readonly string[]; readonly install: string };
  /** `--account`: has to be given, or may be. */
  readonly account: "required" | "optional";
  /** What `--from` has to be, where it has to be given. */
  readonly from?: string;
  /** Without names, all there is is fetched. */
  readonly fetchesAll?: true;
  /** Values by name, in the order asked for. @throws KdeployError `adapter-failed`, `secret-not-found`, `cancelled` */
  fetch(question: Question): Promise<ReadonlyMap<string, string>>;
}

export interface Question {
  readonly names: readonly string[];
  /** Empty where none was given. */
  readonly account: string;
  readonly from: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly redactor: Redactor;
  /** By name or path. */
  readonly open: (program: string) => Program;
}

/** `--from` stands before each name. */
export function pathsOf({ names, from }: Pick<Question, "names" | "from">): readonly string[] {
  return from === undefined ? names : names.map((name) => `${from.replace(/\/+$/, "")}/${name}`);
}

/** The first part, and the rest; undefined where there is none. */
export function splitPath(path: string): readonly [string, string | undefined] {
  const at = path.indexOf("/");
  return at === -1 ? [path, undefined] : [path.slice(0, at), path.slice(at + 1)];
}
