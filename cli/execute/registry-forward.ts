/**
 * A registry on this machine within reach of servers: hosts and what is to be done meanwhile in; as long as it takes, the
 * registry's port on each host leads here.
 */
import type { Registry } from "../config/config.ts";
import type { BackForward } from "./host.ts";
import { HostError } from "./host-error.ts";
import { inStep } from "./in-step.ts";
import { onHosts } from "./on-hosts.ts";
import { throwIfCancelled } from "./pause.ts";
import type { RunState } from "./run-state.ts";
import { settledWithin } from "./spawned-command.ts";
import type { Work } from "./work.ts";

/** One port of one host, for all who want it at a time. */
type Opening = { users: number; readonly forward: Promise<BackForward>; closed: Promise<unknown> };

const OPENINGS = new WeakMap<RunState, Map<string, Opening>>();

/**
 * Only performs for a registry elsewhere. What is open already for the same run is shared, so calls may be nested and run side
 * by side; whoever is last closes it, whatever happened.
 * @throws HostError `forward-refused` and its like, MultiHostError; what `perform` throws
 */
export async function withRegistryForward<Result>(
  work: Work,
  hosts: readonly string[],
  perform: () => Promise<Result>,
  registry: Registry = work.config.registry,
): Promise<Result> {
  const { localPort } = registry;
  if (localPort === undefined || hosts.length === 0) return perform();
  const taken = new Map<string, Opening>();
  const takeAll = async (): Promise<void> => {
    await onHosts(work, hosts, async (host) => {
      const opening = take(work, host, localPort);
      taken.set(host, opening);
      await inTime(work, host, localPort, opening.forward);
    });
  };
  try {
    const areOpen = hosts.every((host) => openingOf(work, host, localPort) !== undefined);
    if (areOpen) await takeAll();
    else await inStep(work, `Let port ${localPort} lead to the registry here`, hosts, takeAll);
    return await perform();
  } finally {
    await Promise.all([...taken].map(([host, opening]) => give(work, host, localPort, opening)));
  }
}

function openingsOf({ state }: Work): Map<string, Opening> {
  const known = OPENINGS.get(state) ?? new Map<string, Opening>();
  OPENINGS.set(state, known);
  return known;
}

function take(work: Work, host: string, port: number): Opening {
  throwIfCancelled(work.signal);
  const known = openingOf(work, host, port);
  if (known !== undefined) {
    known.users += 1;
    return known;
  }
  const openings = openingsOf(work);
  const key = keyOf(host, port);
  // The port is free when the one before has let it go.
  const free = openings.get(key)?.closed ?? Promise.resolve();
  const forward = free.then(() => open(work, host, port));
  forward.catch(() => {});
  const opening = { users: 1, forward, closed: Promise.resolve() };
  openings.set(key, opening);
  return opening;
}

async function open(work: Work, host: string, port: number): Promise<BackForward> {
  if (!work.dryRun) return work.host(host).forwardBack({ remotePort: port, localPort: port });
  const text = `would let port ${port} of ${host} lead to the registry here`;
  work.report({ event: "said", kind: "progress", text, host });
  return { close: async () => {} };
}

/** One that is in use. */
function openingOf(work: Work, host: string, port: number): Opening | undefined {
  const known = openingsOf(work).get(keyOf(host, port));
  return known !== undefined && known.users > 0 ? known : undefined;
}

function keyOf(host: string, port: number): string {
  return `${host} ${port}`;
}

async function give(work: Work, host: string, port: number, opening: Opening): Promise<void> {
  opening.users -= 1;
  if (opening.users > 0) return;
  const openings = openingsOf(work);
  const key = keyOf(host, port);
  // One that comes up later, when nobody waits for it any more, is closed then.
  opening.closed = opening.forward
    .then((forward) => forward.close())
    .catch(() => {})
    .finally(() => {
      if (openings.get(key) === opening) openings.delete(key);
    });
  await settledWithin(opening.closed, work.state.limits.forwardCloseMs);
}

async function inTime(work: Work, host: string, port: number, forward: Promise<BackForward>): Promise<void> {
  const { forwardOpenMs } = work.state.limits;
  const gaveUp = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const seconds = forwardOpenMs / 1000;
    const text = `${host} has not let its port ${port} lead to the registry on this machine within ${seconds} s.`;
    gaveUp.reject(new HostError(host, "forward-refused", "timeout", text));
  }, forwardOpenMs);
  const abort = (): void => {
    try {
      throwIfCancelled(work.signal);
    } catch (error) {
      gaveUp.reject(error);
    }
  };
  work.signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([forward, gaveUp.promise]);
  } finally {
    clearTimeout(timer);
    work.signal.removeEventListener("abort", abort);
  }
}
