/** Ctrl-C, SIGTERM and a closed terminal → an aborted signal; a second one ends the process at once. What follows a log ends with its reader, too. */
import { EXIT_CODES } from "../errors.ts";
import type { Reporter } from "../report/reporter.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export type Interruption = { readonly signal: AbortSignal; readonly stopWatching: () => void };

/** @param quietly an interruption is the ordinary end: nothing is said of it */
export function watchInterruption(reporter: Reporter, quietly = false): Interruption {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      reporter.close();
      process.exit(EXIT_CODES.interrupted);
    }
    const text = `${name}: stopping, and putting in order what was begun. Once more to stop at once.`;
    if (!quietly) reporter.report({ event: "said", kind: "warning", text });
    controller.abort();
  };
  const onLostReader = (): void => controller.abort();
  for (const name of SIGNALS) process.on(name, onSignal);
  // `… logs -f | head`: nobody reads the rest, and nothing is left half done.
  if (quietly) process.stdout.on("error", onLostReader);
  return {
    signal: controller.signal,
    stopWatching: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
      process.stdout.off("error", onLostReader);
    },
  };
}
