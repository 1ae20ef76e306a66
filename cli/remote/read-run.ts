/** A `docker run` that the builders made → what the container will be like. So what a container is compared with is what it would be run with. */
import { type Word, wordsOf } from "./read-line.ts";

/** All flags of a container's line but those that have no value. */
const SWITCHES: ReadonlySet<string> = new Set([
  "detach",
  "disable-content-trust",
  "init",
  "interactive",
  "no-healthcheck",
  "oom-kill-disable",
  "privileged",
  "publish-all",
  "quiet",
  "read-only",
  "rm",
  "sig-proxy",
  "tty",
  "use-api-socket",
]);

export type RunLine = {
  readonly name: string;
  /** By name without dashes, in order; a switch has `true` or `false`. */
  readonly flags: ReadonlyMap<string, readonly Word[]>;
  readonly image: string;
  /** After the image. */
  readonly command: readonly Word[];
};

/** `docker run …`, or a line that ends in one. @throws RangeError for any other */
export function readRun(line: string, home: string): RunLine {
  const words = wordsOf(line.slice(Math.max(line.indexOf("docker run "), 0)), { PWD: home, HOME: home });
  const flags = new Map<string, Word[]>();
  const add = (key: string, word: Word): void => void flags.set(key, [...(flags.get(key) ?? []), word]);
  let at = 2;
  for (let word = words[at]; word?.text.startsWith("--"); word = words[at]) {
    const [, key = "", value] = /^--([^=]+)(?:=(.*))?$/s.exec(word.text) ?? [];
    if (value !== undefined) add(key, { text: value, live: word.live });
    else if (SWITCHES.has(key)) add(key, { text: "true", live: false });
    else add(key, words[(at += 1)] ?? { text: "", live: false });
    at += 1;
  }
  const image = words[at]?.text;
  if (words[1]?.text !== "run" || image === undefined) throw new RangeError("no docker run");
  return { name: flags.get("name")?.[0]?.text ?? "", flags, image, command: words.slice(at + 1) };
}

/** `KEY=value` of such flags; a later one counts. */
export function pairsOf(run: RunLine, flag: string): ReadonlyMap<string, Word> {
  const pairs = new Map<string, Word>();
  for (const { text, live } of run.flags.get(flag) ?? []) {
    const equals = text.indexOf("=");
    if (equals === -1) pairs.set(text, { text: "", live });
    else pairs.set(text.slice(0, equals), { text: text.slice(equals + 1), live });
  }
  return pairs;
}
