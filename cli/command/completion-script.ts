/** Commands and their options → a script that has a shell complete them. Names only: what a value may be, help says. */
import { SHARED_OPTIONS } from "./options.ts";

/** `["app", "boot"]`; a group has commands below it. `options` are long names beside those of every command. */
export type CompletedCommand = {
  readonly path: readonly string[];
  readonly options: readonly string[];
  /** As typed, `--lines` and `-n`: the word after it is no command. */
  readonly withValue: readonly string[];
};

const WRITERS: Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export const SHELLS: readonly string[] = Object.keys(WRITERS);

/** @param shell one of SHELLS */
export function completionScript(shell: string, commands: readonly CompletedCommand[]): string {
  return WRITERS[shell]?.(commands) ?? "";
}

const SHARED_WORDS = Object.keys(SHARED_OPTIONS)
  .map((name) => `--${name}`)
  .join(" ");

function namesBelow(path: readonly string[], commands: readonly CompletedCommand[]): string[] {
  return commands
    .filter((command) => command.path.slice(0, -1).join(" ") === path.join(" "))
    .map((command) => command.path.at(-1) as string);
}

/** Rows of a `case`: the command that is being typed, and what can come after it. */
function cases(commands: readonly CompletedCommand[], row: (pattern: string, words: string) => string): string {
  const rows = commands.map(({ path, options }) => {
    const below = namesBelow(path, commands);
    return row(path.join(" "), below.length > 0 ? below.join(" ") : options.map((name) => `--${name}`).join(" "));
  });
  return [row("", [...namesBelow([], commands), "help"].join(" ")), ...rows].join("\n");
}

/** Of all commands: an option has a value in every command that has it, or in none. */
function valueOptions(commands: readonly CompletedCommand[]): string[] {
  return [...new Set(commands.flatMap(({ withValue }) => withValue))];
}

function bashScript(commands: readonly CompletedCommand[]): string {
  return `_kdeploy() {
  local word path="" words="" skip="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [ -n "$skip" ]; then skip=""; continue; fi
    case "$word" in
      ${valueOptions(commands).join("|")}) skip=yes ;;
      -*) ;;
      help) ;;
      *) path="\${path:+$path }$word" ;;
    esac
  done
  # The value of an option: the shell's own completion of files.
  if [ -n "$skip" ]; then COMPREPLY=(); return; fi
  case "$path" in
${cases(commands, (pattern, words) => `    "${pattern}") words="${words}" ;;`)}
  esac
  case "\${COMP_WORDS[COMP_CWORD]}" in
    -*) words="$words ${SHARED_WORDS}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _kdeploy kdeploy
`;
}

/** Not by way of bash's: names of zsh's own, such as `path`, mean something else there. */
function zshScript(commands: readonly CompletedCommand[]): string {
  return `(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
_kdeploy() {
  local word typed="" offered="" skip="" i
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    if [[ -n "$skip" ]]; then skip=""; continue; fi
    case "$word" in
      ${valueOptions(commands).join("|")}) skip=yes ;;
      -*) ;;
      help) ;;
      *) typed="\${typed:+$typed }$word" ;;
    esac
  done
  if [[ -n "$skip" ]]; then _files; return; fi
  case "$typed" in
${cases(commands, (pattern, words) => `    "${pattern}") offered="${words}" ;;`)}
  esac
  [[ "\${words[CURRENT]}" == -* ]] && offered="$offered ${SHARED_WORDS}"
  compadd -- \${=offered}
}
compdef _kdeploy kdeploy
`;
}

function fishScript(commands: readonly CompletedCommand[]): string {
  return `function __kdeploy_words
  set -l typed
  set -l skip
  set -l words (commandline -opc)
  set -e words[1]
  for word in $words
    if test -n "$skip"
      set skip
      continue
    end
    switch $word
      case ${valueOptions(commands).join(" ")}
        set skip yes
      case '-*' help
      case '*'
        set -a typed $word
    end
  end
  if test -n "$skip"
    __fish_complete_path (commandline -ct)
    return
  end
  switch "$typed"
${cases(commands, (pattern, words) => `    case '${pattern}'\n      string split -n ' ' -- '${words}'`)}
  end
  string match -q -- '-*' (commandline -ct); and string split ' ' -- '${SHARED_WORDS}'
end
complete -c kdeploy -f -a '(__kdeploy_words)'
`;
}
