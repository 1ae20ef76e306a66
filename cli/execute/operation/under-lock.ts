/** How every change of the everyday commands begins: the hook before the first connection, then the deploy lock. */
import { runPreConnectHook } from "../job/run-hook.ts";
import { withLock } from "../job/with-lock.ts";
import type { Work } from "../work.ts";

/** @throws as `withLock` */
export async function underLock<Result>(work: Work, perform: (locked: Work) => Promise<Result>): Promise<Result> {
  await runPreConnectHook(work);
  return withLock(work, perform);
}
