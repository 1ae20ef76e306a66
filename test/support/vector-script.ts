/** Vector text with macros → the steps that a client carries out: bytes, pauses, a half-close. */

export type Step =
  | { readonly kind: "bytes"; readonly text: string }
  | { readonly kind: "pause"; readonly durationMs: number }
  | { readonly kind: "fin" };

const MACRO = /\{\{(?:PAUSE:(\d+)|(FIN)|([\s\S]*?)\*(\d+))\}\}/g;

/** Expands `{{text*N}}`, `{{PAUSE:ms}}` and `{{FIN}}`; bytes between pauses stay in one piece. */
export function stepsOf(raw: string): Step[] {
  const steps: Step[] = [];
  let text = "";
  let from = 0;
  const flush = (): void => {
    if (text !== "") steps.push({ kind: "bytes", text });
    text = "";
  };
  for (const match of raw.matchAll(MACRO)) {
    text += raw.slice(from, match.index);
    from = match.index + match[0].length;
    if (match[1] !== undefined) {
      flush();
      steps.push({ kind: "pause", durationMs: Number(match[1]) });
    } else if (match[2] !== undefined) {
      flush();
      steps.push({ kind: "fin" });
    } else {
      text += (match[3] as string).repeat(Number(match[4]));
    }
  }
  text += raw.slice(from);
  flush();
  return steps;
}
