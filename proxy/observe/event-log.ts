/** The event log: what happened, with its facts → one JSON line into a sink. Names and fields: proxy-behaviour §10.2. */
import { logTime } from "./log-time.ts";

/** Takes whole lines, newline included. */
export type LineSink = { write(line: string): void };

export type LogLevel = "DEBUG" | "INFO" | "WARN" | "ERROR";
/** Facts in the order to be printed; undefined ones are left out, errors become their message. */
export type LogFields = { readonly [name: string]: unknown };

export class EventLog {
  readonly #sink: LineSink;
  readonly #debug: boolean;

  constructor(sink: LineSink, options: { debug?: boolean } = {}) {
    this.#sink = sink;
    this.#debug = options.debug ?? false;
  }

  debug(msg: string, fields: LogFields = {}): void {
    if (this.#debug) this.#write("DEBUG", msg, fields);
  }

  info(msg: string, fields: LogFields = {}): void {
    this.#write("INFO", msg, fields);
  }

  warn(msg: string, fields: LogFields = {}): void {
    this.#write("WARN", msg, fields);
  }

  error(msg: string, fields: LogFields = {}): void {
    this.#write("ERROR", msg, fields);
  }

  #write(level: LogLevel, msg: string, fields: LogFields): void {
    let line = `{"time":"${logTime()}","level":"${level}","msg":${JSON.stringify(msg)}`;
    for (const name of Object.keys(fields)) {
      const text = JSON.stringify(loggable(fields[name]));
      if (text !== undefined) line += `,${JSON.stringify(name)}:${text}`;
    }
    this.#sink.write(`${line}}\n`);
  }
}

function loggable(value: unknown): unknown {
  if (value instanceof Error) return value.message;
  return typeof value === "bigint" ? value.toString() : value;
}
