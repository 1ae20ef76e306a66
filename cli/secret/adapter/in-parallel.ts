/** Work on each of many → all results, in the order of the items; some at a time, and none after the first failure. */

export async function inParallel<Item, Result>(
  items: readonly Item[],
  limit: number,
  perform: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...items.entries()];
  let stopped = false;
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !stopped; next = waiting.shift()) {
      const [at, item] = next;
      try {
        results[at] = await perform(item);
      } catch (error) {
        stopped = true;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.min(limit, items.length) }, worker);
  // What was begun ends before the failure is told: no program is left running.
  await Promise.allSettled(workers);
  await Promise.all(workers);
  return results;
}
