/** A line of shell together with what it reads: a plain string is a line that reads nothing and may be shown to anybody. */
import type { Secret } from "../secret/secret.ts";

export type RemoteCommand = {
  readonly command: string;
  /** For standard input. */
  readonly input?: string | Secret;
  /** For logs and dry runs, where the line itself holds what not everybody should read. */
  readonly shown?: string;
};

/** What logs and dry runs print. */
export function shownOf(command: string | RemoteCommand): string {
  return typeof command === "string" ? command : (command.shown ?? command.command);
}
