/** What hears of a run besides the person at the terminal: a log file, a collector, a chat, a CI system. */
import type { Report, Said } from "../execute/event.ts";

/** How a run ends, a moment before `run-finished` says so. */
export type RunEnd = { readonly exitCode: number; readonly durationMs: number };

export type Listener = {
  readonly report: Report;
  /** Delivers what is left, in a few seconds at most. @returns what people should know of it. Never rejects. */
  readonly finish?: (end: RunEnd) => Promise<readonly Said[]>;
  /** After the last event. */
  readonly close?: () => void;
};
