/**
 * Secret variables of a container → the file from which it gets them, byte for byte, and what a `docker run` needs to read it.
 *
 * Docker's env files are one line for each variable, taken as it stands. What fits goes there. Docker cannot read a value with a
 * newline, nor a line of 64 KiB; those stand in the same file as comments, which Docker skips: with the `#` taken off they are
 * shell that exports the variable and adds `--env NAME` to the positional parameters. So there is one file, of mode 0600 and
 * written in one step, and no value is ever an argument of a process.
 */
import { KdeployError } from "../errors.ts";
import { Secret } from "../secret/secret.ts";
import { program, word } from "./conventions.ts";
import { quote } from "./shell.ts";

/** Docker refuses lines from 64 KiB on; leaves room for the name. */
const MAX_LINE_BYTES = 60_000;
/** The kernel takes no longer `NAME=value`, its terminating NUL counted. MAX_ARG_STRLEN in binfmts.h. */
const MAX_VARIABLE_BYTES = 128 * 1024 - 1;
/** UTF-16 units of one piece of an exported value: quoted, it is below a line's limit whatever it holds. */
const PIECE_LENGTH = 8 * 1024;

/** Exported, these would change what the shell or the docker client does before the container has them. */
const NOT_EXPORTABLE =
  /^(?:_|PATH|HOME|IFS|ENV|PWD|OLDPWD|PPID|UID|EUID|GROUPS|OPT(?:ARG|IND|ERR)|PS[0-9]|RANDOM|SRANDOM|SECONDS|EPOCH\w+|LINENO|FUNCNAME|DIRSTACK|HOSTNAME|MAILCHECK|SHELLOPTS|POSIXLY_CORRECT|TMPDIR|SSH_AUTH_SOCK|SSH_ASKPASS|GODEBUG|GOTRACEBACK|BASH\w*|LC_\w+|LANG|LD_\w+|DOCKER_\w+|OTEL_\w+|(?:HTTPS?|NO|ALL)_PROXY|(?:https?|no|all)_proxy)$/;

export type EnvFile = {
  readonly content: Secret;
  /** Whether something in it takes the shell's way. */
  readonly exported: boolean;
};

/**
 * What `docker run` says of an env file. `unknown` is for a file written earlier: the shell then looks, and finds nothing in most.
 */
export type EnvFileUse = { readonly path: string; readonly exported: boolean | "unknown" };

/**
 * Variables that are `clear` too are left out: the clear one counts.
 * @throws KdeployError for a value that no variable can hold; it names the variable, never the value
 */
export function envFile(secrets: ReadonlyMap<string, Secret>, clear: Readonly<Record<string, string>>): EnvFile {
  const lines: string[] = [];
  const exports: string[] = [];
  for (const [name, secret] of secrets) {
    if (Object.hasOwn(clear, name)) continue;
    const value = secret.reveal();
    const bytes = Buffer.byteLength(name) + 1 + Buffer.byteLength(value);
    if (value.includes("\0")) refuse(name, "has a NUL character, which no variable can hold");
    if (bytes > MAX_VARIABLE_BYTES) refuse(name, `has ${bytes} bytes; a variable has at most ${MAX_VARIABLE_BYTES}`);
    if (/[\n\r]/.test(value) || bytes > MAX_LINE_BYTES) exports.push(exportOf(name, value));
    else lines.push(`${name}=${value}`);
  }
  const commented =
    exports.length === 0
      ? []
      : exports
          .join(" &&\n")
          .split("\n")
          .map((line) => `#${line}`);
  return { content: new Secret(`${[...lines, ...commented].join("\n")}\n`), exported: exports.length > 0 };
}

/** `--env-file PATH`, with the variables from the shell after it where there may be some. */
export function envFileFlag(file: EnvFileUse): string {
  return `--env-file ${word(file.path)}${file.exported === false ? "" : ' "$@"'}`;
}

/** The `docker run` that reads the file, after what its `"$@"` needs. */
export function withEnvFile(file: EnvFileUse, line: string): string {
  return file.exported === false ? line : `eval "$(sed -n 's/^#//p' ${word(file.path)})" && ${line}`;
}

/**
 * A line whose environment has these values, from its standard input. For programs of this machine that are told a variable's name,
 * such as `buildx --secret id=NAME`.
 */
export function withExports(values: ReadonlyMap<string, Secret>, line: string): { command: string; input?: Secret } {
  if (values.size === 0) return { command: line };
  const script = [...values].map(([name, secret]) => `export ${checkedName(name)}=${quote(secret.reveal())}`);
  return { command: `eval "$(cat)" && ${line}`, input: new Secret(script.join(" &&\n")) };
}

/** Makes the directory, and the file that is there stays as another name of it; an empty one stands for none. To be undone by `putBack`. */
export function keep(path: string): string {
  const [file, kept] = [word(path), word(keptPath(path))];
  // Uploads put another file in its place and leave this one as it is. Not every file system has links.
  const link = `{ ln -f ${file} ${kept} 2> /dev/null || cp -p ${file} ${kept}; }`;
  const directory = word(path.slice(0, path.lastIndexOf("/")));
  return `${program("mkdir -p", directory)} && if test -f ${file}; then ${link}; else (umask 077; : > ${kept}); fi`;
}

/** The file is as it was before `keep`. Twice is as good as once. */
export function putBack(path: string): string {
  const [file, kept] = [word(path), word(keptPath(path))];
  return `if test -s ${kept}; then mv -f ${kept} ${file}; elif test -f ${kept}; then rm -f ${file} ${kept}; fi`;
}

/** The files stay as they are now. */
export function forgetKept(paths: readonly string[]): string {
  return program("rm -f", paths.map(keptPath).map(word));
}

function keptPath(path: string): string {
  return `${path}.previous`;
}

function exportOf(name: string, value: string): string {
  // One line of the file must stay short: outside of quotes a backslash and a newline join two.
  const pieces: string[] = [];
  for (let from = 0; from < value.length; ) {
    let to = Math.min(from + PIECE_LENGTH, value.length);
    if (/[\uD800-\uDBFF]/.test(value.charAt(to - 1)) && to < value.length) to += 1;
    pieces.push(quote(value.slice(from, to)));
    from = to;
  }
  return `export ${checkedName(name)}=${pieces.join("\\\n")} && set -- "$@" --env ${name}`;
}

function checkedName(name: string): string {
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    refuse(name, "has several lines or more than 60 kB, and its name is not one that a shell can export");
  }
  if (NOT_EXPORTABLE.test(name)) {
    refuse(
      name,
      "has several lines or more than 60 kB, and would change how the server's shell or docker itself works",
    );
  }
  return name;
}

function refuse(name: string, why: string): never {
  throw new KdeployError("variable-not-passable", `The variable ${name} ${why}.`, {
    exitClass: "secret",
    hint: "Give it in a text form of one line, such as base64, under a name of the app's own.",
  });
}
