/** What people ask to see of hosts: a question for each in, the answers told in the order of the hosts out. */
import { onHosts } from "../on-hosts.ts";
import { type CommandOptions, runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";

/** Of one command's output, for people to read or a shell to redirect; what is beyond is left out of its middle, and said so. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export const APP_HOST = "App Host";
export const PROXY_HOST = "Proxy Host";

/** Hands in one answer; a host may have several. */
export type Tell = (text: string) => void;

/**
 * All hosts at a time; each is told of as soon as those before it are done.
 * @throws as `onHosts`, when what could be had has been told
 */
export async function tellHosts(
  work: Work,
  title: string,
  hosts: readonly string[],
  ask: (host: string, tell: Tell) => Promise<void>,
): Promise<void> {
  const answers = new Map(hosts.map((host) => [host, [] as string[]]));
  const waiting = [...answers.keys()];
  const done = new Set<string>();
  const tellDone = (): void => {
    for (let host = waiting[0]; host !== undefined && done.has(host); host = waiting[0]) {
      for (const text of answers.get(host) ?? []) work.report({ event: "host-output", title, host, text });
      waiting.shift();
    }
  };
  await onHosts(work, [...answers.keys()], async (host) => {
    try {
      await ask(host, (text) => answers.get(host)?.push(work.redactor.redact(text)));
    } finally {
      done.add(host);
      tellDone();
    }
  });
}

/** The output of a line that changes nothing. @throws CommandError unless tolerated */
export async function answer(
  work: Work,
  host: string,
  line: string,
  options: Pick<CommandOptions, "tolerate" | "level"> = {},
): Promise<string> {
  const { stdout } = await runCommand(work, host, line, { ...options, reads: true, keepBytes: MAX_ANSWER_BYTES });
  return stdout.trimEnd();
}
