/**
 * The shape that all commands share: arguments, options, what is needed, and what to do. Its name and summary stand in
 * `commands.ts`, which loads the module only to run or explain it: no static imports of yaml, zod or ssh2 from here.
 */
import type { Config } from "../config/config.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Report } from "../execute/event.ts";
import type { Work } from "../execute/work.ts";
import type { Terminal } from "../report/terminal.ts";
import type { Redactor } from "../secret/redactor.ts";
import type { OptionTable, OptionValues, SharedValues } from "./options.ts";

/** `nothing`: runs anywhere. `config`: reads deploy.yml. `work`: reaches servers, this machine's tools or secrets. */
export type Needs = "nothing" | "config" | "work";

export type Argument = {
  /** As in help: `VERSION`. */
  readonly name: string;
  readonly optional?: true;
  /** Takes all further words; the last argument only. */
  readonly rest?: true;
};

export type CommandModule<Table extends OptionTable = OptionTable, What extends Needs = Needs> = {
  /** Below the summary in help: sentences, wrapped there. */
  readonly description?: string;
  readonly arguments?: readonly Argument[];
  readonly options: Table;
  readonly needs: What;
  /** It changes something, here or there: has --dry-run, and log files are kept of it. By the options, where it depends. */
  readonly changes: boolean | ((options: OptionValues<Table>) => boolean);
  /** False: the run is not about the version that this directory has, and need not be in a git repository. */
  readonly needsVersion?: false;
  /** Its words are another program's command line: options that are not ours, once it has begun, belong to it. */
  readonly passesOptions?: true;
  /** Ctrl-C is how a person ends it: nothing is said of that, and it went well. */
  readonly endedByInterruption?: (options: OptionValues<Table>) => boolean;
  /** Standard output is bytes of a program on a host; all else is silent. */
  readonly raw?: (options: OptionValues<Table>) => boolean;
  /** Resolves with the exit code. @throws KdeployError, AggregateError of such, for `report/failure.ts` to word */
  run(context: CommandContext<Table, What>): Promise<number>;
};

export type CommandContext<Table extends OptionTable = OptionTable, What extends Needs = Needs> = BaseContext<Table> &
  Provided[What];

type Provided = {
  nothing: unknown;
  config: { readonly loaded: LoadedConfig; readonly config: Config; readonly version: () => Promise<string> };
  work: { readonly config: Config; readonly work: Work };
};

type BaseContext<Table extends OptionTable> = {
  readonly options: OptionValues<Table>;
  readonly shared: SharedValues;
  /** Words that are no options; as many as `arguments` allows. */
  readonly args: readonly string[];
  /** For bytes and prompts; words go through `print` and `report`. */
  readonly terminal: Terminal;
  readonly redactor: Redactor;
  readonly report: Report;
  /** Aborts when the person, or the CI, wants it to end. */
  readonly signal: AbortSignal;
  /** Text for standard output: what was asked for, and nothing else. */
  readonly print: (text: string) => void;
  /** Asks a yes-or-no question, unless `--yes`. @throws KdeployError `declined` for no, or for no answer */
  readonly confirm: (question: string) => Promise<void>;
  /** Nothing is drawn meanwhile: the terminal is another program's. */
  readonly lendTerminal: <Result>(perform: () => Promise<Result>) => Promise<Result>;
  /** Of the whole program, for help and completion. */
  readonly commands: readonly Entry[];
};

export type Leaf = {
  /** In its dash form; `stale_containers` is understood as well. */
  readonly name: string;
  readonly summary: string;
  readonly aliases?: readonly string[];
  /** Works, but is not in help. */
  readonly hidden?: true;
  load(): Promise<CommandModule>;
};
export type Group = {
  readonly name: string;
  readonly summary: string;
  readonly hidden?: true;
  readonly commands: readonly Leaf[];
};
export type Entry = Leaf | Group;

/** Checks nothing at run time; it has the compiler infer the options' types, then forgets them for the table. */
export function defineCommand<const Table extends OptionTable, const What extends Needs>(
  command: CommandModule<Table, What>,
): CommandModule {
  // Options and run() belong together: checked here, where both are written.
  return command as unknown as CommandModule;
}
