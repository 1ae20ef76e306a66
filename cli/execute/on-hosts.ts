/** The same work on several hosts at a time: hosts and what to do on each in, what came of it by host out. */
import { KdeployError } from "../errors.ts";
import { throwIfCancelled } from "./pause.ts";
import type { Work } from "./work.ts";
import { type HostFailure, isCancelled, MultiHostError } from "./work-error.ts";

/**
 * Every host comes to its end, whatever happens on the others; then one failure is thrown as it is, several as one.
 * @throws MultiHostError; the failure of the only host that failed
 */
export async function onHosts<Result>(
  work: Work,
  hosts: readonly string[],
  perform: (host: string) => Promise<Result>,
): Promise<ReadonlyMap<string, Result>> {
  const { results, failures } = await settleOnHosts(work, hosts, perform);
  throwFailures(work, failures);
  return results;
}

/** The same, with failures returned. Only failures that are no error for people are thrown. */
export async function settleOnHosts<Result>(
  work: Work,
  hosts: readonly string[],
  perform: (host: string) => Promise<Result>,
): Promise<{ results: ReadonlyMap<string, Result>; failures: readonly HostFailure[] }> {
  const results = new Map<string, Result>();
  const failures: HostFailure[] = [];
  const bugs: unknown[] = [];
  const waiting = [...hosts];
  const workOff = async (): Promise<void> => {
    for (let host = waiting.shift(); host !== undefined; host = waiting.shift()) {
      try {
        results.set(host, await perform(host));
      } catch (error) {
        if (error instanceof KdeployError) failures.push({ host, error });
        else bugs.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(hosts.length, work.state.limits.maxHostsAtOnce) }, workOff));
  if (bugs.length > 0) throw bugs[0];
  return { results, failures };
}

/** Does nothing without failures. When the run was cancelled, what the hosts say of it is no news. */
export function throwFailures(work: Work, failures: readonly HostFailure[]): void {
  const real = failures.filter(({ error }) => !isCancelled(error));
  const [first] = real.length > 0 ? real : failures;
  if (first === undefined) return;
  if (real.length === 0) throwIfCancelled(work.signal);
  throw real.length > 1 ? new MultiHostError(real) : first.error;
}
