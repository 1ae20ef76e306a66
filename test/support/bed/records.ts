/** What the recorder of a server wrote: every command that came over SSH, byte for byte, and how it ended. */
import { existsSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { recordsFolder } from "../../bed/layout.ts";

export type RecordedCommand = {
  readonly atMs: number;
  readonly user: string;
  readonly tty: boolean;
  /** Client's address and port, server's address and port: one for each connection. */
  readonly connection: string;
  /** Undefined for a shell without a command. */
  readonly bytes: Buffer | undefined;
  readonly text: string;
  /** Undefined while it runs, null when a signal ended it. */
  readonly exitCode: number | null | undefined;
};

type Line = {
  id: string;
  atMs: number;
  user?: string;
  tty?: boolean;
  connection?: string;
  command?: string | null;
  exitCode?: number | null;
};

/** In the order of their starts. */
export function recordedCommands(server: string): RecordedCommand[] {
  const file = join(recordsFolder(server), "commands.jsonl");
  if (!existsSync(file)) return [];
  const started = new Map<string, Line>();
  const ended = new Map<string, number | null>();
  for (const text of readFileSync(file, "utf8").split("\n").filter(Boolean)) {
    const line = JSON.parse(text) as Line;
    if (line.user === undefined) ended.set(line.id, line.exitCode ?? null);
    else started.set(line.id, line);
  }
  return [...started].map(([id, line]) => {
    const bytes = typeof line.command === "string" ? Buffer.from(line.command, "hex") : undefined;
    return {
      atMs: line.atMs,
      user: line.user ?? "",
      tty: line.tty ?? false,
      connection: line.connection ?? "",
      bytes,
      text: bytes?.toString() ?? "",
      exitCode: ended.get(id),
    };
  });
}

export function forgetCommands(server: string): void {
  const file = join(recordsFolder(server), "commands.jsonl");
  if (existsSync(file)) truncateSync(file);
}
