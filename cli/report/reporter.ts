/** What speaks to people or programs: events in, words out. */
import type { Report } from "../execute/event.ts";

export interface Reporter {
  readonly report: Report;
  /** Text for standard output, as it is. */
  print(text: string): void;
  /** Nothing is drawn until `resume`: somebody else uses the terminal, for a question. */
  pause(): void;
  resume(): void;
  /** The terminal is left as it was found. */
  close(): void;
}
