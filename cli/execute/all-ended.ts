/** Several pieces of work that go on at a time → what came of each; or the first failure, once all of them have come to their end. */

/** What is undone after a failure must not still be going on: so nothing is left running. @throws what the first in order throws */
export async function allEnded<const Work extends readonly Promise<unknown>[]>(
  all: Work,
): Promise<{ -readonly [At in keyof Work]: Awaited<Work[At]> }> {
  const results = await Promise.allSettled(all);
  for (const result of results) if (result.status === "rejected") throw result.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as {
    -readonly [At in keyof Work]: Awaited<Work[At]>;
  };
}
