/** A line in the audit log of a host: what is being done there, and by whom. */
import { record } from "../remote/audit.ts";
import { runCommand } from "./run-command.ts";
import type { Work } from "./work.ts";

/** What is recorded must not be kept from being done: a line that cannot be written is left out. */
export async function audit(work: Work, host: string, message: string, role?: string): Promise<void> {
  const time = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  await runCommand(work, host, record(work.config, { time, performer: work.performer, role, message }), {
    level: "debug",
    tolerate: true,
  });
}
