/** A directory of one test's own, gone with it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Short, because socket paths must be. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "kd-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
