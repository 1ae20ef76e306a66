/** The secrets files of a destination → secrets by name. Read on first need, once. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { KdeployError } from "../errors.ts";
import { parseDotenv } from "./dotenv.ts";
import { expandVariables, splitAtCommands, splitWords } from "./expansion.ts";
import { SECRET_LIMITS } from "./limits.ts";
import type { Redactor } from "./redactor.ts";
import { Secret } from "./secret.ts";
import type { RunCommand } from "./shell-command.ts";

/** `$(kdeploy secrets …)` and `$(kamal secrets …)`: the words after `secrets` → what the command would print. */
export type RunSecretsCommand = (
  words: readonly string[],
  given: Pick<SecretsOptions, "env" | "redactor">,
) => Promise<string>;

export interface SecretsOptions {
  /** Path without `-common` and `.DESTINATION`, relative to `cwd`. */
  readonly path: string;
  readonly destination: string | undefined;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly redactor: Redactor;
  readonly run: RunCommand;
  readonly runSecretsCommand: RunSecretsCommand;
  /** What fetching commands say on stderr while they run. */
  readonly onStderr?: ((text: string) => void) | undefined;
  /** Ends commands that run. */
  readonly signal?: AbortSignal | undefined;
}

/** `get` and `all` may be called at any time and together: the files are read, and their commands run, once. */
export class SecretsFiles {
  readonly #options: SecretsOptions;
  #reading: Promise<ReadFiles> | undefined;

  constructor(options: SecretsOptions) {
    this.#options = options;
  }

  /** The files that may hold secrets, later ones win. With a destination the plain file is not read. */
  get paths(): readonly string[] {
    const { path, destination } = this.#options;
    return [`${path}-common`, destination === undefined ? path : `${path}.${destination}`];
  }

  /** Throws KdeployError `secret-not-found`. */
  async get(name: string): Promise<Secret> {
    const secret = await this.find(name);
    if (secret !== undefined) return secret;
    const { present } = await this.#read();
    const message =
      present.length > 0
        ? `secret '${name}' not found in ${present.join(", ")}`
        : `secret '${name}' not found: no secret files (${this.paths.join(", ")}) provided`;
    throw new KdeployError("secret-not-found", message, {
      exitClass: "secret",
      hint: `add a line ${name}=… to ${this.paths.at(-1)}`,
    });
  }

  /** Undefined when no file has it. */
  async find(name: string): Promise<Secret | undefined> {
    return (await this.#read()).secrets.get(name);
  }

  /** Every secret by name, for hooks. */
  async all(): Promise<ReadonlyMap<string, Secret>> {
    return (await this.#read()).secrets;
  }

  #read(): Promise<ReadFiles> {
    this.#reading ??= readFiles(this.paths, this.#options);
    return this.#reading;
  }
}

interface ReadFiles {
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly present: readonly string[];
}

async function readFiles(paths: readonly string[], options: SecretsOptions): Promise<ReadFiles> {
  const values = new Map<string, string>();
  const secrets = new Map<string, Secret>();
  const present: string[] = [];
  for (const path of paths) {
    const content = await contentOf(path, options.cwd);
    if (content === undefined) continue;
    present.push(path);
    for (const entry of parseDotenv(content, path, options.env["DOTENV_LINEBREAK_MODE"] === "legacy")) {
      const value = entry.expands
        ? await expand(entry.value, values, `${path}:${entry.line} ${entry.key}`, options)
        : entry.value;
      checkValue(value, `${path}:${entry.line} ${entry.key}`);
      const secret = new Secret(value);
      // Before anybody can see it, and each value of a key given twice: the first may be part of another.
      options.redactor.add(secret);
      values.set(entry.key, value);
      secrets.set(entry.key, secret);
    }
  }
  return { secrets, present };
}

async function contentOf(path: string, cwd: string): Promise<string | undefined> {
  const bytes = await readFile(resolve(cwd, path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw unreadable(`${path} cannot be read: ${error.message}`);
  });
  if (bytes === undefined) return undefined;
  if (bytes.length > SECRET_LIMITS.maxFileBytes)
    throw unreadable(`${path} is larger than ${SECRET_LIMITS.maxFileBytes} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw unreadable(`${path} is not UTF-8 text`);
  }
}

async function expand(
  value: string,
  known: ReadonlyMap<string, string>,
  where: string,
  options: SecretsOptions,
): Promise<string> {
  const lookUp = (name: string) => known.get(name) ?? options.env[name];
  let expanded = "";
  for (const piece of splitAtCommands(value)) {
    if ("text" in piece) expanded += expandVariables(piece.text, lookUp);
    else expanded += await outputOf(piece.command, expandVariables(piece.command, lookUp), where, options);
  }
  return expanded;
}

/** `written` is what errors show: the expanded command may hold secrets. One line break at the end is not part of the value. */
async function outputOf(written: string, command: string, where: string, options: SecretsOptions): Promise<string> {
  const { cwd, env, onStderr, signal } = options;
  const ours = /^\s*(?:kamal|kdeploy)\s+secrets\s+/.exec(command);
  try {
    const output = ours
      ? await options.runSecretsCommand(splitWords(command.slice(ours[0].length)), options)
      : await options.run(command, { cwd, env, onStderr, signal });
    return output.replace(/\r?\n$/, "");
  } catch (error) {
    // Whoever stopped it wants to hear nothing of failed commands.
    if (signal?.aborted === true) throw new KdeployError("cancelled", "interrupted", { exitClass: "interrupted" });
    // The error itself is not handed on as a cause: nobody would redact it.
    const why = error instanceof Error ? error.message : String(error);
    throw new KdeployError("secret-command-failed", options.redactor.redact(`${where}: command $(${written}) ${why}`), {
      exitClass: "secret",
      hint: "run the command in a shell to see what it needs; a command that may fail can end in || true",
    });
  }
}

function checkValue(value: string, where: string): void {
  if (value.includes("\0")) throw unreadable(`${where} holds a NUL character, which no variable can carry`);
  if (Buffer.byteLength(value) > SECRET_LIMITS.maxValueBytes) {
    throw unreadable(`${where} is larger than ${SECRET_LIMITS.maxValueBytes} bytes`);
  }
}

function unreadable(message: string): KdeployError {
  return new KdeployError("secrets-unreadable", message, { exitClass: "secret" });
}
