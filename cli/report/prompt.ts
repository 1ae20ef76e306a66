/** A question → a person's yes or no. */
import { createInterface } from "node:readline";
import { KdeployError } from "../errors.ts";
import type { Terminal } from "./terminal.ts";
import { inLine } from "./words.ts";

const MAX_ATTEMPTS = 3;

/**
 * Asked on stderr, which stays the person's when stdout goes elsewhere.
 * @throws KdeployError `declined` for no, for the end of input, and when it is interrupted
 */
export async function confirm(question: string, terminal: Terminal, signal: AbortSignal): Promise<void> {
  // Without `terminal`, so that Ctrl-C stays a signal.
  const lines = createInterface({ input: terminal.stdin, terminal: false, signal });
  const answers = lines[Symbol.asyncIterator]();
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      terminal.stderr.write(`${inLine(question)} [y/N] `);
      const { value, done } = await answers.next();
      if (done === true) break;
      const answer = value.trim().toLowerCase();
      if (answer === "y" || answer === "yes") return;
      if (answer === "n" || answer === "no" || answer === "") throw declined("the answer was no");
    }
  } finally {
    lines.close();
  }
  terminal.stderr.write("\n");
  throw signal.aborted ? interrupted() : declined("there was no answer", "--yes answers for you, where nobody can");
}

function declined(why: string, hint?: string): KdeployError {
  return new KdeployError("declined", `nothing done: ${why}`, { hint });
}

function interrupted(): KdeployError {
  return new KdeployError("declined", "nothing done: interrupted", { exitClass: "interrupted" });
}
