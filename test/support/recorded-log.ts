/** An event log whose lines a test can read. */
import { EventLog } from "../../proxy/observe/event-log.ts";

export type RecordedLog = {
  readonly log: EventLog;
  readonly lines: Record<string, unknown>[];
  /** The lines with this message. */
  saying(msg: string): Record<string, unknown>[];
};

export function recordedLog(): RecordedLog {
  const lines: Record<string, unknown>[] = [];
  const sink = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return {
    log: new EventLog(sink, { debug: true }),
    lines,
    saying: (msg) => lines.filter((line) => line["msg"] === msg),
  };
}
