/** Events → where the time of a long run went: its steps, summed up in one line, and how long it took in all. */
import type { RunFinished, WorkEvent } from "../execute/event.ts";

/** Commands whose time is worth a line when they have changed something. */
const LONG: ReadonlySet<string> = new Set([
  "setup",
  "deploy",
  "redeploy",
  "rollback",
  "remove",
  "upgrade",
  "reconcile",
  "accessory boot",
  "accessory reboot",
  "accessory upgrade",
  "app boot",
  "build deliver",
  "build dev",
  "build push",
  "build pull",
  "proxy reboot",
  "prune all",
  "server bootstrap",
]);
/** Titles of steps, as `inStep` has them, and what is short for them; another title stands for itself. */
const SHORT: readonly (readonly [RegExp, string])[] = [
  [/^Run the (\S+) hook$/, "$1 hook"],
  [/^Check Docker$/, "docker"],
  [/^Install Docker .*/, "docker"],
  [/^(?:Prepare the build|Clone commit .*|Make the builder.*|Build and push \S+|Build \S+)$/, "build"],
  [/^Push \S+$/, "push"],
  [/^(?:Ask the registry for .*|Let port .* lead to the registry here)$/, "registry"],
  [/^Pull \S+$/, "pull"],
  [/^(?:Take|Release) the deploy lock$/, "lock"],
  [/^Check that every host .*/, "images"],
  [/^Find the last good release$/, "releases"],
  [/^Start the proxy$/, "proxy"],
  [/^Start accessory (\S+)$/, "$1"],
  [/^Stop stale containers$/, "stale containers"],
  [/^Prepare files$/, "files"],
  [/^Start \S+ and wait until it is ready$/, "boot"],
  [/^Switch to \S+$/, "switch"],
  [/^Stop the old containers$/, "old containers"],
  [/^Restore what was before$/, "restore"],
  [/^Tag \S+ as latest$/, "tag"],
  [/^Prune .*/, "prune"],
  [/^Look what the build gets$/, "context"],
  [/^(?:Ask the servers what they have|Ask servers that left the configuration)$/, "questions"],
  [/^(?:Reboot|Replace|Remove) the proxy$/, "proxy"],
  [/^(?:Stop|Remove) the app$/, "app"],
  [/^(?:Upgrade|Stop|Remove|Bring) accessory (\S+)(?: back)?$/, "$1"],
  [/^Remove what left the configuration$/, "leftovers"],
  [/^Log (?:in|out)(?: .*)?$/, "registry"],
];
const LEAST_SHOWN_MS = 50;
const MAX_SHOWN = 8;

export class RunTime {
  #told = false;
  readonly #open = new Set<number>();
  readonly #titles = new Map<number, string>();
  readonly #spentMs = new Map<string, number>();

  take(event: WorkEvent): void {
    if (event.event === "run-started") this.#told = event.changes && LONG.has(event.command);
    if (event.event === "step-started") {
      // The time of a step inside another one is in that one's.
      if (this.#open.size === 0) this.#titles.set(event.id, shortOf(event.title));
      this.#open.add(event.id);
    }
    if (event.event === "step-finished") {
      this.#open.delete(event.id);
      const title = this.#titles.get(event.id);
      if (title !== undefined) this.#spentMs.set(title, (this.#spentMs.get(title) ?? 0) + event.durationMs);
    }
  }

  /** The outermost steps with their times, those that took the longest; for anybody, whatever the command. */
  spent(durationMs: number): readonly (readonly [string, number])[] {
    const worthIt = [...this.#spentMs].filter(([, ms]) => ms >= LEAST_SHOWN_MS);
    const longest = new Set(worthIt.toSorted(([, one], [, other]) => other - one).slice(0, MAX_SHOWN));
    const shown = worthIt.filter((entry) => longest.has(entry));
    const restMs = durationMs - shown.reduce((sum, [, ms]) => sum + ms, 0);
    return restMs >= LEAST_SHOWN_MS && shown.length > 0 ? [...shown, ["rest", restMs]] : shown;
  }

  /** Empty for a run that is short, or changed nothing. */
  lines({ durationMs }: RunFinished): string[] {
    if (!this.#told) return [];
    const spent = this.spent(durationMs).map(([title, ms]) => `${title} ${inSeconds(ms)} s`);
    const all = `  Finished all in ${inSeconds(durationMs)} seconds`;
    return spent.length < 2 ? [all] : [`  Time: ${spent.join(", ")}`, all];
  }
}

function shortOf(title: string): string {
  const found = SHORT.find(([pattern]) => pattern.test(title));
  return found === undefined ? title : title.replace(found[0], found[1]);
}

function inSeconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
