/** What a check comes to: one sentence about one thing, with the values that it saw. */
import type { Checked } from "../event.ts";

/**
 * `problem`: a deploy would fail, or its requests would. `warning`: it may be meant so. `skipped`: the sentence says why.
 */
export type Finding = Pick<Checked, "check" | "verdict" | "text" | "hint">;
export type Verdict = Finding["verdict"];

export function ok(check: string, text: string): Finding {
  return { check, verdict: "ok", text, hint: undefined };
}

export function warning(check: string, text: string, hint: string): Finding {
  return { check, verdict: "warning", text, hint };
}

export function problem(check: string, text: string, hint: string | undefined): Finding {
  return { check, verdict: "problem", text, hint };
}

export function skipped(check: string, text: string): Finding {
  return { check, verdict: "skipped", text, hint: undefined };
}
