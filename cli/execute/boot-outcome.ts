/** What each host is left with after a boot that failed or was cancelled: its containers in, sentences for people out. */
import { say } from "./in-step.ts";
import type { NewContainer } from "./new-container.ts";
import type { Work } from "./work.ts";

export function sayOutcomes(work: Work, version: string, containers: readonly NewContainer[]): void {
  for (const container of containers) {
    const { outcome, host } = container;
    say(
      work,
      outcome === "unknown" || outcome === "left-over" ? "warning" : "notice",
      sentence(version, container),
      host,
    );
  }
}

type Words = (before: string, version: string, oldVersion: string | undefined) => string;

const SENTENCES: Readonly<Record<NewContainer["outcome"], Words>> = {
  untouched: () => "untouched.",
  restored: (before) => `${before}, as before.`,
  "left-over": (before, version) =>
    `${before}, as before. The container of ${version} may be left over; the next deploy cleans up.`,
  switched: (_, version) => `runs ${version}.`,
  unknown: (_, version, oldVersion) =>
    `it is not known whether ${version} or ${oldVersion ?? "nothing"} serves. ` +
    "Nothing that may serve was removed; the next deploy cleans up.",
};

function sentence(version: string, { oldVersion, outcome, role }: NewContainer): string {
  const before = oldVersion === undefined ? "nothing ran before" : `runs ${oldVersion}`;
  return `${role.name}: ${SENTENCES[outcome](before, version, oldVersion)}`;
}
