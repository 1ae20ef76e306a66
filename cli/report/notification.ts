/** What became of a run → one sentence for a chat, and the body that Slack, Discord or a program of one's own wants. */
import type { Notification, NotifyEvent } from "../config/config.ts";

/** What is worth a message, with all that it may say. */
export type News = {
  readonly event: NotifyEvent;
  /** As typed: `app boot`. */
  readonly command: string;
  readonly service: string;
  readonly destination: string | undefined;
  readonly version: string | undefined;
  readonly performer: string;
  readonly hosts: readonly string[];
  /** Undefined at the start. */
  readonly durationMs: number | undefined;
  readonly error: { readonly code: string; readonly message: string } | undefined;
};

const SHORT_VERSION = 7;
/** Characters that Discord takes; Slack cuts later. */
const MAX_LENGTH = 1_900;

export function sentenceOf(news: News): string {
  const { destination, durationMs, error, hosts, performer, service } = news;
  const name = destination === undefined ? service : `${service} (${destination})`;
  const time = durationMs === undefined ? "" : ` ${news.event === "failed" ? "after" : "in"} ${seconds(durationMs)}`;
  const where = `${hosts.length} ${hosts.length === 1 ? "host" : "hosts"}`;
  const why = error === undefined ? "" : ` ${error.code}: ${firstLine(error.message)}`;
  const text = `${name}: ${whatHappened(news)}${time}, by ${performer}, ${where}.${why}`;
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
}

export function bodyOf(news: News, format: Notification["format"], now: Date): unknown {
  const text = sentenceOf(news);
  // The three characters that are more than themselves there.
  if (format === "slack")
    return { text: text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;") };
  if (format === "discord") return { content: text, allowed_mentions: { parse: [] } };
  const { command, destination, durationMs, error, event, hosts, performer, service, version } = news;
  return {
    event,
    time: now.toISOString(),
    text,
    command,
    service,
    destination: destination ?? null,
    version: version ?? null,
    performer,
    hosts,
    durationMs: durationMs === undefined ? null : Math.round(durationMs),
    error: error === undefined ? null : { code: error.code, message: firstLine(error.message) },
  };
}

const WORDS: { readonly [Event in NotifyEvent]: (command: string, version: string) => string } = {
  started: (command, version) => `${command}${version} started`,
  finished: (command, version) => `${command}${version} finished`,
  failed: (command, version) => `${command}${version} FAILED`,
  "rolled-back": (_, version) => `rolled back to${version}`,
  maintenance: () => "maintenance began",
  live: () => "maintenance ended",
};

function whatHappened({ command, event, version }: News): string {
  return WORDS[event](command, version === undefined ? "" : ` ${shortVersion(version)}`);
}

function shortVersion(version: string): string {
  return version.includes("_") ? version : version.slice(0, SHORT_VERSION);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
