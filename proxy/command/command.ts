/** The shape that all subcommands share: flags, arguments, and what to do with them. */
import { ProxyError } from "../errors.ts";
import type { FlagTable, FlagValues } from "../options/flags.ts";
import type { Terminal } from "./terminal.ts";

export type Input<Table extends FlagTable> = {
  readonly values: FlagValues<Table>;
  /** Names of the flags that the arguments name. */
  readonly mentioned: ReadonlySet<string>;
  readonly positionals: readonly string[];
  readonly terminal: Terminal;
};

export type CommandModule<Table extends FlagTable = FlagTable> = {
  readonly flags: Table;
  /** Returns the exit code. @throws ProxyError for the terminal */
  run(input: Input<Table>): Promise<number>;
};

/** Checks nothing at run time; it has the compiler infer the flags' types. */
export function defineCommand<const Table extends FlagTable>(command: CommandModule<Table>): CommandModule<Table> {
  return command;
}

/** The one argument that most commands take. @throws ProxyError `invalid-argument` */
export function onlyService(positionals: readonly string[]): string {
  const [service] = positionals;
  if (service === undefined || positionals.length !== 1) {
    throw new ProxyError("invalid-argument", `accepts 1 arg(s), received ${positionals.length}`);
  }
  return service;
}

/** @throws ProxyError `invalid-argument` naming every required flag that has no value */
export function refuseMissing<Table extends FlagTable>(flags: Table, values: FlagValues<Table>): void {
  const missing = Object.keys(flags).filter((name) => flags[name]?.required && isEmpty(values[name]));
  if (missing.length === 0) return;
  throw new ProxyError("invalid-argument", `required flag(s) ${missing.map((name) => `"${name}"`).join(", ")} not set`);
}

/** @throws ProxyError `invalid-argument` when some of `group` are mentioned and others are not */
export function refusePartOf(group: readonly string[], mentioned: ReadonlySet<string>): void {
  const missing = group.filter((name) => !mentioned.has(name));
  if (missing.length === 0 || missing.length === group.length) return;
  throw new ProxyError(
    "invalid-argument",
    `if any flags in the group [${group.join(" ")}] are set they must all be set; missing [${missing.join(" ")}]`,
  );
}

/** @throws ProxyError `invalid-argument` when none of `group` is mentioned */
export function refuseNoneOf(group: readonly string[], mentioned: ReadonlySet<string>): void {
  if (group.some((name) => mentioned.has(name))) return;
  throw new ProxyError("invalid-argument", `at least one of the flags in the group [${group.join(" ")}] is required`);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}
