/** What git says of the directory that the tool was started in: lines for this machine, and what they print. Source: cli-docker-commands §9. */

/** Prints the repository's root; fails outside of one. */
export function topLevel(): string {
  return "git rev-parse --show-toplevel";
}

/** Prints the commit; fails where there is none yet. */
export function headCommit(): string {
  return "git rev-parse HEAD";
}

/** A line for each file that is not as committed. `all`: files of new directories one by one, for `parseUncommitted`. */
export function uncommitted({ all = false }: { all?: boolean } = {}): string {
  return `git status --porcelain${all ? " --untracked-files=all" : ""}`;
}

/** Names from the root, as git writes them: with octal escapes for what is not ASCII. What was renamed has its new name. */
export function parseUncommitted(stdout: string): string[] {
  return stdout
    .split("\n")
    .filter((line) => line.length > 3)
    .map((line) => line.slice(3))
    .map((path) => path.slice(path.includes(" -> ") ? path.lastIndexOf(" -> ") + 4 : 0))
    .map((path) => (path.startsWith('"') ? path.slice(1, -1) : path));
}

/** Whether a version is the name of a commit, in full. */
export function isCommit(version: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(version);
}
