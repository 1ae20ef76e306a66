/** Secrets that are like no other text: made anew for each run, and found in any form that a log or a header would carry them. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";

const WATCHER = join(import.meta.dirname, "programs/watch-command-lines.mjs");

/** `sentinel-NAME-` and letters that stand nowhere else. */
export function sentinel(name: string): string {
  return `sentinel-${name}-${randomBytes(8).toString("hex")}`;
}

/** As it is, in hexadecimal, and within any base64. */
export function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const encoded = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      // The characters at both ends depend on the neighbours.
      .slice(4, -4),
  );
  return [text, bytes.toString("hex"), ...encoded];
}

/** `place: name of the secret` for each that is somewhere. */
export function leaks(
  places: Readonly<Record<string, string>>,
  secrets: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.entries(places).flatMap(([place, text]) =>
    Object.entries(secrets)
      .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
      .map(([name]) => `${place}: ${name}`),
  );
}

export type Watch = { readonly looks: number; readonly seen: readonly string[] };

/** Command lines of this machine's processes, and of those in its containers, from now until `stop`. */
export class CommandLineWatch {
  readonly #child: ChildProcess;
  #output = "";

  constructor(secrets: readonly string[]) {
    this.#child = spawn(process.execPath, [WATCHER], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
    // Not as arguments: it would see itself.
    this.#child.stdin?.write(`${JSON.stringify(secrets.flatMap(formsOf))}\n`);
  }

  async stop(): Promise<Watch> {
    const closed = once(this.#child, "close");
    this.#child.stdin?.end();
    await closed;
    return JSON.parse(this.#output) as Watch;
  }
}
