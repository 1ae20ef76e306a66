/** The commands and their flags → a script that has a shell complete them. Names only: what a value may be, help says. */
import { ProxyError } from "../errors.ts";

/** `["rollout", "set"]`; a group has no flags but commands below it. */
export type CompletedCommand = { readonly path: readonly string[]; readonly flags: readonly string[] };

const WRITERS: Readonly<Record<string, (program: string, commands: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
  powershell: powershellScript,
};

export const SHELLS: readonly string[] = Object.keys(WRITERS);

/** @param shells what was asked for; exactly one @throws ProxyError `invalid-argument` */
export function completionScript(
  shells: readonly string[],
  program: string,
  commands: readonly CompletedCommand[],
): string {
  const [shell = ""] = shells;
  if (shells.length !== 1) {
    throw new ProxyError("invalid-argument", `accepts 1 arg(s), received ${shells.length}`);
  }
  const write = Object.hasOwn(WRITERS, shell) ? WRITERS[shell] : undefined;
  if (write !== undefined) return write(program, commands);
  throw new ProxyError("invalid-argument", `unknown command ${JSON.stringify(shell)} for "${program} completion"`, {
    hint: `Shells: ${SHELLS.join(", ")}.`,
  });
}

/** What can come after the words of `path`: commands below it, else its flags. */
function wordsAfter(path: readonly string[], commands: readonly CompletedCommand[]): string {
  const below = commands.filter((command) => command.path.slice(0, -1).join(" ") === path.join(" "));
  if (below.length > 0) return below.map((command) => command.path.at(-1)).join(" ");
  const own = commands.find((command) => command.path.join(" ") === path.join(" "));
  return [...(own?.flags ?? []), "help"].map((flag) => `--${flag}`).join(" ");
}

/** The choices by the command that is being typed, the most specific first; then those at the very beginning. */
function cases(commands: readonly CompletedCommand[], row: (pattern: string, words: string) => string): string {
  return commands
    .toSorted((a, b) => b.path.length - a.path.length)
    .map(({ path }) => row(path.join(" "), wordsAfter(path, commands)))
    .join("\n");
}

function bashScript(program: string, commands: readonly CompletedCommand[]): string {
  const name = functionName(program);
  return `${name}() {
  local words
  case "\${COMP_WORDS[*]:1:COMP_CWORD-1} " in
${cases(commands, (pattern, words) => `    "${pattern} "*) words="${words}" ;;`)}
    *) words="${wordsAfter([], commands)}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F ${name} ${program}
`;
}

function zshScript(program: string, commands: readonly CompletedCommand[]): string {
  const name = functionName(program);
  return `#compdef ${program}
${name}() {
  case "\${(j: :)words[2,CURRENT-1]} " in
${cases(commands, (pattern, words) => `    "${pattern} "*) compadd -- ${words} ;;`)}
    *) compadd -- ${wordsAfter([], commands)} ;;
  esac
}
compdef ${name} ${program}
`;
}

function fishScript(program: string, commands: readonly CompletedCommand[]): string {
  const name = functionName(program);
  return `function ${name}
  switch (string join ' ' (commandline -opc)[2..])' '
${cases(commands, (pattern, words) => `    case '${pattern} *'\n      string split ' ' -- '${words}'`)}
    case '*'
      string split ' ' -- '${wordsAfter([], commands)}'
  end
end
complete -c ${program} -f -a '(${name})'
`;
}

function powershellScript(program: string, commands: readonly CompletedCommand[]): string {
  return `Register-ArgumentCompleter -Native -CommandName '${program}' -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $before = $commandAst.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursorPosition }
  $words = switch -Wildcard (($before -join ' ') + ' ') {
${cases(commands, (pattern, words) => `    '${pattern} *' { '${words}'; break }`)}
    default { '${wordsAfter([], commands)}' }
  }
  $words -split ' ' | Where-Object { $_ -like "$wordToComplete*" }
}
`;
}

function functionName(program: string): string {
  return `_${program.replaceAll("-", "_")}`;
}
