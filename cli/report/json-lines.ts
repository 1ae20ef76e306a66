/** Events → one JSON object per line on standard output, each with its time: for programs. See README, Events. */
import type { WorkEvent } from "../execute/event.ts";
import type { Reporter } from "./reporter.ts";
import type { Terminal } from "./terminal.ts";

export function jsonLines(terminal: Terminal): Reporter {
  const report = (event: WorkEvent): void => {
    const { event: name, ...fields } = event;
    const told = { event: name, time: new Date().toISOString(), ...fields };
    // A field that an event can have is always there. Fractions of a millisecond are noise.
    const line = JSON.stringify(told, (_, value: unknown) =>
      typeof value === "number" ? Math.round(value) : (value ?? null),
    );
    terminal.stdout.write(`${line}\n`);
  };
  const nothing = (): void => {};
  return {
    report,
    print: (text) => report({ event: "said", kind: "progress", text: text.replace(/\n$/, "") }),
    pause: nothing,
    resume: nothing,
    close: nothing,
  };
}
