/** Option tables: every option's name, kind, default and words once. Parser, help and completion are built from them. */

type Words = {
  readonly help: string;
  /** One letter, without its dash. */
  readonly short?: string;
  /** Other long names, for compatibility. */
  readonly aliases?: readonly string[];
  /** Works, but is not in help. */
  readonly hidden?: true;
};

export type BoolOption = Words & { readonly kind: "bool"; readonly fallback?: boolean };
export type NumberOption = Words & {
  readonly kind: "number";
  readonly placeholder?: string;
  readonly fallback?: number;
  /** Smallest allowed; 0 unless given. Whole numbers only. */
  readonly least?: number;
};
export type StringOption = Words & {
  readonly kind: "string";
  readonly placeholder?: string;
  readonly fallback?: string;
};
/** Repeatable; after one value, further words that match `follow` belong to it as well: `-e A:1 B:2`. */
export type StringsOption = Words & {
  readonly kind: "strings";
  readonly placeholder?: string;
  readonly follow?: RegExp;
};

export type Option = BoolOption | NumberOption | StringOption | StringsOption;
/** By long name, without its dashes: `skip-push`. */
export type OptionTable = { readonly [name: string]: Option };

type ValueOf<One extends Option> = One["kind"] extends "bool"
  ? boolean
  : One["kind"] extends "strings"
    ? readonly string[]
    : One extends { readonly fallback: string | number }
      ? Widened<One["kind"]>
      : Widened<One["kind"]> | undefined;
type Widened<Kind> = Kind extends "number" ? number : string;

/** What parsing words by a table gives: false, `[]` or undefined for what was not given and has no default. */
export type OptionValues<Table extends OptionTable> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };

/** Every command takes these, before or after its name. Source: cli-commands §1. */
export const SHARED_OPTIONS = {
  verbose: { kind: "bool", short: "v", help: "show every command and all it prints" },
  quiet: { kind: "bool", short: "q", help: "show results and errors only" },
  version: { kind: "string", placeholder: "VERSION", help: "version of the app: a tag of its image" },
  primary: { kind: "bool", short: "p", help: "only the primary host" },
  hosts: { kind: "string", short: "h", placeholder: "LIST", help: "only these hosts; commas, and *, ?, [a-z], {a,b}" },
  roles: { kind: "string", short: "r", placeholder: "LIST", help: "only these roles; as --hosts" },
  "config-file": {
    kind: "string",
    short: "c",
    placeholder: "PATH",
    fallback: "config/deploy.yml",
    help: "configuration to read",
  },
  destination: {
    kind: "string",
    short: "d",
    placeholder: "NAME",
    help: "destination: deploy.NAME.yml on top of deploy.yml",
  },
  "skip-hooks": { kind: "bool", short: "H", help: "run no hooks" },
  "lock-wait": { kind: "bool", help: "wait for a deploy lock that somebody holds" },
  "lock-wait-timeout": {
    kind: "number",
    placeholder: "SECONDS",
    fallback: 900,
    help: "how long to wait for it at most",
  },
  "lock-wait-interval": {
    kind: "number",
    placeholder: "SECONDS",
    fallback: 15,
    least: 1,
    help: "how often to look whether it is free",
  },
  json: { kind: "bool", help: "print events for programs, one JSON object per line" },
  yes: { kind: "bool", short: "y", aliases: ["confirmed"], help: "answer yes to questions" },
  help: { kind: "bool", help: "explain the command" },
} as const satisfies OptionTable;

/** Further, for commands that change something. */
export const CHANGE_OPTIONS = {
  "dry-run": { kind: "bool", help: "say what would run where, and change nothing" },
} as const satisfies OptionTable;

export type SharedValues = OptionValues<typeof SHARED_OPTIONS> & OptionValues<typeof CHANGE_OPTIONS>;
