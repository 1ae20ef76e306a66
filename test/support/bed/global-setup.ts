/** For vitest: after a run, takes down the bed of servers if one of its files has brought it up. Starts nothing itself. */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { takeBed } from "../../bed/bed-lock.ts";
import { down } from "../../bed/lifecycle.ts";
import { RUN_VARIABLE, STARTED_BY } from "./servers.ts";

export function setup(): void {
  process.env[RUN_VARIABLE] = randomUUID();
}

export async function teardown(): Promise<void> {
  if (!existsSync(STARTED_BY) || readFileSync(STARTED_BY, "utf8") !== process.env[RUN_VARIABLE]) return;
  const giveBack = await takeBed();
  try {
    await down();
  } finally {
    giveBack();
  }
}
