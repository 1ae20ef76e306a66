/** What the stand-ins for password managers' programs share: state in a folder, a record of calls, strict options, and ways to fail. */
import { appendFileSync, readFileSync, readSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const folder = process.env.KDEPLOY_STAND_INS;
const name = basename(process.argv[1], ".mjs");
const file = join(folder, `${name}.json`);

export const args = process.argv.slice(2);
export const state = JSON.parse(readFileSync(file, "utf8"));

export function save() {
  writeFileSync(file, JSON.stringify(state));
}

export function print(value) {
  process.stdout.write(typeof value === "string" ? value : `${JSON.stringify(value, null, 2)}\n`);
}

/** Ends with its words on stderr, as a program does that cannot go on. */
export function fail(message, code = 1) {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

export function usage() {
  fail(`${name}: what is ${args.join(" ")}?\nUsage: ${name} COMMAND`);
}

/** Options with a value and without; anything else that begins with a dash is a mistake. */
export function parse(words, valued, plain = []) {
  const options = {};
  const rest = [];
  for (let at = 0; at < words.length; at++) {
    const [option, inline] = words[at].startsWith("--") ? split(words[at]) : [words[at]];
    if (plain.includes(option)) options[option] = true;
    else if (valued.includes(option)) {
      const value = inline ?? words[++at];
      if (value === undefined) usage();
      options[option] = options[option] === undefined ? value : [options[option], value].flat();
    } else if (option.startsWith("-")) usage();
    else rest.push(words[at]);
  }
  return { options, rest };
}

function split(word) {
  const at = word.indexOf("=");
  return at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

/** Asks on stderr, as these programs do; the answer is one line of stdin, and not a byte of what follows. */
export async function ask(prompt) {
  process.stderr.write(prompt);
  const byte = Buffer.alloc(1);
  let answer = "";
  for (;;) {
    try {
      if (readSync(0, byte) === 0 || byte[0] === 10) return answer;
      answer += byte.toString();
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      await sleep(5);
    }
  }
}

/** Every call is recorded, with the variables that matter, before it does anything. */
appendFileSync(
  join(folder, "calls.jsonl"),
  `${JSON.stringify({
    program: name,
    args,
    env: Object.fromEntries(Object.entries(process.env).filter(([key]) => /^(OP_|BW|DOPPLER_|KAMAL_)/.test(key))),
    atMs: Date.now(),
  })}\n`,
);

const { trouble } = state;
if (trouble !== undefined && args.join(" ").startsWith(trouble.call)) {
  if (trouble.kind === "garbage") {
    print("sentinel-in-garbage {");
    process.exit(0);
  }
  if (trouble.kind === "list") {
    print(["sentinel-in-garbage"]);
    process.exit(0);
  }
  if (trouble.kind === "latin1") {
    process.stdout.write(Buffer.from('{"value":"caf\xe9"}', "latin1"));
    process.exit(0);
  }
  if (trouble.kind === "huge") {
    for (;;) if (!process.stdout.write("x".repeat(65_536))) await sleep(1);
  }
  if (trouble.kind === "slow") await sleep(60_000);
  if (trouble.kind === "error") fail(trouble.message);
}
