/** The event log: what happened, with its facts → one JSON line into a sink. Names and fields: proxy-behaviour §10.2. */
import { LOG_LIMITS } from "../limits.ts";
import { BurstLimit } from "./burst-limit.ts";
import { visibleJson } from "./json-text.ts";
import { logTime } from "./log-time.ts";

/** Takes whole lines, newline included. */
export type LineSink = { write(line: string): void };

export type LogLevel = "DEBUG" | "INFO" | "WARN" | "ERROR";
/** Facts in the order to be printed; undefined ones are left out, errors become their message. */
export type LogFields = { readonly [name: string]: unknown };

/** Fields that tell lines with the same message apart, for the limit on bursts. None of them is a client's word. */
const KIND_FIELDS: readonly string[] = ["target", "service", "url"];

type Kind = { readonly level: LogLevel; readonly msg: string; readonly about: LogFields };

/**
 * Every line stays one line of at most `LOG_LIMITS.maxLineBytes`, whatever its values hold. Of lines that are alike
 * (same message, same target, service or URL) a few a second are written, then one that says how many were not.
 */
export class EventLog {
  readonly #sink: LineSink;
  readonly #debug: boolean;
  readonly #bursts = new BurstLimit<Kind>(
    LOG_LIMITS.maxAlikePerSecond,
    LOG_LIMITS.maxKinds,
    ({ level, msg, about }, suppressed) => this.#write(level, msg, { ...about, suppressed }),
  );

  constructor(sink: LineSink, options: { debug?: boolean } = {}) {
    this.#sink = sink;
    this.#debug = options.debug ?? false;
  }

  /** Lines that were not written because too many like them were. */
  get suppressed(): number {
    return this.#bursts.suppressed;
  }

  /** Not limited: who asks for these wants all of them. */
  debug(msg: string, fields: LogFields = {}): void {
    if (this.#debug) this.#write("DEBUG", msg, fields);
  }

  info(msg: string, fields: LogFields = {}): void {
    this.#writeLimited("INFO", msg, fields);
  }

  warn(msg: string, fields: LogFields = {}): void {
    this.#writeLimited("WARN", msg, fields);
  }

  error(msg: string, fields: LogFields = {}): void {
    this.#writeLimited("ERROR", msg, fields);
  }

  #writeLimited(level: LogLevel, msg: string, fields: LogFields): void {
    let name = msg;
    const about: Record<string, unknown> = {};
    for (const field of KIND_FIELDS) {
      if (typeof fields[field] !== "string") continue;
      about[field] = fields[field];
      name += `\n${fields[field]}`;
    }
    if (this.#bursts.admit(name, { level, msg, about })) this.#write(level, msg, fields);
  }

  #write(level: LogLevel, msg: string, fields: LogFields): void {
    const start = `{"time":"${logTime()}","level":"${level}","msg":${visibleJson(msg, LOG_LIMITS.maxValueLength)}`;
    let line = `${start}${fieldsText(fields, LOG_LIMITS.maxValueLength)}}\n`;
    // Most of it is ASCII: only a line that could be too long is measured.
    if (line.length * 3 > LOG_LIMITS.maxLineBytes && Buffer.byteLength(line) > LOG_LIMITS.maxLineBytes) {
      line = `${start}${fieldsText(fields, LOG_LIMITS.maxValueLengthWhenTight)}}\n`;
    }
    this.#sink.write(line);
  }
}

function fieldsText(fields: LogFields, maxLength: number): string {
  let text = "";
  for (const name of Object.keys(fields)) {
    const value = visibleJson(loggable(fields[name]), maxLength);
    if (value !== undefined) text += `,${visibleJson(name, maxLength)}:${value}`;
  }
  return text;
}

function loggable(value: unknown): unknown {
  if (value instanceof Error) return value.message;
  return typeof value === "bigint" ? value.toString() : value;
}
