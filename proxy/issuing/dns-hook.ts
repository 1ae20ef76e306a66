/** The program that puts TXT records into somebody's DNS: run to present one, and always run to take it back. */
import { spawn } from "node:child_process";
import { ISSUING_LIMITS } from "../limits.ts";
import type { Conversation } from "./conversation.ts";
import { IssueFailure, MAX_DETAIL_LENGTH, oneLine } from "./failure.ts";

/** `domain` is the name that is checked, without `*.`. */
export type TxtRecord = { readonly name: string; readonly value: string; readonly domain: string };
type Action = "present" | "cleanup";

/** For what a hook said just before it ended to arrive. */
const LAST_WORDS_MS = 500;

/** @throws IssueFailure `dns-hook`, or what `use` throws; a failure to clean up is only said. */
export async function withRecord(
  hook: string,
  record: TxtRecord,
  conversation: Conversation,
  signal: AbortSignal,
  use: () => Promise<void>,
): Promise<void> {
  if (hook === "") throw new IssueFailure("dns-hook", `${record.domain} is to be checked by DNS, and no hook is set`);
  await conversation.step(`running ${hook} present ${record.name}`);
  try {
    await runHook(hook, "present", record, ISSUING_LIMITS.dnsHookTimeoutMs, signal);
    await use();
  } finally {
    // The job's signal may be what brought us here; taking back has its own time.
    const limitMs = signal.aborted ? ISSUING_LIMITS.dnsCleanupTimeoutMs : ISSUING_LIMITS.dnsHookTimeoutMs;
    await runHook(hook, "cleanup", record, limitMs).catch((error: unknown) =>
      conversation.step(`the record ${record.name} is left behind: ${(error as Error).message}`),
    );
  }
}

async function runHook(
  hook: string,
  action: Action,
  record: TxtRecord,
  limitMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const child = spawn(hook, [action, record.name, record.value], {
    // A group of its own, so that what the hook has started ends with it.
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      ACME_ACTION: action,
      ACME_RECORD_NAME: record.name,
      ACME_RECORD_VALUE: record.value,
      ACME_DOMAIN: record.domain,
    },
  });
  let words = Buffer.alloc(0);
  child.stderr.on("data", (chunk: Buffer) => {
    words = Buffer.concat([words, chunk]).subarray(-ISSUING_LIMITS.maxStderrBytes);
  });
  child.on("error", (error) => resolve(`cannot be run: ${error.message}`));
  child.on("exit", (code, killedBy) => {
    const end = code === null ? `was ended by ${killedBy}` : `exited with ${code}`;
    if (code === 0) return resolve(undefined);
    // Its last words may be in the pipe still; a program that it left behind may hold the pipe open for ever.
    child.on("close", () => resolve(end));
    setTimeout(() => resolve(end), LAST_WORDS_MS).unref();
  });
  const kill = (): void => {
    resolve(`did not end within ${limitMs / 1000}s`);
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended in this very moment.
    }
  };
  const timer = setTimeout(kill, limitMs);
  if (signal?.aborted) kill();
  signal?.addEventListener("abort", kill, { once: true });
  const problem = await promise;
  clearTimeout(timer);
  signal?.removeEventListener("abort", kill);
  child.stderr.destroy();
  if (problem === undefined) return;
  signal?.throwIfAborted();
  const tail = oneLine(words.toString().slice(-MAX_DETAIL_LENGTH));
  throw new IssueFailure("dns-hook", `${hook} ${action} ${record.name} ${problem}${tail === "" ? "" : `: ${tail}`}`);
}
